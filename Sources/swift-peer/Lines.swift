internal import Glibc

/// A line reader for standard input that returns each line as soon as it arrives.
struct LineInput: ~Copyable {
  enum Line {
    case whole(String)
    case tooLong
  }

  /// The maximum length of a protocol line, including its newline.
  private static let limit = 65_536

  private var buffer = [UInt8](repeating: 0, count: limit)
  /// The part of the buffer that has been read but not yet returned.
  private var pending = 0..<0

  /// Returns the next line without its newline, or nil at end of file.
  mutating func next() -> Line? {
    var isTooLong = false
    while true {
      if let end = buffer[pending].firstIndex(of: UInt8(ascii: "\n")) {
        let line = buffer[pending.lowerBound..<end]
        pending = end + 1..<pending.upperBound
        return isTooLong ? .tooLong : .whole(String(decoding: line, as: UTF8.self))
      }
      if pending.count == Self.limit {
        isTooLong = true
        pending = 0..<0
      }
      guard fill() else { return nil }
    }
  }

  private mutating func fill() -> Bool {
    if pending.lowerBound > 0 {
      buffer.replaceSubrange(0..<pending.count, with: Array(buffer[pending]))
      pending = 0..<pending.count
    }
    while true {
      let count = unsafe buffer[pending.count...].withUnsafeMutableBytes { unsafe read(0, $0.baseAddress, $0.count) }
      if count > 0 {
        pending = 0..<pending.count + count
        return true
      }
      if count == 0 || errno != EINTR { return false }
    }
  }
}

/// Writes a line to standard output; exits if standard output has no reader.
func writeLine(_ line: String) {
  var rest = ArraySlice(Array(line.utf8) + [UInt8(ascii: "\n")])
  while !rest.isEmpty {
    let count = unsafe rest.withUnsafeBytes { unsafe write(1, $0.baseAddress, $0.count) }
    if count > 0 {
      rest = rest.dropFirst(count)
    } else if errno != EINTR {
      exit(EXIT_FAILURE)
    }
  }
}
