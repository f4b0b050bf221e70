import Testing

@testable import Harness

@Suite("The words of a command")
struct ShellWordsTests {
  private func words(_ text: String) throws(FixtureErrors) -> [String]? {
    try DiagnosticLog.collect { log in
      ShellWords.split(SourceText(text, file: "test.yaml", line: 1, column: 5, isExact: true), log)?.map(\.text)
    }
  }

  @Test(
    "are separated by spaces, and quotes join them",
    arguments: [
      ("", []), ("  ", []), ("a b", ["a", "b"]), (" a  b ", ["a", "b"]), ("'a b' c", ["a b", "c"]),
      (#""a b"c'd e'"#, ["a bcd e"]), ("''", [""]), (#"a\ b \" '\'"#, ["a b", "\"", "\\"]), (#"a\n"#, [#"a\n"#]),
      (#""a 'b'" '"'"#, ["a 'b'", "\""]), ("ä 'ö ü'", ["ä", "ö ü"]),
    ])
  func splits(text: String, expected: [String]) throws { #expect(try words(text) == expected) }

  @Test("report an unterminated quote, with its column", arguments: [("a 'b", 7), (#"x "a\""#, 7)])
  func unterminated(text: String, column: Int) {
    #expect { try words(text) } throws: { "\($0)" == "test.yaml:1:\(column): this quote has no end in the command" }
  }
}
