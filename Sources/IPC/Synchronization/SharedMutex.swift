internal import CIPC
internal import Synchronization
internal import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// A process-shared mutex (`pthread_mutex_t`) in shared memory.
///
/// By default, the mutex is robust: locking it reports whether the previous owner died while holding it
/// (``LockOutcome/ownerDied``). The mutex also checks for errors: a thread cannot lock the mutex twice, or unlock it
/// without holding it. A mutex created by a C program may have a different ``Kind``.
///
/// ```swift
/// let mutex = try SharedMutex.create(in: region, at: 0)
/// // In another process:
/// let mutex = try SharedMutex.open(in: region, at: 0)
///
/// try mutex.withLock(recover: { try region.store(UInt64(0), at: 64) }) {
///   try region.store(try region.load(as: UInt64.self, at: 64) + 1, at: 64)
/// }
/// ```
///
/// The thread that locked the mutex must unlock it.
///
/// `pthread_mutexattr_setrobust(3)`, `pthread_mutexattr_setpshared(3)`.
@safe public struct SharedMutex: ~Copyable, @unchecked Sendable {
  let address: UnsafeMutablePointer<pthread_mutex_t>
  let region: SharedRegion
  /// How many times this value has locked the mutex without unlocking it; above 1 only for a recursive mutex.
  ///
  /// Only the mutex's owner changes this count. If the mutex was unlocked through another value, the region can stay
  /// mapped longer than necessary, but it is never unmapped while the mutex is locked.
  let lockCount = Atomic(0)

  /// The number of bytes that a mutex occupies in shared memory: 40 with glibc on x86-64.
  public static var size: Int { unsafe MemoryLayout<pthread_mutex_t>.size }

  private init(_ address: UnsafeMutablePointer<pthread_mutex_t>, _ region: SharedRegion) {
    unsafe self.address = address
    self.region = region
  }

  // The C library keeps a linked list of the mutexes that a thread has locked, and writes to their memory when the
  // thread locks or unlocks another mutex.
  deinit {
    let count = lockCount.load(ordering: .relaxed)
    if count > 0 { unsafe region.hold(address, count) }
  }

  /// Returns the mutex created by another process at this offset; its bytes are not checked.
  ///
  /// - Parameters:
  ///   - region: The memory that all processes share.
  ///   - offset: The offset in bytes; a multiple of 8.
  /// - Returns: The mutex, which keeps the region mapped.
  /// - Throws: ``IPCError`` with `.badAddress` if the offset is outside the region or past the end of the mapped
  ///   object; `.invalidArgument` if it is not a multiple of 8.
  public static func open(in region: SharedRegion, at offset: Int) throws(IPCError) -> SharedMutex {
    unsafe SharedMutex(try region.place(pthread_mutex_t.self, at: offset), region)
  }

  /// The behavior when the owner locks the mutex again, or another thread unlocks it.
  public enum Kind: Hashable, Sendable {
    /// If the owner locks the mutex again, the call throws `.deadlock`; unlocking from another thread throws
    /// `.notPermitted`.
    case errorChecking
    /// The owner can lock the mutex several times, and must unlock it the same number of times. Unlocking it from
    /// another thread throws `.notPermitted`.
    case recursive
    /// If the owner locks the mutex again, the call blocks forever. Unlocking the mutex from another thread is
    /// undefined, unless the mutex is robust.
    case normal

    fileprivate var type: Int32 {
      switch self {
      case .errorChecking: Int32(PTHREAD_MUTEX_ERRORCHECK)
      case .recursive: Int32(PTHREAD_MUTEX_RECURSIVE)
      case .normal: Int32(PTHREAD_MUTEX_NORMAL)
      }
    }
  }

