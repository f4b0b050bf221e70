internal import Synchronization
internal import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// A process-shared condition variable (`pthread_cond_t`) in shared memory.
///
/// A thread that has locked a ``SharedMutex`` waits until another thread changes the data protected by the mutex.
///
/// ```swift
/// try mutex.withLock {
///   while try region.load(as: UInt32.self, at: 128) == 0 { _ = try changed.wait(unlocking: mutex) }
/// }
/// ```
///
/// Check the condition in a loop, because another thread may already have changed the data again, and a wait can return
/// without a signal. With glibc, a waiter that was killed can consume a later signal: if processes may be killed, call
/// ``broadcast()``.
///
/// `pthread_cond_init(3)`.
@safe public struct ConditionVariable: ~Copyable, @unchecked Sendable {
  let address: UnsafeMutablePointer<pthread_cond_t>
  let region: SharedRegion
  let clock: Clock

  /// The clock for a condition variable's deadlines; all processes must use the same one.
  public enum Clock: Hashable, Sendable {
    /// `CLOCK_MONOTONIC`.
    case monotonic
    /// `CLOCK_REALTIME`, the default for `pthread_cond_init(3)`. Setting this clock shifts the deadlines.
    case timeOfDay
  }

  /// The number of bytes that a condition variable occupies in shared memory: 48 with glibc on x86-64.
  public static var size: Int { MemoryLayout<pthread_cond_t>.size }

  private init(_ address: UnsafeMutablePointer<pthread_cond_t>, _ region: SharedRegion, _ clock: Clock) {
    unsafe self.address = address
    self.region = region
    self.clock = clock
  }

  /// Returns the condition variable created by another process at this offset; its bytes are not checked.
  ///
  /// - Parameters:
  ///   - region: The memory that all processes share.
  ///   - offset: The offset in bytes; a multiple of 8.
  ///   - clock: The clock that the condition variable was created with.
  /// - Returns: The condition variable, which keeps the region mapped.
  /// - Throws: ``IPCError`` with `.badAddress` if the offset is outside the region or past the end of the mapped
  ///   object; `.invalidArgument` if it is not a multiple of 8.
  public static func open(
    in region: SharedRegion, at offset: Int, clock: Clock = .monotonic
  ) throws(IPCError) -> ConditionVariable {
    unsafe ConditionVariable(try region.place(pthread_cond_t.self, at: offset), region, clock)
  }

  /// Creates a condition variable.
  ///
  /// Do not call this while a condition variable at this offset is in use.
  ///
  /// - Parameters:
  ///   - region: The memory that all processes share.
  ///   - offset: The offset in bytes; a multiple of 8.
  ///   - clock: The clock for its deadlines.
  /// - Returns: The condition variable, which keeps the region mapped.
  /// - Throws: Any error from ``open(in:at:clock:)``.
  ///
  /// Calls `pthread_cond_init(3)` with `PTHREAD_PROCESS_SHARED` and the clock.
  public static func create(
    in region: SharedRegion, at offset: Int, clock: Clock = .monotonic
  ) throws(IPCError) -> ConditionVariable {
    let condition = try open(in: region, at: offset, clock: clock)
    var attributes = pthread_condattr_t()
    try Syscall.pthread(.pthreadCondattrInit) { unsafe pthread_condattr_init(&attributes) }
    defer { _ = unsafe pthread_condattr_destroy(&attributes) }
    try Syscall.pthread(.pthreadCondattrSetShared) {
      unsafe pthread_condattr_setpshared(&attributes, Int32(PTHREAD_PROCESS_SHARED))
    }
    try Syscall.pthread(.pthreadCondattrSetClock) {
      unsafe pthread_condattr_setclock(&attributes, clock == .monotonic ? CLOCK_MONOTONIC : CLOCK_REALTIME)
    }
    try Syscall.pthread(.pthreadCondInit) { unsafe pthread_cond_init(condition.address, &attributes) }
    return condition
  }

  /// Unlocks the mutex, waits until the thread is woken, and relocks the mutex, even if the call throws `.timedOut`.
  ///
  /// Signals do not interrupt this call.
  ///
  /// - Returns: ``SharedMutex/LockOutcome/ownerDied`` if a process died while holding the mutex.
  /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock`; `.notPermitted` if this
  ///   thread does not hold the mutex; `.notRecoverable` for the same reason as in ``SharedMutex/lock(timeout:)``.
  ///
  /// Calls `pthread_cond_wait(3)` or `pthread_cond_timedwait(3)`.
  public func wait(
    unlocking mutex: borrowing SharedMutex, timeout: Timeout = .never
  ) throws(IPCError) -> SharedMutex.LockOutcome {
    let code: Int32
    if timeout.isNever {
      code = unsafe pthread_cond_wait(address, mutex.address)
    } else {
      let deadline = clock == .monotonic ? timeout.monotonicTime : timeout.timeOfDay
      var time = timespec(tv_sec: time_t(deadline.seconds), tv_nsec: deadline.nanoseconds)
      code = unsafe pthread_cond_timedwait(address, mutex.address, &time)
    }
    switch code {
    case 0, EOWNERDEAD, ETIMEDOUT:
      // This value holds the lock now, even if another value locked the mutex before.
      if mutex.lockCount.load(ordering: .relaxed) == 0 { mutex.lockCount.store(1, ordering: .relaxed) }
      if code == ETIMEDOUT { throw IPCError(.pthreadCondTimedWait, timeout.expirationError, on: region.object) }
      return code == 0 ? .acquired : .ownerDied
    default:
      if code == ENOTRECOVERABLE { _ = mutex.forgetLock() }
      throw failure(timeout.isNever ? .pthreadCondWait : .pthreadCondTimedWait, code)
    }
  }

  /// Wakes one waiting thread, if any.
  ///
  /// Calls `pthread_cond_signal(3)`.
  public func signal() throws(IPCError) {
    let code = unsafe pthread_cond_signal(address)
    if code != 0 { throw failure(.pthreadCondSignal, code) }
  }

  /// Wakes all waiting threads.
  ///
  /// Calls `pthread_cond_broadcast(3)`.
  public func broadcast() throws(IPCError) {
    let code = unsafe pthread_cond_broadcast(address)
    if code != 0 { throw failure(.pthreadCondBroadcast, code) }
  }

  /// Destroys the condition variable.
  ///
  /// No thread may be waiting on it, and it must not be used afterwards.
  ///
  /// Calls `pthread_cond_destroy(3)`.
  public consuming func destroy() throws(IPCError) {
    let code = unsafe pthread_cond_destroy(address)
    if code != 0 { throw failure(.pthreadCondDestroy, code) }
  }

  @inline(never)
  private func failure(_ call: IPCError.Call, _ code: Int32) -> IPCError {
    IPCError(call, Errno(rawValue: code), on: region.object)
  }
}
