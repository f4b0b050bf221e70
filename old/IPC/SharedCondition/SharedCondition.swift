internal import Glibc
internal import Synchronization
internal import SystemPackage

/// A condition variable between processes, in memory that they share: who has locked a ``SharedMutex`` waits for another
/// to change what it protects.
///
/// ```swift
/// while !isReady { _ = try changed.wait(unlocking: mutex) }
/// ```
///
/// Who is woken looks again: others may have been faster, and a wait may end though nobody signalled. Who is killed while
/// it waits takes a later signal with it, as glibc has it: broadcast where that may happen.
///
/// `pthread_cond_init(3)`.
@safe public struct SharedCondition: ~Copyable, @unchecked Sendable {
  let address: UnsafeMutablePointer<pthread_cond_t>
  let region: SharedRegion

  /// How many bytes a condition variable takes in shared memory.
  public static var size: Int { MemoryLayout<pthread_cond_t>.size }

  /// The condition variable that another process made at this place, with `CLOCK_MONOTONIC`. What is none is taken for
  /// one.
  ///
  /// - Throws: ``IPCError`` with `.badAddress` when it would not lie in the region, `.invalidArgument` for an offset that
  ///   is not a multiple of 8.
  public init(in region: SharedRegion, at offset: Int) throws(IPCError) {
    unsafe address = try unsafe region.place(pthread_cond_t.self, at: offset)
    self.region = region
  }

  /// Makes a condition variable in shared memory.
  ///
  /// - Parameter offset: Where: a multiple of 8.
  ///
  /// Calls `pthread_cond_init(3)` with `PTHREAD_PROCESS_SHARED` and `CLOCK_MONOTONIC`.
  public init(makingIn region: SharedRegion, at offset: Int) throws(IPCError) {
    try unsafe Self.make(try unsafe region.place(pthread_cond_t.self, at: offset))
    try self.init(in: region, at: offset)
  }

  private static func make(_ address: UnsafeMutablePointer<pthread_cond_t>) throws(IPCError) {
    var attributes = pthread_condattr_t()
    try Kernel.perform("pthread_condattr_init") { unsafe pthread_condattr_init(&attributes) }
    defer { _ = unsafe pthread_condattr_destroy(&attributes) }
    try Kernel.perform("pthread_condattr_setpshared") {
      unsafe pthread_condattr_setpshared(&attributes, Int32(PTHREAD_PROCESS_SHARED))
    }
    try Kernel.perform("pthread_condattr_setclock") { unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) }
    try Kernel.perform("pthread_cond_init") { unsafe pthread_cond_init(address, &attributes) }
  }

  /// What came of waiting. In each case the mutex is locked again.
  public enum WaitResult: Hashable, Sendable {
    case woken
    /// Whoever had the mutex meanwhile died with it: see ``SharedMutex/LockResult/ownerDied``.
    case ownerDied
    case timedOut
  }

  /// Unlocks the mutex, waits to be woken, and locks it again.
  ///
  /// - Parameter deadline: Nil to wait for ever.
  /// - Throws: ``IPCError`` with `.notPermitted` when this thread has not locked the mutex.
  ///
  /// Calls `pthread_cond_wait(3)` or `pthread_cond_timedwait(3)`.
  public func wait(unlocking mutex: borrowing SharedMutex, until deadline: Deadline? = nil) throws(IPCError)
    -> WaitResult
  {
    let (code, call): (Int32, String)
    if let deadline {
      var time = deadline.time
      (code, call) = (unsafe pthread_cond_timedwait(address, mutex.address, &time), "pthread_cond_timedwait")
    } else {
      (code, call) = (unsafe pthread_cond_wait(address, mutex.address), "pthread_cond_wait")
    }
    let result: WaitResult
    switch code {
    case 0: result = .woken
    case EOWNERDEAD: result = .ownerDied
    case ETIMEDOUT: result = .timedOut
    default:
      if code == ENOTRECOVERABLE { _ = mutex.forgetLock() }
      throw IPCError(call: call, errno: Errno(rawValue: code))
    }
    // As by locking it: by this value, whichever locked it before.
    mutex.isLocked.store(true, ordering: .relaxed)
    return result
  }

  /// Wakes one of those who wait, if somebody does.
  ///
  /// Calls `pthread_cond_signal(3)`.
  public func signal() throws(IPCError) {
    try Kernel.perform("pthread_cond_signal") { unsafe pthread_cond_signal(address) }
  }

  /// Wakes all who wait.
  ///
  /// Calls `pthread_cond_broadcast(3)`.
  public func broadcast() throws(IPCError) {
    try Kernel.perform("pthread_cond_broadcast") { unsafe pthread_cond_broadcast(address) }
  }

  /// Ends the condition variable. Nobody may wait on it, and nobody may use it afterwards.
  ///
  /// Calls `pthread_cond_destroy(3)`.
  public consuming func destroy() throws(IPCError) {
    try Kernel.perform("pthread_cond_destroy") { unsafe pthread_cond_destroy(address) }
  }
}
