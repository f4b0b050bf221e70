internal import SystemPackage

extension SystemVSharedMemory.Attachment {
  /// Copies bytes of the segment, from `offset` on, until `buffer` is full.
  ///
  /// - Throws: ``IPCError`` with `.badAddress` when not all of them lie in the segment; nothing was copied then.
  public func read(at offset: Int = 0, into buffer: inout OutputRawSpan) throws(IPCError) {
    let source = try unsafe address(offset, buffer.freeCapacity)
    unsafe buffer.withUnsafeMutableBytes { bytes, filled in
      unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[filled...]).copyMemory(
        from: UnsafeRawBufferPointer(source))
      filled = bytes.count
    }
  }

  /// A copy of `count` bytes of the segment, from `offset` on.
  ///
  /// - Throws: ``IPCError`` with `.badAddress` when not all of them lie in the segment.
  public func bytes(at offset: Int = 0, count: Int) throws(IPCError) -> [UInt8] {
    unsafe Array(try address(offset, count))
  }

  /// The one way to the memory: whatever numbers come from outside, it stays inside.
  func address(_ offset: Int, _ count: Int) throws(IPCError) -> UnsafeMutableRawBufferPointer {
    guard offset >= 0, count >= 0, offset <= size, count <= size - offset else {
      throw IPCError(call: "memcpy", errno: .badAddress, object: segment.object)
    }
    return unsafe UnsafeMutableRawBufferPointer(start: base + offset, count: count)
  }
}

extension SystemVSharedMemory.Attachment where Access == ReadWrite {
  /// Copies `bytes` into the segment, from `offset` on.
  ///
  /// - Throws: ``IPCError`` with `.badAddress` when there is not room for all of them; nothing was copied then.
  public func write(_ bytes: RawSpan, at offset: Int = 0) throws(IPCError) {
    let destination = try unsafe address(offset, bytes.byteCount)
    unsafe bytes.withUnsafeBytes { unsafe destination.copyMemory(from: $0) }
  }

  /// Like ``write(_:at:)-(RawSpan,_)``, for the bytes of an array or a string.
  public func write(_ bytes: Span<UInt8>, at offset: Int = 0) throws(IPCError) {
    try write(unsafe bytes.bytes, at: offset)
  }
}
