import Testing

@testable import Harness

@Suite("A cell pattern")
struct GlobTests {
  @Test(
    "matches",
    arguments: [
      ("pipe/eof[c>swift]", "pipe/eof[c>swift]"), ("pipe/*", "pipe/eof[c>c]"), ("*[c>swift]", "pipe/eof[c>swift]"),
      ("pipe/*[c>*]", "pipe/eof[c>swift]"), ("*", ""), ("a*b*c", "a-b-b-c"), ("a*a", "aa"),
    ])
  func matches(pattern: String, text: String) {
    #expect(Glob(pattern).matches(text))
  }

  @Test(
    "does not match",
    arguments: [
      ("pipe/eof", "pipe/eof[c>c]"), ("pipe/*", "fifo/eof"), ("a*a", "a"), ("a*b*c", "a-c-b"), ("[cx]", "c"), ("", "a"),
      ("?", "a"),
    ])
  func doesNotMatch(pattern: String, text: String) {
    #expect(!Glob(pattern).matches(text))
  }
}
