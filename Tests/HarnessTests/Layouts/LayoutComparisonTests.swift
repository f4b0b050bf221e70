import Foundation
import SystemPackage
import Testing

@testable import Harness

/// The worked example in docs/struct-layouts.md, and variants of the example with mistakes.
@Suite("A struct layout comparison") struct LayoutComparisonTests {
  private static let example = Checkout.root.appending("Tests/Layouts")

  /// Compares the layouts in the example after some changes, each of which replaces text in one of the files.
  private func compared(_ changes: [(file: String, of: String, with: String)]) async throws -> LayoutComparison {
    let folder = FileManager.default.temporaryDirectory.appending(path: "layouts-\(UUID().uuidString)")
    try FileManager.default.copyItem(atPath: Self.example.string, toPath: folder.path)
    defer { try? FileManager.default.removeItem(at: folder) }
    for change in changes {
      let file = folder.appending(path: change.file)
      let text = try String(contentsOf: file, encoding: .utf8)
      try #require(text.contains(change.of), "\(change.file) has no '\(change.of)'")
      try text.replacing(change.of, with: change.with).write(to: file, atomically: true, encoding: .utf8)
    }
    return try await onThread {
      try LayoutComparison(LayoutFile(at: folder.appending(path: "layout.yaml").path, as: "layout.yaml"))
    }
  }

