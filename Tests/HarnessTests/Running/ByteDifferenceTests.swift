import Testing

@testable import Harness

@Suite("A difference between bytes")
struct ByteDifferenceTests {
  @Test("is not found in equal bytes") func equal() {
    #expect(ByteDifference(expected: [1, 2], actual: [1, 2]) == nil)
    #expect(ByteDifference(expected: [], actual: []) == nil)
    #expect(ByteDifference(expected: [1, 2, 3], actual: [1, 9, 3], ignoring: [1..<2]) == nil)
    #expect(ByteDifference(expected: [1, 2, 3], actual: [1, 9, 4], ignoring: [1..<2])?.offset == 2)
  }

  @Test("is reported with its offset and both bytes") func reason() {
    func reason(_ expected: String, _ actual: String) -> String? {
      ByteDifference(expected: Array(expected.utf8), actual: Array(actual.utf8))?.reason
    }
    #expect(reason("abc", "abd") == "byte 2 is 'd', expected 'c'; 3 bytes each")
    #expect(reason("abc\0", "abc") == "byte 3 is the end, expected 00; 3 bytes instead of 4")
    #expect(reason("abc", "abc\n") == "byte 3 is 0a, expected the end; 4 bytes instead of 3")
  }

  @Test("is shown with the bytes around it, from the same offset") func lines() throws {
    let expected = Array("0123456789abcdefghij".utf8)
    var actual = expected
    actual[12] = 0x7F
    let difference = try #require(ByteDifference(expected: expected, actual: actual))
    #expect(difference.expectedText == "4: 34 35 36 37 38 39 61 62 63 64 65 66 67 68 69 6a  |456789abcdefghij|")
    #expect(difference.actualText == "4: 34 35 36 37 38 39 61 62 7f 64 65 66 67 68 69 6a  |456789ab.defghij|")
  }
}