  /// Creates an unlocked mutex.
  ///
  /// Do not call this while a mutex at this offset is in use.
  ///
  /// - Parameters:
  ///   - region: The memory that all processes share.
  ///   - offset: The offset in bytes; a multiple of 8.
  ///   - kind: The behavior when the owner locks the mutex again.
  ///   - isRobust: Whether locking reports an owner's death. If false, a mutex whose owner has died stays locked
  ///     forever.
  ///   - inheritsPriority: Whether the owner runs at the highest priority of the waiting threads.
  /// - Returns: The mutex, which keeps the region mapped.
  /// - Throws: Any error from ``open(in:at:)``.
  ///
  /// Calls `pthread_mutex_init(3)` with `PTHREAD_PROCESS_SHARED`, by default `PTHREAD_MUTEX_ROBUST` and
  /// `PTHREAD_MUTEX_ERRORCHECK`.
  public static func create(
    in region: SharedRegion, at offset: Int, kind: Kind = .errorChecking, isRobust: Bool = true,
    inheritsPriority: Bool = false
  ) throws(IPCError) -> SharedMutex {
    let mutex = try open(in: region, at: offset)
    var attributes = pthread_mutexattr_t()
    try Syscall.pthread(.pthreadMutexattrInit) { unsafe pthread_mutexattr_init(&attributes) }
    defer { _ = unsafe pthread_mutexattr_destroy(&attributes) }
    try Syscall.pthread(.pthreadMutexattrSetShared) {
      unsafe pthread_mutexattr_setpshared(&attributes, Int32(PTHREAD_PROCESS_SHARED))
    }
    try Syscall.pthread(.pthreadMutexattrSetRobust) {
      unsafe pthread_mutexattr_setrobust(
        &attributes, Int32(isRobust ? PTHREAD_MUTEX_ROBUST : PTHREAD_MUTEX_STALLED))
    }
    try Syscall.pthread(.pthreadMutexattrSetType) { unsafe pthread_mutexattr_settype(&attributes, kind.type) }
    if inheritsPriority {
      try Syscall.pthread(.pthreadMutexattrSetProtocol) {
        unsafe pthread_mutexattr_setprotocol(&attributes, Int32(PTHREAD_PRIO_INHERIT))
      }
    }
    try Syscall.pthread(.pthreadMutexInit) { unsafe pthread_mutex_init(mutex.address, &attributes) }
    return mutex
  }

  /// Destroys the mutex.
  ///
  /// The caller must ensure that the mutex is not locked, and must not use it afterwards.
  ///
  /// Calls `pthread_mutex_destroy(3)`.
  public consuming func destroy() throws(IPCError) {
    let code = unsafe pthread_mutex_destroy(address)
    if code != 0 { throw failure(.pthreadMutexDestroy, code) }
  }
}

extension SharedMutex {
  /// The state in which a call found the mutex; in both cases, the mutex is now locked.
  public enum LockOutcome: Hashable, Sendable {
    /// The mutex had no owner, or its owner unlocked it.
    case acquired
    /// The previous owner died while holding the mutex, so the protected data may be inconsistent.
    ///
    /// Repair the data, and call ``SharedMutex/makeConsistent()``. If the mutex is unlocked without that call, every
    /// later attempt to lock it throws `.notRecoverable`.
    case ownerDied
  }

  /// Locks the mutex, waiting until it is free.
  ///
  /// Signals do not interrupt this call. While the mutex is locked, its memory stays mapped, even if all values that
  /// refer to the mutex are destroyed.
  ///
  /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate``, `.resourceBusy` (`EBUSY`); `.deadlock` if
  ///   this thread already holds the mutex; `.notRecoverable` if an owner died and the mutex was not made consistent.
  ///
  /// Calls `pthread_mutex_lock(3)`, `pthread_mutex_trylock(3)`, or `pthread_mutex_clocklock(3)` with `CLOCK_MONOTONIC`.
  public func lock(timeout: Timeout = .never) throws(IPCError) -> LockOutcome {
    let code = timeout.isNever ? unsafe pthread_mutex_lock(address) : lock(until: timeout)
    if code == 0 {
      rememberLock()
      return .acquired
    }
    return try outcome(code, timeout)
  }

