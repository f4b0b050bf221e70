import Testing

@testable import Harness

@Suite("A difference between bytes")
struct ContentDifferenceTests {
  private func bytes(_ text: String) throws -> [UInt8] {
    try #require(RecordedBytes(text: text)).filled { _ in nil } ?? []
  }

  @Test(
    "names its cause",
    arguments: [
      (#"text\0"#, "text", "the terminating NUL is missing"),
      ("text", #"text\0"#, "a terminating NUL is extra"),
      (#"one\0two\0"#, "onetwo", "2 NULs are missing"),
      (#"\x04one\0\x04two\0"#, #"\x03one\x03two"#, "2 NULs are missing, and 2 lengths are smaller by 1"),
      (#"\x00\x00\x00\x2a"#, #"\x2a\0\0\0"#, "the 32-bit integer at offset 0 has the other byte order"),
      (#"ab\x01\x02"#, #"ab\x02\x01"#, "the 16-bit integer at offset 2 has the other byte order"),
      (
        #"\x01\x02\x03\x04\x05\x06\x07\x08"#, #"\x08\x07\x06\x05\x04\x03\x02\x01"#,
        "the 64-bit integer at offset 0 has the other byte order"
      ),
      (
        #"\x05\0\0\0hello12345"#, #"\x05\0\0\0\0\0\0\0hello12345"#,
        "4 NULs are inserted at offset 4: the integer at offset 0 has 8 bytes instead of 4 (Int for UInt32?)"
      ),
      (
        #"text\x05\0\0\0\0\0\0\0\0\0\0\0"#, #"text\x05\0\0\0\0\0\0\0"#,
        "4 NULs are missing at offset 8: the integer at offset 4 has 4 bytes instead of 8 (UInt32 for Int?)"
      ),
      (
        #"\x05\0\0\0\x07\0\0\0end"#, #"\x05\0\0\0\0\0\0\0\x07\0\0\0\0\0\0\0end"#,
        "8 NULs are inserted, the first at offset 4: 2 integers, the first at offset 0, have 8 bytes instead of 4 "
          + "(Int for UInt32?)"
      ),
      (
        #"\x05\0hello"#, #"\x05\0\0\0\0\0\0\0hello"#,
        "6 NULs are inserted at offset 2: the integer at offset 0 has 8 bytes instead of 2 (Int for UInt16?)"
      ),
      ("text", #"text\0\0\0\0"#, "4 NULs are extra"),
      ("abcdef", "abc", "the last 3 bytes are missing"),
      ("abc", #"abc\x0d\n"#, "0d0a is extra at the end"),
      (#"\0\0\0\x05abcde"#, #"\x05\0\0\0"#, "the 32-bit integer at offset 0 has the other byte order"),
      ("hello", "hallo", "byte 1 is 'a', the recording has 'e'"),
      ("abcd", "axyzd!", "they differ from offset 1 on"),
    ])
  func causes(expected: String, actual: String, explanation: String) throws {
    let difference = ContentDifference.between(try bytes(expected), try bytes(actual))
    #expect(difference?.explanation == explanation)
  }

  @Test("in the padding of a structure names the range to ignore")
  func padding() throws {
    let difference = ContentDifference.between(
      try bytes(#"s\0\0\0\x07\0\0\0"#), try bytes(#"s\xaa\xaa\xaa\x07\0\0\0"#))
    #expect(difference == .padding(1..<4, expected: [0, 0, 0], actual: [0xAA, 0xAA, 0xAA]))
    #expect(difference?.explanation.contains("'any: [1..3]'") == true)
  }

  @Test("is not found within ignored ranges or in equal bytes")
  func none() throws {
    #expect(ContentDifference.between([1, 2, 3], [1, 9, 3], ignoring: [1..<2]) == nil)
    #expect(ContentDifference.between([1, 2, 3], [1, 9, 4], ignoring: [1..<2]) != nil)
    #expect(ContentDifference.between([], []) == nil)
  }
}

@Suite("Recorded bytes")
struct RecordedBytesTests {
  private let values = ["client.pid": "70003"]

  @Test("survive conversion to text and to hexadecimal")
  func forms() throws {
    for bytes in [[UInt8](0...255), [], [0], Array("a{b}\\c\n".utf8)] {
      let recorded = RecordedBytes(bytes)
      #expect(RecordedBytes(text: recorded.text)?.filled { _ in nil } == bytes)
      #expect(RecordedBytes(hexadecimal: recorded.hexadecimal)?.filled { _ in nil } == bytes)
    }
  }

  @Test("may contain variables")
  func variables() throws {
    #expect(RecordedBytes(text: "pid {client.pid}.")?.filled { values[$0] } == Array("pid 70003.".utf8))
    #expect(RecordedBytes(hexadecimal: "{client.pid:4} 00")?.filled { values[$0] } == [0x73, 0x11, 1, 0, 0])
    #expect(RecordedBytes(text: "{unknown}")?.filled { values[$0] } == nil)
  }

  @Test("reject malformed text", arguments: ["{", "{}", #"\"#, #"\x1"#, #"\q"#, "{a:3}", "{any:0}", "{a:b:c}"])
  func malformed(text: String) { #expect(RecordedBytes(text: text) == nil) }

  @Test("reject malformed digits", arguments: ["0", "0g", "00 0", "0x"])
  func malformedDigits(text: String) { #expect(RecordedBytes(hexadecimal: text) == nil) }

  @Test(
    "match any bytes in place of {any}",
    arguments: [
      ("at {any} o'clock", "at 12:30 o'clock", true), ("at {any} o'clock", "at 12:30", false),
      ("{any}", "", true), ("a{any}b{any}c", "a-b-c", true),
      ("a{any}b{any}c", "a-c-b", false), ("{any}end", "end end", true),
    ])
  func patterns(pattern: String, text: String, isMatch: Bool) throws {
    let recorded = try #require(RecordedBytes(text: pattern))
    #expect(recorded.isPattern)
    #expect(recorded.matches(Array(text.utf8)) { _ in nil } == isMatch)
  }
}
