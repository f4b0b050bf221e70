import Foundation
import SystemPackage
import Testing

/// Each step in the models in `Tests/Models` names the code that it models.
///
/// `@c ipc_ring__wake FUTEX_WAKE` names a C function and text in one of its lines. `@swift RingEnd.wakeOther
/// Futex.wake(` names a function in `RingEnd.swift`. The steps of a function have the same order as its code.
@Suite("Model steps")
struct ModelStepTests {
  struct Step: CustomStringConvertible {
    let language, function, code: String
    var description: String { "@\(language) \(function) \(code)" }
  }

  static let models = ["block", "lock", "queue", "ring"]

  @Test("are in the code, in the same order", arguments: models)
  func steps(_ model: String) throws {
    let steps = try Self.steps(of: Self.text("Tests/Models/\(model).pml"))
    #expect(Set(steps.map(\.language)) == ["c", "swift"])
    var rests: [String: Substring] = [:]
    for step in steps {
      let rest = try rests[step.function] ?? Self.body(of: step)[...]
      let place = rest.range(of: step.code)
      #expect(place != nil, "\(step): not in the code, or not after the steps before; check the model")
      if let place { rests[step.function] = rest[place.upperBound...] }
    }
  }

  @Test("are searched for in the function that they name")
  func functions() throws {
    let c = "static void wake(void) {\n    load();\n}\nvoid other(void) {\n    store();\n}\n"
    #expect(try Self.body(of: "wake", in: c, language: "c").contains("load"))
    #expect(try !Self.body(of: "wake", in: c, language: "c").contains("store"))
    #expect(try Self.body(of: "sleep", in: c, language: "c").isEmpty)
    let swift = "  func wait() {\n    load()\n  }\n  func other() {\n    store()\n  }\n"
    #expect(try Self.body(of: "wait", in: swift, language: "swift").contains("load"))
    #expect(try !Self.body(of: "wait", in: swift, language: "swift").contains("store"))
  }

  private static func text(_ path: String) throws -> String {
    try String(contentsOfFile: Checkout.root.appending(path).string, encoding: .utf8)
  }

  private static func steps(of model: String) -> [Step] {
    model.split(separator: "\n").compactMap { line in
      guard let step = line.firstMatch(of: /\/\* @(c|swift) (\S+) (.+) \*\//) else { return nil }
      return Step(language: String(step.1), function: String(step.2), code: String(step.3))
    }
  }

  private static func body(of step: Step) throws -> String {
    if step.language == "c" {
      let files = ["include/ipc_ring.h", "include/ipc_queue.h", "peer/shared_block.c"]
      return try files.map { try body(of: step.function, in: try text("c-peers/\($0)"), language: "c") }.joined()
    }
    let parts = step.function.split(separator: ".")
    let folders = ["SharedMemory", "Synchronization"].map { "Sources/IPC/\($0)/\(parts[0]).swift" }
    let file = try #require(
      folders.first { FileManager.default.fileExists(atPath: Checkout.root.appending($0).string) })
    return try body(of: String(parts[1]), in: try text(file), language: "swift")
  }

  /// Returns the lines of all functions with this name, from the declaration to the closing brace.
  private static func body(of function: String, in text: String, language: String) throws -> String {
    let named = ["init", "deinit"].contains(function) ? function : "func \(function)"
    let beginning = try Regex(
      language == "c" ? "^[a-z].*\\b\(function)\\(.*[^;]$" : "^ *([@a-z() ]* )?\(named)\\b")
    var lines: [Substring] = []
    var end: String?
    for line in text.split(separator: "\n") {
      if end == nil, line.contains(beginning) { end = String(line.prefix { $0 == " " }) + "}" }
      if end != nil { lines.append(line) }
      if let mark = end, line.hasPrefix(mark), !line.contains("{") { end = nil }
    }
    return lines.joined(separator: "\n")
  }
}
