/// The first difference between two byte sequences, with the bytes around it.
struct ByteDifference: Sendable, Equatable {
  /// The index of the first differing byte, or the length of the shorter sequence.
  let offset: Int
  private let expected: [UInt8]
  private let actual: [UInt8]

  /// The number of bytes per line.
  private static let width = 16

  /// Compares two sequences; nil if they differ only within the `ignored` ranges.
  init?(expected: [UInt8], actual: [UInt8], ignoring ignored: [Range<Int>] = []) {
    let length = min(expected.count, actual.count)
    let offset = (0..<length).first { index in
      expected[index] != actual[index] && !ignored.contains { $0 ~= index }
    }
    if offset == nil, expected.count == actual.count { return nil }
    self.init(expected, actual, offset: offset ?? length)
  }

  private init(_ expected: [UInt8], _ actual: [UInt8], offset: Int) {
    self.expected = expected
    self.actual = actual
    self.offset = offset
  }

  /// The difference in one line: `byte 17 is the end, expected 00; 17 bytes instead of 18`.
  var reason: String {
    let areEqual = expected.count == actual.count
    let lengths = "\(actual.count) bytes \(areEqual ? "each" : "instead of \(expected.count)")"
    return "byte \(offset) is \(Self.name(actual, offset)), expected \(Self.name(expected, offset)); \(lengths)"
  }

  /// The expected bytes around the difference, as an offset, hexadecimal numbers and text.
  var expectedText: String { Self.line(expected, around: offset) }
  /// The actual bytes around the difference.
  var actualText: String { Self.line(actual, around: offset) }

  private static func name(_ bytes: [UInt8], _ index: Int) -> String {
    guard index < bytes.count else { return "the end" }
    return isVisible(bytes[index]) ? "'\(Character(UnicodeScalar(bytes[index])))'" : hex(bytes[index])
  }

  static func line(_ bytes: [UInt8], around offset: Int) -> String {
    // Both lines begin at the same offset, so that readers can compare them byte by byte.
    let start = max(0, offset - width / 2)
    let shown = bytes[min(start, bytes.count)..<min(start + width, bytes.count)]
    let numbers = shown.map(hex).joined(separator: " ").padded(to: 3 * width - 1)
    let text = shown.map { isVisible($0) ? String(UnicodeScalar($0)) : "." }.joined()
    return "\(start): \(numbers)  |\(text)|"
  }

  private static func isVisible(_ byte: UInt8) -> Bool { (0x20...0x7E).contains(byte) }
  private static func hex(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16)
    return digits.count == 1 ? "0\(digits)" : digits
  }
}
