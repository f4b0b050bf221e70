import Foundation
import SystemPackage
import Testing

@testable import Harness

/// The bytes of an invalid scenario file, and the errors that the loader must report.
struct NoScenario: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let bytes: [UInt8]
  let diagnostics: [String]

  init(_ description: String, _ text: String, _ diagnostics: String...) {
    self.init(description, bytes: Array(text.utf8), diagnostics)
  }

  init(_ description: String, bytes: [UInt8], _ diagnostics: [String]) {
    testDescription = description
    self.bytes = bytes
    self.diagnostics = diagnostics
  }
}

@Suite("The loader, given files with arbitrary content")
struct LoaderFileTests {
  static func diagnostics(_ bytes: [UInt8]) -> [Diagnostic] {
    do {
      _ = try Checkout.load(
        [FixtureFile(file: "test.yaml", bytes: Data(bytes))], operations: LoaderTests.registry)
      return []
    } catch {
      return error.diagnostics
    }
  }

  @Test("A file without scenarios is reported", arguments: files)
  func file(_ file: NoScenario) {
    #expect(Self.diagnostics(file.bytes).map(\.description) == file.diagnostics)
  }

  @Test(
    "An invalid golden transcript is reported as a whole",
    arguments: [
      NoScenario(
        "CR LF", "# T.\n> pid\r\n< ok pid=*\r\n",
        "test.txt:2:1: the line ends with CR LF; use LF alone"),
      NoScenario(
        "not UTF-8", bytes: Array("# T.\n> pid\n< ok ".utf8) + [0xC3, 0x28],
        ["test.txt:1:1: the file is not valid UTF-8"]),
      NoScenario(
        "too long", "# T.\n> pid\n< ok pid=*\n" + String(repeating: "#\n", count: 1 << 20),
        "test.txt:1:1: the file is longer than 1048576 bytes"),
    ])
  func transcript(_ file: NoScenario) {
    let source = FixtureFile(file: "test.txt", bytes: Data(file.bytes))
    #expect {
      _ = try Checkout.load([], transcripts: [source], operations: LoaderTests.registry)
    } throws: {
      ($0 as? FixtureErrors)?.diagnostics.map(\.description) == file.diagnostics
    }
  }

  @Test("An invalid list of operations is reported without an error for each request")
  func noOperations() {
    let scenarios = FixtureFile(file: "test.yaml", bytes: Data(LoaderTests.sound.utf8))
    #expect {
      _ = try Checkout.load(
        [scenarios], operations: FixtureFile(file: "operations.yaml", bytes: Data("[".utf8)))
    } throws: {
      ($0 as? FixtureErrors)?.diagnostics.map(\.location.file) == ["operations.yaml"]
    }
  }

  /// Each argument consists of a shell command that creates an unreadable file, and the expected reason.
  @Test(
    "A file that cannot be read is reported with the reason",
    arguments: [
      ("true", "No such file or directory"), ("mkdir", "it is not a regular file"),
      ("mkfifo", "it is not a regular file"),
      ("ln -s /dev/zero", "it is not a regular file"), ("ln -s nowhere", "No such file or directory"),
    ])
  func unreadable(make: String, reason: String) async throws {
    let diagnostics = try await onThread {
      let path = FileManager.default.temporaryDirectory.appending(path: "file-\(UUID())").path
      defer { try? FileManager.default.removeItem(atPath: path) }
      let shell = try Process.run(URL(fileURLWithPath: "/bin/sh"), arguments: ["-c", "\(make) \(path)"])
      shell.waitUntilExit()
      let log = DiagnosticLog()
      _ = FixtureFile(at: path, as: "test.yaml", log: log)
      return log.sorted
    }
    #expect(diagnostics.map(\.description) == ["test.yaml:1:1: the file cannot be read: \(reason)"])
  }

  @Test("A missing operations.yaml is the only error reported for a checkout") func lacksOperations() throws {
    let root = try CommandRun.checkout(cells: 1)
    defer { try? FileManager.default.removeItem(atPath: root.string) }
    try FileManager.default.removeItem(atPath: root.appending("fixtures/operations.yaml").string)
    #expect { try Fixtures(Installation(root: root.string)) } throws: {
      "\($0)".contains("operations.yaml:1:1: the file cannot be read: No such file") && !"\($0)".contains("unknown")
    }
  }

  @Test("A damaged file is reported with a location, and never crashes the program")
  func damagedFiles() {
    var random = Splitmix(state: 1)
    let sound = Array(LoaderTests.sound.utf8)
    for _ in 0..<2000 {
      var bytes = sound
      for _ in 0..<random.next(below: 4) + 1 {
        let index = random.next(below: bytes.count)
        switch random.next(below: 4) {
        case 0: bytes[index] = UInt8(random.next(below: 256))
        case 1: bytes.remove(at: index)
        case 2:
          bytes.insert(contentsOf: "{}[]:-*&!|>%@`'\"#\t\n \0=..".utf8.shuffled(using: &random).prefix(2), at: index)
        default: bytes.removeSubrange(index..<min(bytes.count, index + random.next(below: 40)))
        }
      }
      #expect(Self.diagnostics(bytes).allSatisfy { $0.location.line >= 1 && $0.location.column >= 1 })
    }
  }

  @Test("A suggestion is the nearest word, or none if no word is near")
  func suggestions() {
    let operations = ["mq_receive", "mq_send", "mq_timedreceive", "read", "read_all", "semop", "shmat"]
    let meant = ["mq_recieve", "mqsend", "mq_timedrecieve", "raed", "readall", "semopt", "SHMAT", "frobnicate", ""].map
    {
      "\($0) -> \(Suggestion.nearest(to: $0, among: operations) ?? "none")"
    }
    #expect(
      meant == [
        "mq_recieve -> mq_receive", "mqsend -> mq_send", "mq_timedrecieve -> mq_timedreceive", "raed -> read",
        "readall -> read_all", "semopt -> semop", "SHMAT -> shmat", "frobnicate -> none", " -> none",
      ])
  }

  @Test("An empty scenario's missing keys are reported")
  func emptyScenario() {
    #expect(
      Self.diagnostics(Array("- {}".utf8)).map(\.description) == [
        "test.yaml:1:3: a scenario must have the key 'id'", "test.yaml:1:3: a scenario must have the key 'title'",
        "test.yaml:1:3: a scenario must have the key 'spec'", "test.yaml:1:3: a scenario must have the key 'level'",
        "test.yaml:1:3: a scenario must have the key 'steps'",
        "test.yaml:1:3: a scenario must have the key 'roles' or 'programs'",
      ])
  }

  static let files: [NoScenario] = [
    NoScenario(
      "anchors", "- id: test/a\n  title: &t {? [*t, *t] : x}\n",
      "test.yaml:2:10: anchors are not supported; write the value twice, or use a parameter"),
    NoScenario("nothing", "", "test.yaml:1:1: the file is empty"),
    NoScenario("only a comment", "# nothing yet\n", "test.yaml:1:1: the file is empty"),
    NoScenario("an empty list", "[]", "test.yaml:1:1: the list of scenarios is empty"),
    NoScenario("a map", "id: test/x", "test.yaml:1:1: expected a list of scenarios, not a map"),
    NoScenario("a word", "scenario", "test.yaml:1:1: expected a list of scenarios, not the text 'scenario'"),
    NoScenario("a list of words", "- one", "test.yaml:1:3: a scenario must be a map, not the text 'one'"),
    NoScenario(
      "a tab", "-\tid: x\n \ttitle: y",
      "test.yaml:1:2: this is not YAML: while scanning for the next token, found character that cannot start any token"),
    NoScenario(
      "an open quote", "- id: 'test",
      "test.yaml:1:12: this is not YAML: while scanning a quoted scalar, found unexpected end of stream"),
    NoScenario("an unknown alias", "- *nowhere", "test.yaml:1:3: this is not YAML: found undefined alias"),
    NoScenario(
      "two documents", "[]\n---\n[]",
      "test.yaml:2:1: this is not YAML: expected a single document in the stream, but found another document"),
    NoScenario(
      "a control character", "- id: \u{1}", "test.yaml:1:7: this is not YAML: control characters are not allowed"),
    NoScenario("not UTF-8", bytes: [0x2D, 0x20, 0xC3, 0x28], ["test.yaml:1:1: the file is not valid UTF-8"]),
    NoScenario(
      "a line of ten million letters", bytes: Array(repeating: UInt8(ascii: "x"), count: 10_000_000),
      ["test.yaml:1:1: the file is longer than 1048576 bytes"]),
    NoScenario(
      "ten thousand brackets", String(repeating: "[", count: 10_000),
      "test.yaml:1:1: this is not YAML: while parsing, Maximum nesting level reached, set with yaml_set_max_nest_level())"
    ),
  ]
}

/// A random number generator with a seed, so that every run is the same.
private struct Splitmix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func next(below bound: Int) -> Int { Int(next() % UInt64(bound)) }
}
