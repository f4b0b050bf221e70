internal import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// A stream's buffer: bytes are appended at its end and consumed from its start.
@usableFromInline @safe
struct StreamBuffer: ~Copyable, @unchecked Sendable {
  @usableFromInline private(set) var memory: UnsafeMutableRawBufferPointer
  @usableFromInline var start = 0
  @usableFromInline var end = 0

  @usableFromInline
  init(capacity: Int) {
    precondition(capacity > 0, "a buffer must have at least one byte")
    unsafe memory = .allocate(byteCount: capacity, alignment: 16)
  }

  @inlinable deinit { unsafe memory.deallocate() }

  @inlinable var count: Int { end - start }
  @inlinable var capacity: Int { unsafe memory.count }
  @inlinable var freeCapacity: Int { capacity - end }

  /// The free memory at the end of the buffer.
  @inlinable var room: UnsafeMutableRawBufferPointer {
    unsafe UnsafeMutableRawBufferPointer(rebasing: memory[end...])
  }

  /// Ensures that the buffer has free memory at its end.
  ///
  /// The buffer grows only if it is full, to at most one byte more than `length`.
  @usableFromInline
  mutating func makeRoom(for length: Int) {
    if end < capacity { return }
    if start > 0 {
      unsafe memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[start..<end]))
      (start, end) = (0, end - start)
      return
    }
    let needed = length == .max ? length : length + 1
    let (doubled, overflowed) = capacity.multipliedReportingOverflow(by: 2)
    let larger = UnsafeMutableRawBufferPointer.allocate(
      byteCount: overflowed ? needed : min(doubled, needed), alignment: 16)
    unsafe larger.copyMemory(from: UnsafeRawBufferPointer(memory))
    unsafe memory.deallocate()
    unsafe memory = larger
  }

  /// Marks bytes written to ``room`` as part of the contents.
  @inlinable
  mutating func extend(_ count: Int) { end += count }

  @inlinable
  mutating func consume(_ count: Int) {
    start += count
    if start == end { (start, end) = (0, 0) }
  }

  @inlinable
  mutating func append(_ bytes: RawSpan) {
    unsafe bytes.withUnsafeBytes { unsafe room.copyMemory(from: $0) }
    end += bytes.byteCount
  }

  /// Returns the first `count` bytes.
  @inlinable @unsafe
  func bytes(_ count: Int) -> UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(rebasing: memory[start..<start + count])
  }

  /// Consumes `count` bytes, and appends them to an array.
  @usableFromInline
  mutating func move(_ count: Int, to bytes: inout [UInt8]) {
    unsafe bytes.append(contentsOf: memory[start..<start + count])
    consume(count)
  }

  /// Consumes as many bytes as fit in `bytes`, and returns their number.
  @inlinable
  mutating func move(to bytes: inout OutputRawSpan) -> Int {
    let count = min(count, bytes.freeCapacity)
    unsafe bytes.withUnsafeMutableBytes { (buffer, filled) in
      unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: memory[start..<start + count]))
      filled += count
    }
    consume(count)
    return count
  }

  /// Returns the first `count` bytes as text.
  @usableFromInline
  func text(_ count: Int, strippingNewline: Bool) -> String {
    let hasNewline = unsafe memory[start + count - 1] == UInt8(ascii: "\n")
    let end = start + count - (strippingNewline && hasNewline ? 1 : 0)
    return unsafe String(decoding: memory[start..<end], as: UTF8.self)
  }

  /// Finds the first `delimiter` that ends after the first `searched` bytes, and returns the number of bytes up to and
  /// including it.
  @usableFromInline
  func end(of delimiter: UInt8, after searched: Int) -> Int? {
    guard let base = unsafe memory.baseAddress,
      let found = unsafe memchr(base + start + searched, Int32(delimiter), count - searched)
    else { return nil }
    return unsafe UnsafeRawPointer(found) - UnsafeRawPointer(base + start) + 1
  }

  @usableFromInline
  func end(of delimiter: Span<UInt8>, after searched: Int) -> Int? {
    var searched = searched
    while let end = end(of: delimiter[0], after: searched) {
      let length = delimiter.count
      if count < end - 1 + length { return nil }
      let matches = unsafe delimiter.withUnsafeBytes { unsafe memory[(start + end - 1)...].starts(with: $0) }
      if matches { return end - 1 + length }
      searched = end
    }
    return nil
  }

  /// The error for a line that is longer than the caller allows.
  @usableFromInline static var tooLong: IPCError { IPCError(.readLine, .messageTooLong) }
}
