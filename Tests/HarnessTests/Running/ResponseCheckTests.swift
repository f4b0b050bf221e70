import Testing

@testable import Harness

@Suite("A field of a response")
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

  @Test("that is missing is wrong for every relation")
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
