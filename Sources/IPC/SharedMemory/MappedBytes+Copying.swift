internal import CIPC
internal import SystemPackage

// Copies that do not die with SIGBUS: the kernel copies where the object may become shorter, at the cost of a system call.
extension MappedBytes where Self: ~Copyable {
  /// Returns a copy of `count` bytes, starting at `offset`.
  ///
  /// - Throws: As ``copy(at:into:)`` does.
  public func copyBytes(at offset: Int = 0, count: Int) throws(IPCError) -> [UInt8] {
    let source = try unsafe place(count, 1, at: offset)
    return try unsafe Array(unsafeUninitializedCapacity: count) { (buffer, filled) throws(IPCError) in
      try unsafe copyOut(source, to: UnsafeMutableRawBufferPointer(buffer))
      filled = count
    }
  }

  /// Copies bytes, starting at `offset`, until `buffer` is full. Nothing is allocated.
  ///
  /// If the object becomes shorter meanwhile, this throws where an access in place would raise `SIGBUS`.
  ///
  /// - Throws: ``IPCError`` with `.badAddress` outside the memory, or beyond the end of the object. Nothing is appended to
  ///   `buffer` then.
  ///
  /// Calls `process_vm_readv(2)` if ``canShrink``.
  public func copy(at offset: Int = 0, into buffer: inout OutputRawSpan) throws(IPCError) {
    let source = try unsafe place(buffer.freeCapacity, 1, at: offset)
    try unsafe buffer.withUnsafeMutableBytes { (bytes, filled) throws(IPCError) in
      try unsafe copyOut(source, to: UnsafeMutableRawBufferPointer(rebasing: bytes[filled...]))
      filled = bytes.count
    }
  }

  private func copyOut(
    _ source: UnsafeMutableRawPointer, to destination: UnsafeMutableRawBufferPointer
  ) throws(IPCError) {
    defer { extendLifetime(self) }
    guard let start = destination.baseAddress else { return }
    guard canShrink else {
      unsafe start.copyMemory(from: source, byteCount: destination.count)
      return
    }
    try copyByKernel(.processVMRead, destination.count) { done, rest in
      unsafe cipc_process_vm_read(start + done, source + done, rest)
    }
  }

  /// The kernel stops before a page that cannot be reached, which the next call reports, and after 2 GiB.
  fileprivate func copyByKernel(
    _ call: IPCError.Call, _ count: Int, _ copy: (_ done: Int, _ rest: Int) -> Int
  ) throws(IPCError) {
    var done = 0
    while done < count {
      switch Syscall.result({ copy(done, count - done) }) {
      case .success(let copied): done += copied
      case .failure(let reason): throw IPCError(call, reason, on: object, transferred: done)
      }
    }
  }
}

extension MappedBytes where Self: ~Copyable, Access == ReadWriteAccess {
  /// Copies `bytes` into the memory, starting at `offset`. Nothing is allocated.
  ///
  /// If the object becomes shorter meanwhile, this throws where an access in place would raise `SIGBUS`.
  ///
  /// - Throws: ``IPCError`` with `.badAddress` outside the memory, when nothing was copied; or beyond the end of the object,
  ///   or if its file system is full, when ``IPCError/transferred`` bytes were copied.
  ///   ``MemoryObject/allocate(_:)`` reserves the space in advance.
  ///
  /// Calls `process_vm_writev(2)` if ``canShrink``.
  public func copy(_ bytes: RawSpan, at offset: Int = 0) throws(IPCError) {
    let destination = try unsafe place(bytes.byteCount, 1, at: offset)
    defer { extendLifetime(self) }
    try unsafe bytes.withUnsafeBytes { (bytes) throws(IPCError) in
      guard let start = bytes.baseAddress else { return }
      guard canShrink else {
        unsafe destination.copyMemory(from: start, byteCount: bytes.count)
        return
      }
      try copyByKernel(.processVMWrite, bytes.count) { done, rest in
        unsafe cipc_process_vm_write(destination + done, start + done, rest)
      }
    }
  }

  /// Copies the bytes of an array or a string into the memory, like ``copy(_:at:)-(RawSpan,_)``.
  public func copy(_ bytes: Span<UInt8>, at offset: Int = 0) throws(IPCError) {
    try copy(unsafe bytes.bytes, at: offset)
  }
}
