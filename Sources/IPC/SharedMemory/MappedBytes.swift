internal import CIPC
public import Synchronization
internal import SystemPackage

/// Memory in this process's address space that other processes can map as well: a ``MemoryMapping``, an attached
/// ``SystemVSharedMemory`` segment, or a ``SharedRegion``.
///
/// ```swift
/// let temperature = try memory.load(as: Double.self, at: 16)
/// try memory.store(21.5, at: 16)
/// try memory.withAtomic(UInt64.self, at: 0) { $0.wrappingAdd(1, ordering: .releasing) }
/// ```
///
/// Offsets and counts are checked: an out-of-bounds access throws `.badAddress`, and a misaligned access throws
/// `.invalidArgument`.
///
/// **Concurrent access.** ``load(as:at:)`` and ``store(_:at:)`` are plain memory accesses, as in C. Processes that
/// access the same bytes concurrently must use a ``SharedMutex``, a semaphore or ``withAtomic(_:at:_:)``. Do not wait
/// for another process by calling ``load(as:at:)`` in a loop: the compiler may load the value only once.
///
/// **SIGBUS.** If another process truncates the mapped object, an in-place access past its new end raises `SIGBUS` and
/// kills this process, as in C. If other users can resize the memory, seal it (``MemorySeals/shrink``), or use the
/// calls that copy through the kernel and throw an error instead: ``copyBytes(at:count:)``, ``copy(at:into:)``,
/// ``copy(_:at:)-(RawSpan,_)``. System V segments cannot shrink.
public protocol MappedBytes: ~Copyable {
  /// The access mode of the memory.
  associatedtype Access: MemoryAccess

  /// The number of bytes.
  var size: Int { get }

  /// Whether another process may be able to truncate the object, so that an in-place access raises `SIGBUS`.
  var canShrink: Bool { get }

  /// The object named in errors.
  var object: IPCError.Object? { get }

  /// The address of the first byte, which is valid as long as this value exists.
  @unsafe var baseAddress: UnsafeMutableRawPointer { get }
}

extension MappedBytes where Self: ~Copyable {
  /// Returns the value of type `Value` at `offset`.
  ///
  /// - Parameters:
  ///   - type: A type for which every bit pattern is valid, such as an integer, a floating-point number or a structure
  ///     of these. Do not use `Bool`, an enumeration or a pointer unless you trust the writer.
  ///   - offset: The offset in bytes; a multiple of the type's alignment.
  /// - Returns: A copy of the value.
  /// - Throws: ``IPCError`` with `.badAddress` if the value would be out of bounds; `.invalidArgument` if the offset is
  ///   misaligned.
  @inlinable @inline(__always)
  public func load<Value: BitwiseCopyable>(
    as type: Value.Type = Value.self, at offset: Int = 0
  ) throws(IPCError) -> Value {
    let address = try unsafe place(MemoryLayout<Value>.size, MemoryLayout<Value>.alignment, at: offset)
    defer { extendLifetime(self) }
    return unsafe address.load(as: Value.self)
  }

  /// Atomically loads the number at `offset`, with acquire ordering.
  ///
  /// After this call, everything that the writer stored before it stored the number is visible. Unlike
  /// ``withAtomic(_:at:_:)``, this method works on read-only memory.
  ///
  /// - Throws: Any error from ``load(as:at:)``.
  @inlinable @inline(__always)
  public func loadAcquiring(as type: UInt32.Type, at offset: Int) throws(IPCError) -> UInt32 {
    let address = try unsafe place(4, MemoryLayout<Atomic<UInt32>>.alignment, at: offset)
    defer { extendLifetime(self) }
    return unsafe address.assumingMemoryBound(to: Atomic<UInt32>.self).pointee.load(ordering: .acquiring)
  }

  /// Returns the byte at `offset`, like ``loadAcquiring(as:at:)-(UInt32.Type,_)``.
  @inlinable @inline(__always)
  public func loadAcquiring(as type: UInt8.Type, at offset: Int) throws(IPCError) -> UInt8 {
    let address = try unsafe place(1, 1, at: offset)
    defer { extendLifetime(self) }
    return unsafe address.assumingMemoryBound(to: Atomic<UInt8>.self).pointee.load(ordering: .acquiring)
  }