  /// Locks the mutex if it is free.
  ///
  /// - Returns: The state in which the mutex was found; nil if another thread holds it.
  /// - Throws: Any error from ``lock(timeout:)``.
  ///
  /// Calls `pthread_mutex_trylock(3)`.
  public func tryLock() throws(IPCError) -> LockOutcome? {
    let code = unsafe pthread_mutex_trylock(address)
    return code == EBUSY ? nil : try outcome(code, .immediate)
  }

  /// Unlocks the mutex.
  ///
  /// - Throws: ``IPCError`` with `.notPermitted` if this thread does not hold the mutex.
  ///
  /// Calls `pthread_mutex_unlock(3)`.
  public func unlock() throws(IPCError) {
    // Do this before unlocking, because another thread can lock the mutex through this value afterwards.
    let wasLocked = forgetLock()
    let code = unsafe pthread_mutex_unlock(address)
    if code != 0 {
      if wasLocked { rememberLock() }
      throw failure(.pthreadMutexUnlock, code)
    }
  }

  /// Locks the mutex, calls `body`, and unlocks the mutex.
  ///
  /// - Parameters:
  ///   - timeout: How long to wait for the mutex.
  ///   - recover: A function that repairs the data protected by the mutex if the previous owner died with the mutex
  ///     locked. When the function returns, this method marks the mutex as consistent. If `recover` is nil, the call
  ///     throws `.ownerDied` instead, and every later attempt to lock the mutex throws `.notRecoverable`.
  ///   - body: The code to run. It must not wait for another process or thread that needs the mutex.
  /// - Returns: The result of `body`.
  /// - Throws: Any error from ``lock(timeout:)``, `recover` or `body`; ``IPCError`` with `.ownerDied`.
  @inlinable
  public func withLock<Result: ~Copyable>(
    timeout: Timeout = .never, recover: (() throws -> Void)? = nil, _ body: () throws -> Result
  ) throws -> Result {
    if try lock(timeout: timeout) == .ownerDied { try self.recover(recover) }
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

  /// Marks the data protected by the mutex as repaired, after ``LockOutcome/ownerDied``.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` if the mutex is not in that state.
  ///
  /// Calls `pthread_mutex_consistent(3)`.
  public func makeConsistent() throws(IPCError) {
    let code = unsafe pthread_mutex_consistent(address)
    if code != 0 { throw failure(.pthreadMutexConsistent, code) }
  }
}

extension SharedMutex {
  private func lock(until timeout: Timeout) -> Int32 {
    if timeout.isImmediate { return unsafe pthread_mutex_trylock(address) }
    let deadline = timeout.monotonicTime
    return unsafe cipc_mutex_lock_until(address, deadline.seconds, deadline.nanoseconds)
  }

  @inline(never)
  private func outcome(_ code: Int32, _ timeout: Timeout) throws(IPCError) -> LockOutcome {
    guard code == 0 || code == EOWNERDEAD else {
      throw failure(
        timeout.isNever
          ? .pthreadMutexLock : timeout.isImmediate ? .pthreadMutexTryLock : .pthreadMutexClockLock, code)
    }
    rememberLock()
    return code == 0 ? .acquired : .ownerDied
  }

  @inline(__always)
  private func rememberLock() { lockCount.store(lockCount.load(ordering: .relaxed) &+ 1, ordering: .relaxed) }

  @inline(never)
  private func failure(_ call: IPCError.Call, _ code: Int32) -> IPCError {
    IPCError(call, Errno(rawValue: code), on: region.object)
  }

  @usableFromInline @inline(never)
  func recover(_ repair: (() throws -> Void)?) throws {
    do {
      guard let repair else { throw failure(.pthreadMutexLock, EOWNERDEAD) }
      try repair()
      try makeConsistent()
    } catch {
      try unlock()
      throw error
    }
  }

  /// Stops keeping a locked mutex's memory mapped.
  ///
  /// - Returns: Whether this value had locked the mutex, or the region was kept mapped for the mutex.
  func forgetLock() -> Bool {
    let count = lockCount.load(ordering: .relaxed)
    if count > 0 {
      lockCount.store(count &- 1, ordering: .relaxed)
      return true
    }
    return unsafe region.letGo(address)
  }
}
