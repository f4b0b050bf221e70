import Glibc
import SystemPackage

/// The harness's end of a child's output: the bytes that came, cut into lines as far as they are whole.
///
/// Who floods is cut off: after `limit` bytes nothing more is read, and the source counts as ended.
final class LineSource {
  private let end: OwnedDescriptor
  private(set) var isEnded = false
  private(set) var isFlooded = false
  private var waiting: ArraySlice<String> = []
  private var partial: [UInt8] = []
  private var remaining: Int

  init(_ end: OwnedDescriptor, limit: Int = 1 << 22) {
    self.end = end
    remaining = limit
  }

  var descriptor: Int32 { end.number }

  var hasLine: Bool { !waiting.isEmpty }

  /// The next whole line, without its end.
  func nextLine() -> String? { waiting.popFirst() }

  /// What came behind the last line end, once nothing more can come.
  func takeRest() -> String? {
    guard isEnded, !partial.isEmpty else { return nil }
    defer { partial = [] }
    return String(decoding: partial, as: UTF8.self)
  }

  /// All lines that have come and were not taken, and a rest that has no line end.
  func everything() -> [String] {
    waiting + (partial.isEmpty ? [] : [String(decoding: partial, as: UTF8.self)])
  }

  /// Reads what is there. Called when `poll(2)` says that there is something.
  func receive() {
    let count = unsafe withUnsafeTemporaryAllocation(byteCount: 65536, alignment: 1) { buffer in
      let count = unsafe read(descriptor, buffer.baseAddress, buffer.count)
      if count > 0 { unsafe take(Array(buffer[..<count])) }
      return count
    }
    if count == 0 || (count == -1 && errno != EAGAIN && errno != EINTR) { isEnded = true }
  }

  private func take(_ bytes: [UInt8]) {
    remaining -= bytes.count
    if remaining < 0 {
      isFlooded = true
      isEnded = true
      return
    }
    for byte in bytes {
      if byte == UInt8(ascii: "\n") {
        waiting.append(String(decoding: partial, as: UTF8.self))
        partial.removeAll(keepingCapacity: true)
      } else {
        partial.append(byte)
      }
    }
  }
}
