internal import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// A process-shared barrier (`pthread_barrier_t`) in shared memory: each thread waits until all have arrived.
///
/// ```swift
/// let barrier = try SharedBarrier.create(in: region, at: 0, count: 4)
/// // In the other three processes:
/// let barrier = try SharedBarrier.open(in: region, at: 0)
///
/// for step in 0..<1000 {
///   try compute(step)
///   if try barrier.wait() { try merge(step) }
///   _ = try barrier.wait()
/// }
/// ```
///
/// A thread's stores before the wait are visible to all threads after the wait. A wait has no timeout, and a barrier
/// does not detect the death of a process: if a process dies before it arrives, the others wait forever.
///
/// `pthread_barrier_init(3)`, `pthread_barrierattr_setpshared(3)`.
@safe public struct SharedBarrier: ~Copyable, @unchecked Sendable {
  private let address: UnsafeMutablePointer<pthread_barrier_t>
  private let region: SharedRegion

  /// The number of bytes that a barrier occupies in shared memory: 32 with glibc on x86-64.
  public static var size: Int { MemoryLayout<pthread_barrier_t>.size }

  private init(_ address: UnsafeMutablePointer<pthread_barrier_t>, _ region: SharedRegion) {
    unsafe self.address = address
    self.region = region
  }

  /// Returns the barrier created by another process at this offset; its bytes are not checked.
  ///
  /// - Parameters:
  ///   - region: The memory that all processes share.
  ///   - offset: The offset in bytes; a multiple of 8.
  /// - Returns: The barrier, which keeps the region mapped.
  /// - Throws: ``IPCError`` with `.badAddress` if the offset is outside the region or past the end of the mapped
  ///   object; `.invalidArgument` if it is not a multiple of 8.
  public static func open(in region: SharedRegion, at offset: Int) throws(IPCError) -> SharedBarrier {
    unsafe SharedBarrier(try region.place(pthread_barrier_t.self, at: offset), region)
  }

  /// Creates a barrier.
  ///
  /// Do not call this while a barrier at this offset is in use.
  ///
  /// - Parameters:
  ///   - region: The memory that all processes share.
  ///   - offset: The offset in bytes; a multiple of 8.
  ///   - count: The number of threads that must arrive, across all processes.
  /// - Returns: The barrier, which keeps the region mapped.
  /// - Throws: Any error from ``open(in:at:)``, and `.invalidArgument` if the count is 0.
  ///
  /// Calls `pthread_barrier_init(3)` with `PTHREAD_PROCESS_SHARED`.
  public static func create(
    in region: SharedRegion, at offset: Int, count: UInt32
  ) throws(IPCError) -> SharedBarrier {
    let barrier = try open(in: region, at: offset)
    var attributes = pthread_barrierattr_t()
    try Syscall.pthread(.pthreadBarrierattrInit) { unsafe pthread_barrierattr_init(&attributes) }
    defer { _ = unsafe pthread_barrierattr_destroy(&attributes) }
    try Syscall.pthread(.pthreadBarrierattrSetShared) {
      unsafe pthread_barrierattr_setpshared(&attributes, Int32(PTHREAD_PROCESS_SHARED))
    }
    try Syscall.pthread(.pthreadBarrierInit) { unsafe pthread_barrier_init(barrier.address, &attributes, count) }
    return barrier
  }

  /// Waits until all of the barrier's threads have arrived.
  ///
  /// The barrier can then be reused. Signals do not interrupt this call.
  ///
  /// - Returns: true in exactly one thread (`PTHREAD_BARRIER_SERIAL_THREAD`), which can perform work that must be done
  ///   only once.
  /// - Throws: ``IPCError`` if the C library reports an error.
  ///
  /// Calls `pthread_barrier_wait(3)`.
  public func wait() throws(IPCError) -> Bool {
    let code = unsafe pthread_barrier_wait(address)
    if code == PTHREAD_BARRIER_SERIAL_THREAD { return true }
    if code != 0 { throw failure(.pthreadBarrierWait, code) }
    return false
  }

  /// Destroys the barrier, after all threads have left it.
  ///
  /// No thread may use it afterwards.
  ///
  /// Calls `pthread_barrier_destroy(3)`.
  public consuming func destroy() throws(IPCError) {
    let code = unsafe pthread_barrier_destroy(address)
    if code != 0 { throw failure(.pthreadBarrierDestroy, code) }
  }

  @inline(never)
  private func failure(_ call: IPCError.Call, _ code: Int32) -> IPCError {
    IPCError(call, Errno(rawValue: code), on: region.object)
  }
}
