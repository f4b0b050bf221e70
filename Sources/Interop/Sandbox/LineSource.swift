import Glibc
import SystemPackage

/// The harness's end of a child's output: the bytes that came, cut into lines as far as they are whole.
///
/// Who floods is cut off: after `limit` bytes nothing more is read, and the source counts as ended. Of one that says as much
/// as it is asked for, only what nobody has taken yet counts.
final class LineSource {
  private let end: OwnedDescriptor
  private(set) var isEnded = false
  private(set) var isFlooded = false
  /// What has come, of which what is before `start` was taken. A short line costs no more than its bytes until it is.
  private var bytes: [UInt8] = []
  private var start = 0
  /// Before it there is no line end that was not taken.
  private var looked = 0
  private var remaining: Int
  private let isAsked: Bool

  init(_ end: OwnedDescriptor, limit: Int = 1 << 22, isAsked: Bool = false) {
    self.end = end
    self.isAsked = isAsked
    remaining = limit
  }

  var descriptor: Int32 { end.number }

  var hasLine: Bool { endOfLine() != nil }

  /// The next whole line, without its end.
  func nextLine() -> String? {
    guard let end = endOfLine() else { return nil }
    defer { take(through: end + 1) }
    return String(decoding: bytes[start..<end], as: UTF8.self)
  }

  /// What came behind the last line end, once nothing more can come.
  func takeRest() -> String? {
    guard isEnded, start < bytes.count, !hasLine else { return nil }
    defer { take(through: bytes.count) }
    return String(decoding: bytes[start...], as: UTF8.self)
  }

  /// All lines that have come and were not taken, and a rest that has no line end.
  func everything() -> [String] {
    bytes[start...].split(separator: Self.newline, omittingEmptySubsequences: true).map {
      String(decoding: $0, as: UTF8.self)
    }
  }

  private static let newline = UInt8(ascii: "\n")

  private func endOfLine() -> Int? {
    guard let end = bytes[looked...].firstIndex(of: Self.newline) else {
      looked = bytes.count
      return nil
    }
    looked = end
    return end
  }

  private func take(through end: Int) {
    if isAsked { remaining += end - start }
    (start, looked) = (end, end)
    guard end == bytes.count else { return }
    bytes.removeAll(keepingCapacity: true)
    (start, looked) = (0, 0)
  }

  /// Reads what is there. Called when `poll(2)` says that there is something.
  func receive() {
    let count = unsafe withUnsafeTemporaryAllocation(byteCount: 65536, alignment: 1) { buffer in
      let count = unsafe read(descriptor, buffer.baseAddress, buffer.count)
      if count > 0 { unsafe receive(UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
      return count
    }
    if count == 0 || (count == -1 && errno != EAGAIN && errno != EINTR) { isEnded = true }
  }

  private func receive(_ buffer: UnsafeRawBufferPointer) {
    remaining -= buffer.count
    if remaining < 0 {
      isFlooded = true
      isEnded = true
    } else {
      unsafe bytes.append(contentsOf: buffer)
    }
  }
}