  @Test("of the example finds the same layout, and explains padding and atomics") func same() async throws {
    let comparison = try await compared([])
    #expect(comparison.isSame)
    let entry = try #require(comparison.structs.first)
    #expect(entry.columns.map(\.layout.size) == [40, 40] && entry.columns.map(\.layout.alignment) == [8, 8])
    #expect(
      entry.columns.map { $0.layout.fields.map { $0?.offset } } == [
        [0, 4, 8, 16, 24, 28, 36], [0, 4, 8, 16, 24, 28, nil],
      ])
    #expect(entry.columns[0].layout.fields.map { $0?.isAtomic } == [true] + Array(repeating: false, count: 6))
    #expect(entry.notes.contains { $0.contains("'state' is atomic in C") && $0.hasSuffix("at offset 0") })
    #expect(entry.notes.contains { $0.contains("MemoryLayout.size is 36") && $0.hasSuffix("which is 40") })
    #expect(try comparison.text(.console)?.contains("the same layout") == true)
  }

  struct Mistake: Sendable, CustomTestStringConvertible {
    let file: String
    let of: String
    let with: String
    let compiler: String
    let field: String?
    let text: String
    var testDescription: String { "\(with) instead of \(of)" }
  }

  private static func inSwift(_ of: String, _ with: String, _ field: String?, _ text: String) -> Mistake {
    Mistake(file: "Sample.swift", of: of, with: with, compiler: "Swift", field: field, text: text)
  }

  @Test(
    "finds a mistake, and explains it",
    arguments: [
      inSwift(
        "sensor: Int32", "sensor: Int", "sensor", "it has 8 bytes, not 4: Int has the width of a pointer; use Int32"),
      inSwift(
        "quality: UInt32", "quality: Bool", "quality", "it has 1 byte, not 4: a Swift Bool has one byte; use UInt32"),
      inSwift(
        "quality: UInt32", "quality: Quality; enum Quality { case good, poor }", "quality",
        "it has 1 byte, not 4: a Swift enumeration has only the bytes that its cases need; use UInt32"),
      inSwift("sensor: Int32", "sensor: UInt32", "sensor", "int is signed and UInt32 is unsigned"),
      inSwift("time: Int64", "time: Double", "time", "long is signed and Double is floating"),
      inSwift("value: Double", "value: Float", "value", "it has 4 bytes, not 8"),
      inSwift(
        "  var sensor: Int32\n  var time: Int64\n", "  var time: Int64\n  var sensor: Int32\n", "sensor",
        "its offset is 16, not 4"),
      inSwift(
        "var quality: UInt32", "var more: UInt32; var quality: UInt32", nil,
        "the bytes from 24 to 27 have no field in the file"),
      Mistake(
        file: "layout.yaml", of: "time, ", with: "", compiler: "cc", field: nil,
        text: "the bytes from 8 to 15 have no field in the file"),
      Mistake(
        file: "sample.h", of: "int64_t time;",
        with: "int64_t time __attribute__((packed)); uint8_t flag __attribute__((packed));",
        compiler: "cc", field: nil, text: "have no field in the file"),
      Mistake(
        file: "sample.h", of: "};\n\nstruct sample {",
        with: "};\n\nstruct __attribute__((packed)) sample { uint8_t version;",
        compiler: "cc", field: "state", text: "its offset 1 is not a multiple of its size"),
      Mistake(
        file: "sample.h", of: "struct sample {", with: "struct __attribute__((aligned(64))) sample {",
        compiler: "Swift",
        field: nil, text: "the alignment is 8, not 64"),
    ])
  func mistakes(mistake: Mistake) async throws {
    let comparison = try await compared([(mistake.file, mistake.of, mistake.with)])
    #expect(!comparison.isSame)
    let found = comparison.structs.flatMap(\.differences)
    #expect(
      found.contains { $0.compiler == mistake.compiler && $0.field == mistake.field && $0.text.contains(mistake.text) },
      "\(found.map(\.text))")
  }

  @Test("groups the offsets that one field shifts") func consequences() async throws {
    let comparison = try await compared([("Sample.swift", "time: Int64", "time: (Int64, Int64)")])
    let texts = comparison.structs[0].differences.map(\.text)
    #expect(texts.count == 2)
    #expect(texts.last == "these follow from 'time': 'value', 'quality', 'unit', the size")
  }

  @Test("reports padding inside a struct in a note, and no difference") func padding() async throws {
    let comparison = try await compared([
      ("sample.h", "int32_t sensor;\n  int64_t time", "int64_t time"),
      ("Sample.swift", "  var sensor: Int32\n", ""), ("layout.yaml", "sensor, ", ""),
    ])
    #expect(comparison.isSame)
    #expect(comparison.structs[0].notes.contains { $0.hasPrefix("the bytes from 4 to 7 are padding") })
  }

  @Test("compares compilers without Swift", .enabled(if: MachineFacts.current.architecture == "x86_64"))
  func compilers() async throws {
    let header = "struct sample { long count; _Atomic unsigned long long total; };"
    let comparison = try await compared([
      ("layout.yaml", "swift: [Sample.swift]\n", ""), ("layout.yaml", "    swift: Sample\n", ""),
      ("layout.yaml", "[cc]", "[cc, cc -m32 -march=i386]"),
      ("layout.yaml", "state, sensor, time, value, quality, unit, reserved: \"\"", "count, total"),
      ("sample.h", try String(contentsOfFile: Self.example.appending("sample.h").string, encoding: .utf8), header),
    ])
    let found = comparison.structs[0].differences
    #expect(found.contains { $0.field == "count" && $0.text.contains("long has a different width in this ABI") })
    #expect(found.contains { $0.field == "total" && $0.text.hasPrefix("it is not lock-free") })
    #expect(found.allSatisfy { $0.compiler == "cc -m32 -march=i386" })
  }

  @Test(
    "reports an error in a file that it names",
    arguments: [
      (
        "sample.h", "int32_t sensor;", "int31_t sensor;", "layout.yaml: sample.h does not compile with 'cc': ",
        "int31_t"
      ),
      ("layout.yaml", "sample.h", "simple.h", "layout.yaml: simple.h does not compile with 'cc': ", "No such file"),
      ("layout.yaml", "time", "tine", "layout.yaml:7: cc: ", "no member named 'tine'"),
      ("layout.yaml", "struct sample", "struct simple", "layout.yaml:5: cc: ", "simple"),
      ("layout.yaml", "unit,", "unit: units,", "layout.yaml:7: swiftc: ", "no member 'units'"),
      (
        "Sample.swift", "var time: Int64", "var time: Int64 { 0 }", "layout.yaml:7: 'time' is not a stored property",
        "of Sample"
      ),
      (
        "Sample.swift", "var time: Int64", "var time: Int65", "layout.yaml: swiftc: ",
        "Sample.swift:5: cannot find type 'Int65'"
      ),
      ("layout.yaml", "[cc]", "[cc, /no/cc]", "there is no compiler '/no/cc'", "install it"),
      ("layout.yaml", "[cc]", "[/bin/true]", "'/bin/true' does not write assembly", "with -S"),
    ])
  func errors(file: String, of: String, with: String, start: String, end: String) async throws {
    let error = await #expect(throws: RunError.self) { try await compared([(file, of, with)]) }
    let text = error?.description ?? ""
    #expect(text.hasPrefix(start) && text.contains(end), "\(text)")
  }

  @Test(
    "reports an error in its file",
    arguments: [
      ("structs:", "types:", "layout.yaml:4:1: the file has no key 'types'"),
      ("c: struct sample", "c: 'struct sample; int x'", "layout.yaml:5:9: 'struct sample; int x' is not a C type"),
      ("sensor,", "'a b',", "'a b' is not a field"),
      ("[cc]", "[no-such-compiler]", "no directory of PATH has the program 'no-such-compiler'"),
      ("swift: [Sample.swift]", "swift: []", "nothing can be compared"),
    ])
  func fileErrors(of: String, with: String, text: String) async throws {
    let error = await #expect(throws: FixtureErrors.self) { try await compared([("layout.yaml", of, with)]) }
    #expect(error?.description.contains(text) == true, "\(error?.description ?? "")")
  }

  @Test("rejects a source file in place of a YAML file", arguments: ["job.h", "job.c", "Job.swift"])
  func sourceFile(name: String) {
    let error = #expect(throws: FixtureErrors.self) { try LayoutFile(at: "/nowhere/\(name)", as: name) }
    let text = error?.description ?? ""
    #expect(text.hasPrefix(name) && text.contains("name it in a YAML file: see docs/struct-layouts.md"), "\(text)")
  }

  @Test("of the example matches the documentation, and the command exits with 0 or 1") func documented()
    async throws
  {
    let page = try String(contentsOfFile: Checkout.root.appending("docs/struct-layouts.md").string, encoding: .utf8)
    for name in ["sample.h", "Sample.swift", "layout.yaml"] {
      let text = try String(contentsOfFile: Self.example.appending(name).string, encoding: .utf8)
      #expect(page.contains(text), "the page does not show \(name)")
    }
    let command = try CommandRun(
      root: Checkout.root, command: ["abi", Self.example.appending("layout.yaml").string])
    #expect(try command.end() == 0)
    let shown = command.lines.joined(separator: "\n")
    #expect(page.contains(shown), "the page shows another output than:\n\(shown)")
  }
}