  /// Returns the number at `offset`, like ``loadAcquiring(as:at:)-(UInt32.Type,_)``.
  @inlinable @inline(__always)
  public func loadAcquiring(as type: UInt64.Type, at offset: Int) throws(IPCError) -> UInt64 {
    let address = try unsafe place(8, MemoryLayout<Atomic<UInt64>>.alignment, at: offset)
    defer { extendLifetime(self) }
    return unsafe address.assumingMemoryBound(to: Atomic<UInt64>.self).pointee.load(ordering: .acquiring)
  }

  /// Calls `body` with the bytes that start at `offset`, in place.
  ///
  /// - Parameters:
  ///   - offset: The offset in bytes.
  ///   - count: The number of bytes; nil for all bytes up to the end.
  ///   - body: A closure that reads the bytes. The bytes must not be used after the closure returns.
  /// - Returns: The result of `body`.
  /// - Throws: ``IPCError`` with `.badAddress` if the range is out of bounds; any error that `body` throws.
  @inlinable @inline(__always)
  public func withBytes<Result: ~Copyable>(
    at offset: Int = 0, count: Int? = nil, _ body: (RawSpan) throws -> Result
  ) throws -> Result {
    let bytes = try unsafe range(at: offset, count: count)
    defer { extendLifetime(self) }
    return try body(unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(bytes)))
  }

  /// Calls `body` with a pointer to the bytes that start at `offset`.
  ///
  /// The pointer must not outlive the call.
  ///
  /// - Throws: Any error from ``withBytes(at:count:_:)``.
  @unsafe @inlinable @inline(__always)
  public func withUnsafeBytes<Result: ~Copyable>(
    at offset: Int = 0, count: Int? = nil, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result {
    let bytes = try unsafe range(at: offset, count: count)
    defer { extendLifetime(self) }
    return try unsafe body(UnsafeRawBufferPointer(bytes))
  }
}

extension MappedBytes where Self: ~Copyable, Access == ReadWriteAccess {
  /// Stores `value` at `offset`.
  ///
  /// - Parameters:
  ///   - value: A value whose type contains no references, such as an integer or a structure of integers.
  ///   - offset: The offset in bytes; a multiple of the type's alignment.
  /// - Throws: ``IPCError`` with `.badAddress` if the value would be out of bounds; `.invalidArgument` if the offset is
  ///   misaligned.
  @inlinable @inline(__always)
  public func store<Value: BitwiseCopyable>(_ value: Value, at offset: Int = 0) throws(IPCError) {
    let address = try unsafe place(MemoryLayout<Value>.size, MemoryLayout<Value>.alignment, at: offset)
    unsafe address.storeBytes(of: value, as: Value.self)
    extendLifetime(self)
  }

  /// Calls `body` with the bytes at `offset` as an atomic value, in place.
  ///
  /// A C program accesses the same bytes as, for example, an `_Atomic uint32_t`.
  ///
  /// - Parameters:
  ///   - type: A type such as `UInt32` or `UInt64`.
  ///   - offset: The offset in bytes; a multiple of the type's size.
  ///   - body: A closure that uses the atomic value. The value must not be used after the closure returns.
  /// - Returns: The result of `body`.
  /// - Throws: ``IPCError`` with `.badAddress` if the value would be out of bounds; `.invalidArgument` if the offset is
  ///   misaligned; any error that `body` throws.
  @inlinable @inline(__always)
  public func withAtomic<Value: AtomicRepresentable, Result: ~Copyable>(
    _ type: Value.Type, at offset: Int, _ body: (borrowing Atomic<Value>) throws -> Result
  ) throws -> Result {
    let address = try unsafe place(MemoryLayout<Atomic<Value>>.size, MemoryLayout<Atomic<Value>>.alignment, at: offset)
    defer { extendLifetime(self) }
    return try unsafe body(address.assumingMemoryBound(to: Atomic<Value>.self).pointee)
  }

