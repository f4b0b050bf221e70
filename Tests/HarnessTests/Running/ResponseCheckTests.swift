import PeerProtocol
import Testing

@testable import Harness

@Suite("A response field")
struct ResponseCheckTests {
  private func problem(
    _ relation: (Template) -> ExpectedField.Relation, _ expected: String, _ actual: String?, key: String = "value"
  ) -> String? {
    let template = Template(pieces: [.literal(expected)])
    return ResponseCheck(registry: OperationRegistry([], payloads: ["buf"])).mismatch(
      key: key, relation: relation(template), expected: expected, actual: actual.map { Array($0.utf8) })?.reason
  }

  @Test("is compared byte for byte, after decoding")
  func bytes() {
    #expect(problem(ExpectedField.Relation.equal, "hello%20there", "hello there") == nil)
    #expect(
      problem(ExpectedField.Relation.equal, "hello", "hello\0") == "value=hello%00, expected value=hello")
    #expect(problem(ExpectedField.Relation.equal, "7", "07") != nil)
  }

  @Test("with the bytes of a message is explained by the first byte that differs")
  func payload() {
    #expect(
      problem(ExpectedField.Relation.equal, "hello%00", "hello", key: "buf")
        == "buf=hello, expected buf=hello%00: byte 5 is the end, expected 00; 5 bytes instead of 6")
    #expect(problem(ExpectedField.Relation.notEqual, "hello", "hello", key: "buf") == "buf=hello, expected buf!=hello")
  }

  @Test("that differs is reported together with all others")
  func allDifferences() throws {
    let (scenarios, registry) = try Checkout.scenarios(
      """
      - id: test/test
        title: A title.
        spec: getpid(2)
        level: must
        roles: [a]
        steps: [{a: 'stat path=/ -> type=file mode=755 uid=7 gid=0'}]
      """)
    guard case .request(_, _, let expected)? = scenarios.first?.steps.first?.action else { throw MissingStep() }
    let exchange = Exchange(
      request: try Request(parsing: "stat path=/"),
      response: try Response(parsing: "ok type=directory mode=755 uid=0 gid=0"), elapsed: .zero)
    let role = RoleProcess(
      role: Role(name: "a", part: .peer, language: nil), index: 0, language: "c", command: [], directory: nil)
    do throws(CellOutcome) {
      try ResponseCheck(registry: registry).check(exchange, by: role, against: expected)
      Issue.record("no difference")
    } catch {
      #expect(error.reason == "a (c): type=directory, expected type=file; uid=0, expected uid=7")
    }
  }

  private struct MissingStep: Error {}

  @Test("that differs from a golden transcript is reported together with all others")
  func transcriptDifferences() throws {
    func differences(_ response: String, _ recorded: String) throws -> [String] {
      ResponseCheck.differences(try Response(parsing: response), recorded: recorded)
    }
    #expect(
      try differences("ok a=1 b=2 c=3 e=5", "ok a=1 b=3 c=* d=4") == [
        "b=2, expected b=3", "d=4 is missing", "e=5 is extra",
      ])
    #expect(try differences("error errno=EPIPE", "error errno=EPIPE call=write") == [])
    #expect(try differences("ok a=1", "error errno=EPIPE") == [])
  }

  @Test("that is missing fails every comparison")
  func missing() {
    #expect(problem(ExpectedField.Relation.notEqual, "1", nil) == "the response has no field 'value'")
  }

  @Test("of flags may have them in any order")
  func flags() {
    #expect(problem(ExpectedField.Relation.equal, "POLLIN|POLLHUP", "POLLHUP|POLLIN") == nil)
    #expect(problem(ExpectedField.Relation.equal, "POLLIN|POLLHUP", "POLLIN") != nil)
    #expect(problem(ExpectedField.Relation.equal, "POLLIN|POLLHUP", "POLLHUP|POLLIN|POLLIN") != nil)
  }

  @Test("of flags may be a list")
  func flagsOfSeveral() {
    #expect(problem(ExpectedField.Relation.equal, "POLLERR,POLLIN|POLLHUP", "POLLERR,POLLHUP|POLLIN") == nil)
    #expect(problem(ExpectedField.Relation.equal, "POLLERR,POLLIN|POLLHUP", "POLLIN|POLLHUP,POLLERR") != nil)
  }

  @Test(
    "of bytes is not a set", arguments: [("value", "left|right", "right|left"), ("buf", "LEFT|RIGHT", "RIGHT|LEFT")])
  func bars(key: String, expected: String, actual: String) {
    #expect(problem(ExpectedField.Relation.equal, expected, actual, key: key) != nil)
    #expect(problem(ExpectedField.Relation.equal, expected, expected, key: key) == nil)
  }

  @Test(
    "is compared as a number by a relation such as <", arguments: [("9", true), ("10", false), ("x", false)])
  func order(actual: String, holds: Bool) {
    #expect((problem(ExpectedField.Relation.less, "10", actual) == nil) == holds)
  }
}
