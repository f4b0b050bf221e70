internal import CIPC
internal import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// A process-shared read-write lock (`pthread_rwlock_t`) in shared memory: many readers or one writer.
///
/// ```swift
/// let lock = try SharedRWLock.create(in: region, at: 0)
/// // In another process:
/// let lock = try SharedRWLock.open(in: region, at: 0)
///
/// let price = try lock.withLock(.shared) { try region.load(as: UInt64.self, at: 128) }
/// try lock.withLock(.exclusive) { try region.store(price + 1, at: 128) }
/// ```
///
/// The thread that acquired the lock must release it. The lock is not robust: if a process dies while it holds the lock
/// or waits for it, the lock can stay locked forever, and no call reports the death. If processes may be killed, pass a
/// timeout to every lock call, or use a ``SharedMutex``.
///
/// `pthread_rwlock_init(3)`, `pthread_rwlockattr_setpshared(3)`.
@safe public struct SharedRWLock: ~Copyable, @unchecked Sendable {
  private let address: UnsafeMutablePointer<pthread_rwlock_t>
  private let region: SharedRegion

  /// The number of bytes that a lock occupies in shared memory: 56 with glibc on x86-64.
  public static var size: Int { MemoryLayout<pthread_rwlock_t>.size }

  private init(_ address: UnsafeMutablePointer<pthread_rwlock_t>, _ region: SharedRegion) {
    unsafe self.address = address
    self.region = region
  }

  /// Returns the lock created by another process at this offset; its bytes are not checked.
  ///
  /// - Parameters:
  ///   - region: The memory that all processes share.
  ///   - offset: The offset in bytes; a multiple of 8.
  /// - Returns: The lock, which keeps the region mapped.
  /// - Throws: ``IPCError`` with `.badAddress` if the offset is outside the region or past the end of the mapped
  ///   object; `.invalidArgument` if it is not a multiple of 8.
  public static func open(in region: SharedRegion, at offset: Int) throws(IPCError) -> SharedRWLock {
    unsafe SharedRWLock(try region.place(pthread_rwlock_t.self, at: offset), region)
  }

  /// Creates an unlocked lock.
  ///
  /// Do not call this while a lock at this offset is in use.
  ///
  /// - Parameters:
  ///   - region: The memory that all processes share.
  ///   - offset: The offset in bytes; a multiple of 8.
  /// - Returns: The lock, which keeps the region mapped.
  /// - Throws: Any error from ``open(in:at:)``.
  ///
  /// Calls `pthread_rwlock_init(3)` with `PTHREAD_PROCESS_SHARED`.
  public static func create(in region: SharedRegion, at offset: Int) throws(IPCError) -> SharedRWLock {
    let lock = try open(in: region, at: offset)
    var attributes = pthread_rwlockattr_t()
    try Syscall.pthread(.pthreadRWLockattrInit) { unsafe pthread_rwlockattr_init(&attributes) }
    defer { _ = unsafe pthread_rwlockattr_destroy(&attributes) }
    try Syscall.pthread(.pthreadRWLockattrSetShared) {
      unsafe pthread_rwlockattr_setpshared(&attributes, Int32(PTHREAD_PROCESS_SHARED))
    }
    try Syscall.pthread(.pthreadRWLockInit) { unsafe pthread_rwlock_init(lock.address, &attributes) }
    return lock
  }

  /// Destroys the lock.
  ///
  /// The caller must ensure that no thread holds the lock, and must not use it afterwards.
  ///
  /// Calls `pthread_rwlock_destroy(3)`.
  public consuming func destroy() throws(IPCError) {
    try check(.pthreadRWLockDestroy, unsafe pthread_rwlock_destroy(address))
  }
}

extension SharedRWLock {
  /// Acquires the lock, waiting while another thread holds a conflicting lock.
  ///
  /// Any number of threads can hold a shared lock. An exclusive lock excludes all others. Signals do not interrupt this
  /// call.
  ///
  /// - Parameters:
  ///   - mode: `.shared` to read, `.exclusive` to write.
  ///   - timeout: How long to wait.
  /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate``, `.resourceBusy` (`EBUSY`). If this thread
  ///   already holds a conflicting lock, the call may throw `.deadlock`, or wait forever.
  ///
  /// Calls `pthread_rwlock_rdlock(3)` or `pthread_rwlock_wrlock(3)`; with a timeout, `pthread_rwlock_clockrdlock(3)` or
  /// `pthread_rwlock_clockwrlock(3)` with `CLOCK_MONOTONIC`; for ``Timeout/immediate``, the same calls as
  /// ``tryLock(_:)``.
  public func lock(_ mode: LockMode, timeout: Timeout = .never) throws(IPCError) {
    if timeout.isImmediate { return try check(Self.tryCall(mode), attempt(mode)) }
    if timeout.isNever {
      return switch mode {
      case .shared: try check(.pthreadRWLockReadLock, unsafe pthread_rwlock_rdlock(address))
      case .exclusive: try check(.pthreadRWLockWriteLock, unsafe pthread_rwlock_wrlock(address))
      }
    }
    let deadline = timeout.monotonicTime
    let code = unsafe cipc_rwlock_lock_until(address, mode == .exclusive, deadline.seconds, deadline.nanoseconds)
    try check(mode == .shared ? .pthreadRWLockClockReadLock : .pthreadRWLockClockWriteLock, code)
  }

  /// Acquires the lock if no other thread holds a conflicting lock.
  ///
  /// - Parameter mode: `.shared` to read, `.exclusive` to write.
  /// - Returns: Whether the lock is now held.
  /// - Throws: ``IPCError`` if the C library reports an error.
  ///
  /// Calls `pthread_rwlock_tryrdlock(3)` or `pthread_rwlock_trywrlock(3)`.
  public func tryLock(_ mode: LockMode) throws(IPCError) -> Bool {
    let code = attempt(mode)
    if code == EBUSY { return false }
    try check(Self.tryCall(mode), code)
    return true
  }

  /// Releases this thread's lock.
  ///
  /// The caller must ensure that this thread holds the lock.
  ///
  /// Calls `pthread_rwlock_unlock(3)`.
  public func unlock() throws(IPCError) {
    try check(.pthreadRWLockUnlock, unsafe pthread_rwlock_unlock(address))
  }

  /// Acquires the lock, calls `body`, and releases the lock.
  ///
  /// - Parameters:
  ///   - mode: `.shared` to read, `.exclusive` to write.
  ///   - timeout: How long to wait for the lock.
  ///   - body: The code to run. It must not wait for another process or thread that needs the lock.
  /// - Returns: The result of `body`.
  /// - Throws: Any error from ``lock(_:timeout:)`` or `body`.
  @inlinable
  public func withLock<Result: ~Copyable>(
    _ mode: LockMode, timeout: Timeout = .never, _ body: () throws -> Result
  ) throws -> Result {
    try lock(mode, timeout: timeout)
    let result: Result
    do {
      result = try body()
    } catch {
      try unlock()
      throw error
    }
    try unlock()
    return result
  }

  private func attempt(_ mode: LockMode) -> Int32 {
    mode == .shared ? unsafe pthread_rwlock_tryrdlock(address) : unsafe pthread_rwlock_trywrlock(address)
  }

  private static func tryCall(_ mode: LockMode) -> IPCError.Call {
    mode == .shared ? .pthreadRWLockTryReadLock : .pthreadRWLockTryWriteLock
  }

  @inline(__always)
  private func check(_ call: @autoclosure () -> IPCError.Call, _ code: Int32) throws(IPCError) {
    if code != 0 { throw IPCError(call(), Errno(rawValue: code), on: region.object) }
  }
}