  /// Calls `body` with the bytes that start at `offset`, in place, so that it can change them.
  ///
  /// - Throws: Any error from ``withBytes(at:count:_:)``.
  @inlinable @inline(__always)
  public func withMutableBytes<Result: ~Copyable>(
    at offset: Int = 0, count: Int? = nil, _ body: (inout MutableRawSpan) throws -> Result
  ) throws -> Result {
    let bytes = try unsafe range(at: offset, count: count)
    defer { extendLifetime(self) }
    var span = unsafe MutableRawSpan(_unsafeBytes: bytes)
    return try body(&span)
  }

  /// Calls `body` with a mutable pointer to the bytes that start at `offset`.
  ///
  /// The pointer must not outlive the call.
  ///
  /// - Throws: Any error from ``withBytes(at:count:_:)``.
  @unsafe @inlinable @inline(__always)
  public func withUnsafeMutableBytes<Result: ~Copyable>(
    at offset: Int = 0, count: Int? = nil, _ body: (UnsafeMutableRawBufferPointer) throws -> Result
  ) throws -> Result {
    let bytes = try unsafe range(at: offset, count: count)
    defer { extendLifetime(self) }
    return try unsafe body(bytes)
  }
}

extension MappedBytes where Self: ~Copyable {
  /// Whether another process may be able to truncate the object; true by default.
  public var canShrink: Bool { true }

  /// Returns the address of `count` bytes after checking the bounds; all accesses use this method.
  @inlinable @inline(__always)
  func place(_ count: Int, _ alignment: Int, at offset: Int) throws(IPCError) -> UnsafeMutableRawPointer {
    guard offset >= 0, count >= 0, offset <= size &- count else { throw outOfBounds(object) }
    let address = unsafe baseAddress + offset
    guard UInt(bitPattern: address) & UInt(alignment &- 1) == 0 else { throw misaligned(object) }
    return unsafe address
  }

  @inlinable @inline(__always)
  func range(at offset: Int, count: Int?) throws(IPCError) -> UnsafeMutableRawBufferPointer {
    let count = count ?? max(0, size &- max(0, offset))
    return unsafe UnsafeMutableRawBufferPointer(start: try place(count, 1, at: offset), count: count)
  }
}

@usableFromInline @inline(never)
func outOfBounds(_ object: IPCError.Object?) -> IPCError { IPCError(.memcpy, .badAddress, on: object) }

@usableFromInline @inline(never)
func misaligned(_ object: IPCError.Object?) -> IPCError { IPCError(.memcpy, .invalidArgument, on: object) }

// These methods copy bytes without raising SIGBUS: if the object can shrink, they make a system call that copies the
// bytes.
extension MappedBytes where Self: ~Copyable {
  /// Returns a copy of `count` bytes, starting at `offset`.
  ///
  /// - Throws: Any error from ``copy(at:into:)``.
  public func copyBytes(at offset: Int = 0, count: Int) throws(IPCError) -> [UInt8] {
    let source = try unsafe place(count, 1, at: offset)
    return try unsafe Array(unsafeUninitializedCapacity: count) { (buffer, filled) throws(IPCError) in
      try unsafe copyOut(source, to: UnsafeMutableRawBufferPointer(buffer))
      filled = count
    }
  }

  /// Copies bytes, starting at `offset`, until `buffer` is full.
  ///
  /// Does not allocate. If the object shrinks during the call, the call throws an error, whereas an in-place access
  /// would raise `SIGBUS`.
  ///
  /// - Throws: ``IPCError`` with `.badAddress` if the range is out of bounds or past the end of the object. In that
  ///   case, nothing is appended to `buffer`.
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

  /// Makes as many system calls as necessary.
  ///
  /// Each call stops after 2 GiB or before an inaccessible page; in the second case, the next call fails.
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
  /// Copies `bytes` into the memory, starting at `offset`.
  ///
  /// Does not allocate. If the object shrinks during the call, the call throws an error, whereas an in-place access
  /// would raise `SIGBUS`.
  ///
  /// - Throws: ``IPCError`` with `.badAddress` if the range is out of bounds, in which case nothing is copied. The call
  ///   throws the same error if the range extends past the end of the object, or if the object's file system is full;
  ///   in that case, ``IPCError/transferred`` bytes were copied. ``MemoryObject/allocate(_:)`` reserves the space in
  ///   advance.
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
