import Foundation
import Testing

@testable import Interop

@Suite("The list of expectations")
struct ExpectationsTests {
  private func load(_ text: String) throws -> Expectations {
    let file = FileManager.default.temporaryDirectory.appending(path: "expectations-\(UUID().uuidString).yaml")
    try Data(text.utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    return try Expectations.load(file.path)
  }

  private let entry = """
    - cells: "pipe/eof[c>musl]"
      verdict: failed
      reason: EPIPE
      why: A known difference.
      review: 2027-01-01
    """

  @Test("expects passed of every cell that it does not name")
  func nothing() throws {
    let none = try load("")
    #expect(none.judge("pipe/eof[c>c]", .passed, reason: nil).isExpected)
    #expect(!none.judge("pipe/eof[c>c]", .unsupported, reason: "x").isExpected)
  }

  @Test("is met by the verdict and the reason together")
  func met() throws {
    let list = try load(entry)
    #expect(list.judge("pipe/eof[c>musl]", .failed, reason: "write failed with EPIPE").isExpected)
    #expect(!list.judge("pipe/eof[c>musl]", .failed, reason: "write failed with EBADF").isExpected)
    #expect(!list.judge("pipe/eof[c>musl]", .crashed, reason: "EPIPE").isExpected)
  }

  @Test("fails what passes against it")
  func unexpectedPass() throws {
    #expect(!(try load(entry)).judge("pipe/eof[c>musl]", .passed, reason: nil).isExpected)
  }

  @Test("cannot rot: an entry that is stale, too wide or overdue is a complaint")
  func complaints() throws {
    let list = try load(entry)
    #expect(list.complaints(cells: ["pipe/eof[c>musl]"], today: "2026-12-31").isEmpty)
    #expect(list.complaints(cells: ["pipe/eof[c>c]"], today: "2026-12-31").first?.contains("no cell matches") == true)
    #expect(list.complaints(cells: ["pipe/eof[c>musl]"], today: "2027-01-01").first?.contains("review was due") == true)
    let wide = try load(entry.replacing("pipe/eof[c>musl]", with: "*"))
    let cells = (0...20).map { "pipe/\($0)[c>c]" }
    #expect(wide.complaints(cells: cells, today: "2026-12-31").first?.contains("covers 21 cells") == true)
    let shadowed = try load(entry + "\n" + entry.replacing("failed", with: "leaked").replacing("eof", with: "*"))
    let complaints = shadowed.complaints(cells: ["pipe/eof[c>musl]", "pipe/more[c>musl]"], today: "2026-12-31")
    #expect(complaints.count == 1 && complaints[0].contains("covers pipe/eof[c>musl] already"))
  }

  @Test(
    "is refused with its place when something is missing or unknown",
    arguments: [
      ("reason: EPIPE", "reason: ''", "'reason' is missing"),
      ("verdict: failed", "verdict: passed", "the verdict must be one of"),
      ("review: 2027-01-01", "review: soon", "'review' is a day"),
      ("review: 2027-01-01", "review: 9999-99-99", "'review' is a day"),
      ("review: 2027-01-01", "review: 2027-02-29", "'review' is a day"),
    ])
  func refused(original: String, replacement: String, message: String) {
    #expect { try load(entry.replacing(original, with: replacement)) } throws: {
      "\($0)".contains(message) && "\($0)".contains(".yaml:1:")
    }
  }
}
