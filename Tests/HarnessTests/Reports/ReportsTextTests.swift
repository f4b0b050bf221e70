import Testing

@testable import Harness

struct ReportsTextTests {
  @Test(arguments: [
    ("plain, ünïcode ✓", "plain, ünïcode ✓"),
    ("a\nb\tc\r", #"a\nb\tc\r"#),
    ("\u{1B}[0m\u{0}\u{7F}", #"\x1b[0m\x00\x7f"#),
    ("\u{9B}\u{202E}\u{2028}\u{FFFF}", #"\u{9b}\u{202e}\u{2028}\u{ffff}"#),
    ("# ##[error]###vso[", ##"# #\x23[error]#\x23#vso["##),
  ])
  func `characters that are not visible are shown as escapes`(text: String, visible: String) {
    #expect(text.escapedForDisplay == visible)
  }

  @Test func `a line end at the end of a text does not begin another line`() {
    #expect("a\r\nb\n\n".linesEscapedForDisplay == [#"a\r"#, "b", ""])
    #expect("".linesEscapedForDisplay == [])
  }

  @Test(arguments: [
    ("", 5, [""]), ("four five", 5, ["four", "five"]), ("fourfive", 4, ["four", "five"]), (" abcd", 4, [" abc", "d"]),
    ("a b c", 3, ["a b", "c"]), ("a list=b,c,d", 10, ["a list=b,", "c,d"]),
    ("of list=bb,cc,dd", 14, ["of list=bb,cc,", "dd"]), ("::a a::b", 20, [#"\x3a:a a::b"#]),
    ("four ::eight", 10, ["four", #"\x3a:eight"#]), ("four::e", 4, ["four", #"\x3a"#, ":e"]),
    ("four,five,::e", 10, ["four,five,", #"\x3a:e"#]), ("four\u{A0}::e", 4, ["four", "\u{A0}\\x3", "a:e"]),
  ])
  func `text is broken at spaces if there are any`(text: String, width: Int, lines: [String]) {
    #expect(text.wrapped(to: width) == lines)
  }

  @Test(arguments: [
    (0, "0 ms"), (0.0124, "12 ms"), (0.9994, "999 ms"), (0.9996, "1.0 s"), (59.94, "59.9 s"), (59.96, "1 min 0 s"),
    (125.4, "2 min 5 s"), (-1, "? s"), (.nan, "? s"), (.infinity, "? s"),
  ])
  func `a duration is rounded according to its size`(seconds: Double, words: String) {
    #expect(duration(seconds) == words)
  }

  @Test func `a mark with a combining accent is escaped`() {
    #expect("#\u{301}".withBackslash(before: ["#"]) == "\\#\u{301}")
  }
}
