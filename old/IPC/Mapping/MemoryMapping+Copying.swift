internal import CIPC
internal import SystemPackage

extension MemoryMapping {
  /// Copies bytes of the mapping, from `offset` on, until `buffer` is full. Nothing is allocated.
  ///
  /// - Throws: ``IPCError`` with `.badAddress` when not all of them lie in the mapping, or the object was made shorter
  ///   meanwhile; nothing is appended then.
  ///
  /// Calls `process_vm_readv(2)`.
  public func read(at offset: Int = 0, into buffer: inout OutputRawSpan) throws(IPCError) {
    let source = try unsafe address(offset, buffer.freeCapacity)
    try unsafe buffer.withUnsafeMutableBytes { (bytes, filled) throws(IPCError) in
      try unsafe copy(source, to: UnsafeMutableRawBufferPointer(rebasing: bytes[filled...]))
      filled = bytes.count
    }
  }

  /// A copy of `count` bytes of the mapping, from `offset` on.
  ///
  /// - Throws: As ``read(at:into:)`` does.
  public func bytes(at offset: Int = 0, count: Int) throws(IPCError) -> [UInt8] {
    let source = try unsafe address(offset, count)
    return try unsafe Array(unsafeUninitializedCapacity: count) { (buffer, filled) throws(IPCError) in
      try unsafe copy(source, to: UnsafeMutableRawBufferPointer(buffer))
      filled = count
    }
  }

  /// The one way to the memory: whatever numbers come from outside, it stays inside.
  private func address(_ offset: Int, _ count: Int) throws(IPCError) -> UnsafeMutableRawPointer {
    guard contains(offset, count) else { throw IPCError(call: "memcpy", errno: .badAddress, object: object) }
    return unsafe pages.base + offset
  }

  func contains(_ offset: Int, _ count: Int) -> Bool {
    offset >= 0 && count >= 0 && offset <= size && count <= size - offset
  }

  private func copy(
    _ source: UnsafeMutableRawPointer, to destination: UnsafeMutableRawBufferPointer
  ) throws(IPCError) {
    guard let start = destination.baseAddress else { return }
    try transfer("process_vm_readv", destination.count) { done, rest in
      unsafe cipc_process_vm_read(start + done, source + done, rest)
    }
  }

  /// Copies by calls to the kernel that may stop short: at a page that cannot be reached, which the next call says, and
  /// after 2 GiB.
  private func transfer(
    _ call: String, _ count: Int, _ copy: (_ done: Int, _ rest: Int) -> Int
  ) throws(IPCError) {
    var done = 0
    while done < count {
      let result = Kernel.attempt { copy(done, count - done) }
      switch result {
      case .success(let copied): done += copied
      case .failure(let reason): throw IPCError(call: call, errno: reason, object: object, transferred: done)
      }
    }
  }
}

extension MemoryMapping where Access == ReadWrite {
  /// Copies `bytes` into the mapping, from `offset` on. Nothing is allocated.
  ///
  /// - Throws: ``IPCError`` with `.badAddress` when there is not room for all of them, and nothing was copied; or when the
  ///   object was made shorter meanwhile, and ``IPCError/transferred`` bytes were. So it is when the file system has no
  ///   room for a page that was never written: ``MemoryObject/allocate(_:)`` asks for it beforehand.
  ///
  /// Calls `process_vm_writev(2)`.
  public func write(_ bytes: RawSpan, at offset: Int = 0) throws(IPCError) {
    let destination = try unsafe address(offset, bytes.byteCount)
    try unsafe bytes.withUnsafeBytes { (bytes) throws(IPCError) in
      guard let start = bytes.baseAddress else { return }
      try transfer("process_vm_writev", bytes.count) { done, rest in
        unsafe cipc_process_vm_write(destination + done, start + done, rest)
      }
    }
  }

  /// Like ``write(_:at:)-(RawSpan,_)``, for the bytes of an array or a string.
  public func write(_ bytes: Span<UInt8>, at offset: Int = 0) throws(IPCError) {
    try write(unsafe bytes.bytes, at: offset)
  }
}
