import Testing

@testable import Interop

@Suite("An answer's field")
struct MatchingTests {
  private func complaint(
    _ relation: (Template) -> FieldExpectation.Relation, _ demanded: String, _ actual: String?, key: String = "value"
  ) -> String? {
    let template = Template(pieces: [.literal(demanded)])
    return Matching.complaint(
      key: key, relation: relation(template), demanded: demanded, actual: actual.map { Array($0.utf8) })
  }

  @Test("is compared byte for byte, after decoding")
  func bytes() {
    #expect(complaint(FieldExpectation.Relation.equal, "hello%20there", "hello there") == nil)
    #expect(
      complaint(FieldExpectation.Relation.equal, "hello", "hello\0") == "value=hello%00, where value=hello is demanded")
    #expect(complaint(FieldExpectation.Relation.equal, "7", "07") != nil)
  }

  @Test("that is missing is wrong, whatever is demanded")
  func missing() {
    #expect(complaint(FieldExpectation.Relation.notEqual, "1", nil) == "the answer has no field 'value'")
  }

  @Test("of flags is a set")
  func flags() {
    #expect(complaint(FieldExpectation.Relation.equal, "POLLIN|POLLHUP", "POLLHUP|POLLIN") == nil)
    #expect(complaint(FieldExpectation.Relation.equal, "POLLIN|POLLHUP", "POLLIN") != nil)
    #expect(complaint(FieldExpectation.Relation.equal, "POLLIN|POLLHUP", "POLLHUP|POLLIN|POLLIN") != nil)
  }

  @Test("of flags of several is a list of sets")
  func flagsOfSeveral() {
    #expect(complaint(FieldExpectation.Relation.equal, "POLLERR,POLLIN|POLLHUP", "POLLERR,POLLHUP|POLLIN") == nil)
    #expect(complaint(FieldExpectation.Relation.equal, "POLLERR,POLLIN|POLLHUP", "POLLIN|POLLHUP,POLLERR") != nil)
  }

  @Test("of bytes is no set", arguments: [("value", "left|right", "right|left"), ("buf", "LEFT|RIGHT", "RIGHT|LEFT")])
  func bars(key: String, demanded: String, actual: String) {
    #expect(complaint(FieldExpectation.Relation.equal, demanded, actual, key: key) != nil)
    #expect(complaint(FieldExpectation.Relation.equal, demanded, demanded, key: key) == nil)
  }

  @Test(
    "is compared as a number where a relation asks for order", arguments: [("9", true), ("10", false), ("x", false)])
  func order(actual: String, holds: Bool) {
    #expect((complaint(FieldExpectation.Relation.less, "10", actual) == nil) == holds)
  }
}
