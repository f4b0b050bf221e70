import Foundation
import Testing

@testable import Harness

@Suite("The list of expectations")
struct ExpectationsTests {
  private func load(_ text: String) throws -> Expectations {
    let file = FileManager.default.temporaryDirectory.appending(path: "expectations-\(UUID().uuidString).yaml")
    try Data(text.utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    return try DiagnosticLog.collect { Expectations.load(at: file.path, as: file.path, log: $0) }
  }

  private let entry = """
    - cells: "pipe/eof[c>musl]"
      verdict: failed
      reason: EPIPE
      why: A known difference.
      review: 2027-01-01
    """

  @Test("expects 'passed' from every cell that it does not name")
  func nothing() throws {
    let none = try load("")
    #expect(none.assess("pipe/eof[c>c]", CellOutcome(verdict: .passed, reason: nil, evidence: nil)).isExpected)
    #expect(!none.assess("pipe/eof[c>c]", CellOutcome(verdict: .failed, reason: "x", evidence: nil)).isExpected)
  }

  @Test("requires both the verdict and the reason")
  func met() throws {
    let list = try load(entry)
    #expect(
      list.assess("pipe/eof[c>musl]", CellOutcome(verdict: .failed, reason: "write failed with EPIPE", evidence: nil))
        .isExpected)
    #expect(
      !list.assess("pipe/eof[c>musl]", CellOutcome(verdict: .failed, reason: "write failed with EBADF", evidence: nil))
        .isExpected)
    #expect(!list.assess("pipe/eof[c>musl]", CellOutcome(verdict: .crashed, reason: "EPIPE", evidence: nil)).isExpected)
  }

  @Test("reports an error if a listed cell passes")
  func unexpectedPass() throws {
    #expect(
      !(try load(entry)).assess("pipe/eof[c>musl]", CellOutcome(verdict: .passed, reason: nil, evidence: nil))
        .isExpected)
  }

  @Test("has a problem if an entry matches no cell, matches too many, or is overdue")
  func problems() throws {
    let list = try load(entry)
    #expect(list.problems(cells: ["pipe/eof[c>musl]"], today: "2026-12-31").isEmpty)
    #expect(list.problems(cells: ["pipe/eof[c>c]"], today: "2026-12-31").first?.contains("no cell matches") == true)
    #expect(list.problems(cells: ["pipe/eof[c>musl]"], today: "2027-01-01").first?.contains("review was due") == true)
    let wide = try load(entry.replacing("pipe/eof[c>musl]", with: "*"))
    let cells = (0...20).map { "pipe/\($0)[c>c]" }
    #expect(wide.problems(cells: cells, today: "2026-12-31").first?.contains("covers 21 cells") == true)
    let shadowed = try load(entry + "\n" + entry.replacing("failed", with: "leaked").replacing("eof", with: "*"))
    let problems = shadowed.problems(cells: ["pipe/eof[c>musl]", "pipe/more[c>musl]"], today: "2026-12-31")
    #expect(problems.count == 1 && problems[0].contains("covers pipe/eof[c>musl] already"))
  }

  @Test(
    "is rejected with its location if a key is missing or unknown",
    arguments: [
      ("reason: EPIPE", "reason: ''", "'reason' must be a text, not an empty value"),
      ("why: A", "wy: A", "an expectation has no key 'wy'; did you mean 'why'?"),
      ("verdict: failed", "verdict: passed", "'passed' is not a verdict that can be expected"),
      ("review: 2027-01-01", "review: soon", "'review' must be a day"),
      ("review: 2027-01-01", "review: 9999-99-99", "'review' must be a day"),
      ("review: 2027-01-01", "review: 2027-02-29", "'review' must be a day"),
    ])
  func refused(original: String, replacement: String, message: String) {
    #expect { try load(entry.replacing(original, with: replacement)) } throws: {
      "\($0)".contains(message) && "\($0)".contains(".yaml:")
    }
  }
}
