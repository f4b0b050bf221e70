import PeerProtocol
import Testing

@testable import Harness

@Suite("The description of a failure")
struct FailureDescriptionTests {
  /// Returns the lines of the description of a golden transcript of 40 requests, of which one differs.
  private func lines(differing: Int) throws -> [String] {
    let messages = try (1...40).flatMap { number -> [Message] in
      let response = number == differing ? "ok pid=\(number)" : "ok"
      return [.rawRequest("close handle=h\(number)"), .response(try Response(parsing: response))]
    }
    let location = SourceLocation(file: "fixtures/vectors/x.txt", line: differing, column: 1)
    let (request, response) = (messages[2 * differing - 2], messages[2 * differing - 1])
    var evidence = Evidence(expected: "ok", request: request, response: response)
    evidence.location = location
    evidence.differences = [
      .transcript(
        TranscriptDifference(
          mechanism: "general", reason: "r", step: nil, location: location, expected: "ok", request: request,
          response: response))
    ]
    evidence.transcripts = [
      .init(
        role: "peer", language: "mine", messages: messages.map { TimedMessage($0, seconds: 0) }, standardError: [],
        state: nil)
    ]
    let cell = Cell(
      id: "contract/x[mine]", scenario: "contract/x", mechanism: "contract", title: "T.", spec: "s", level: .must,
      pairing: [.init(role: "peer", language: "mine")], parameters: [:], location: location)
    let result = CellResult(
      cell: cell, outcome: CellOutcome(verdict: .failed, reason: "r", evidence: evidence), isExpected: false,
      expectation: nil, isolation: .private, rerun: "again")
    return FailureDescription(result: result).lines
  }

  @Test("shows the messages around the first difference from a golden transcript") func around() throws {
    let lines = try lines(differing: 20)
    let first = try #require(lines.firstIndex(of: "    ... 26 lines before"))
    let around = ["    > close handle=h20", "    < ok pid=20", "    > close handle=h21"]
    #expect(Array(lines[(first + 13)...(first + 15)]) == around)
    #expect(lines.contains("    < ok") && lines.contains("    ... 34 lines after"))
    #expect(!lines.contains("    > close handle=h40"))
  }

  @Test("shows the end if the difference is there, and the begin if it is there") func edges() throws {
    let end = try lines(differing: 40)
    #expect(end.contains("    ... 60 lines before") && !end.contains { $0.hasSuffix(" after") })
    let begin = try lines(differing: 1)
    #expect(begin.contains("    ... 72 lines after") && !begin.contains { $0.hasSuffix(" before") })
  }
}
