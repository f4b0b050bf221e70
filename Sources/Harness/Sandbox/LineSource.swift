import Glibc
import SystemPackage

/// The runner's end of a child's output: the bytes that have arrived, split into complete lines.
///
/// After `limit` bytes, the source reads nothing more, and behaves as if it had reached end of file. If a child writes
/// only responses to commands, only the bytes that have not been consumed yet count.
final class LineSource {
  private let end: OwnedDescriptor
  private(set) var isEnded = false
  private(set) var isFlooded = false
  /// The received bytes; the bytes before `start` have already been returned.
  private var bytes: [UInt8] = []
  private var start = 0
  /// The index at which the search for the next newline continues.
  private var searched = 0
  private var remaining: Int
  /// All received bytes; nil unless they are recorded.
  private(set) var recorded: [UInt8]?
  private let countsUntakenOnly: Bool

  init(_ end: OwnedDescriptor, limit: Int = 1 << 22, countsUntakenOnly: Bool = false) {
    self.end = end
    self.countsUntakenOnly = countsUntakenOnly
    remaining = limit
  }

  /// Records all bytes received from now on, so that they can be compared as a whole.
  func record() { recorded = recorded ?? [] }

  var descriptor: Int32 { end.number }

  /// The inode number that identifies the pipe in `/proc`.
  var inode: UInt64 { inodeOfFile(descriptor) }

  var hasLine: Bool { endOfLine() != nil }

  /// The next complete line, which remains in the source.
  var firstLine: String? { endOfLine().map { String(decoding: bytes[start..<$0], as: UTF8.self) } }

  /// Removes and returns the next complete line, without its newline.
  func nextLine() -> String? {
    guard let end = endOfLine() else { return nil }
    defer { take(through: end + 1) }
    return String(decoding: bytes[start..<end], as: UTF8.self)
  }

  /// Removes and returns an incomplete last line, once the source has ended.
  func takeRest() -> String? {
    guard isEnded, start < bytes.count, !hasLine else { return nil }
    defer { take(through: bytes.count) }
    return String(decoding: bytes[start...], as: UTF8.self)
  }

  /// Removes and returns the next complete line or, once the source has ended, an incomplete last line.
  func nextOutputLine() -> OutputLine? {
    if let end = endOfLine() {
      defer { take(through: end + 1) }
      return OutputLine(bytes[start..<end])
    }
    guard isEnded, start < bytes.count else { return nil }
    defer { take(through: bytes.count) }
    return OutputLine(bytes[start...])
  }

  /// Removes and returns all remaining lines, including an incomplete last line.
  func remainingLines() -> [String] {
    bytes[start...].split(separator: Self.newline, omittingEmptySubsequences: true).map {
      String(decoding: $0, as: UTF8.self)
    }
  }

  private static let newline = UInt8(ascii: "\n")

  private func endOfLine() -> Int? {
    let found = unsafe bytes.withUnsafeBytes { buffer -> Int? in
      guard let first = buffer.baseAddress, searched < buffer.count,
        let found = unsafe memchr(first + searched, Int32(Self.newline), buffer.count - searched)
      else { return nil }
      return unsafe UnsafeRawPointer(found) - first
    }
    guard let end = found else {
      searched = bytes.count
      return nil
    }
    searched = end
    return end
  }

  private func take(through end: Int) {
    if countsUntakenOnly { remaining += end - start }
    (start, searched) = (end, end)
    guard end == bytes.count else { return }
    bytes.removeAll(keepingCapacity: true)
    (start, searched) = (0, 0)
  }

  /// Reads the available bytes after `poll(2)` reports input.
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
      unsafe recorded?.append(contentsOf: buffer)
    }
  }
}

/// A line of a program's output.
struct OutputLine: Sendable {
  /// The line as text, in which U+FFFD replaces invalid UTF-8.
  let text: String
  /// The bytes of the line; nil if they are valid UTF-8, and therefore those of ``text``.
  private let invalid: [UInt8]?

  init(_ bytes: some Collection<UInt8>) {
    text = String(decoding: bytes, as: UTF8.self)
    invalid = text.utf8.elementsEqual(bytes) ? nil : Array(bytes)
  }

  /// Returns whether the line has exactly the bytes of `other`.
  func isEqual(to other: String) -> Bool {
    invalid.map { $0.elementsEqual(other.utf8) } ?? text.utf8.elementsEqual(other.utf8)
  }

  /// Returns whether the bytes of `other` occur in the line.
  func contains(_ other: String) -> Bool {
    invalid.map { $0.contains(other.utf8) } ?? text.utf8.contains(other.utf8)
  }
}

/// Waits for up to `timeout` until one of `sources` has input, and reads the input.
func waitForInput(_ sources: [LineSource], timeout: Duration) {
  let open = sources.filter { !$0.isEnded }
  var polled = open.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
  guard unsafe poll(&polled, nfds_t(polled.count), milliseconds(timeout)) > 0 else { return }
  for (source, entry) in zip(open, polled) where entry.revents != 0 { source.receive() }
}

/// Returns the timeout for `poll(2)` in milliseconds, rounded up so that the wait does not end early.
func milliseconds(_ timeout: Duration) -> Int32 {
  let (seconds, attoseconds) = max(timeout, .zero).components
  return Int32(clamping: seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
}
