internal import CIPC
internal import Glibc
internal import Synchronization
internal import SystemPackage

extension SharedMutex {
  /// What came of locking.
  public enum LockResult: Hashable, Sendable {
    case locked
    /// It is locked, and whoever had it died with it: what it protects may be half done. Repair that, and say so with
    /// ``SharedMutex/makeConsistent()``; unlocked without, the mutex is of no use to anybody any more.
    case ownerDied
    /// Another has it, and there was no patience to wait.
    case wouldBlock
    /// Another had it until the deadline.
    case timedOut
  }

  /// Locks the mutex, and waits until it is free. Signals do not interrupt this.
  ///
  /// While it is locked its memory stays, though everybody may let the mutex and its region go.
  ///
  /// - Throws: ``IPCError`` with `.deadlock` when this thread has it locked, whatever its patience; `.notRecoverable`
  ///   when an owner died and nobody made it consistent.
  ///
  /// Calls `pthread_mutex_lock(3)`, `pthread_mutex_trylock(3)`, or `pthread_mutex_clocklock(3)` with `CLOCK_MONOTONIC`.
  public func lock(patience: Patience = .forever) throws(IPCError) -> LockResult {
    let (code, call) =
      switch patience {
      case .none: (unsafe pthread_mutex_trylock(address), "pthread_mutex_trylock")
      case .until(let deadline):
        unsafe (
          cipc_mutex_lock_until(address, Int64(deadline.time.tv_sec), deadline.time.tv_nsec), "pthread_mutex_clocklock"
        )
      case .forever: (unsafe pthread_mutex_lock(address), "pthread_mutex_lock")
      }
    if code == 0 || code == EOWNERDEAD { isLocked.store(true, ordering: .relaxed) }
    switch code {
    case 0: return .locked
    case EOWNERDEAD: return .ownerDied
    case EBUSY: return .wouldBlock
    case ETIMEDOUT: return .timedOut
    default: throw IPCError(call: call, errno: Errno(rawValue: code))
    }
  }

  /// Unlocks the mutex. One of those who wait goes on.
  ///
  /// - Throws: ``IPCError`` with `.notPermitted` when this thread has not locked it.
  ///
  /// Calls `pthread_mutex_unlock(3)`.
  public func unlock() throws(IPCError) {
    // Before it is unlocked: after that, another thread may have locked it.
    let wasLocked = forgetLock()
    do throws(IPCError) {
      try Kernel.perform("pthread_mutex_unlock") { unsafe pthread_mutex_unlock(address) }
    } catch {
      if wasLocked { isLocked.store(true, ordering: .relaxed) }
      throw error
    }
  }

  /// Takes back what keeps the memory of a locked mutex, and tells whether anything did.
  func forgetLock() -> Bool { unsafe isLocked.exchange(false, ordering: .relaxed) || region.letGo(address) }

  /// Says that what the mutex protects is whole again, after ``LockResult/ownerDied``.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` when it was whole.
  ///
  /// Calls `pthread_mutex_consistent(3)`.
  public func makeConsistent() throws(IPCError) {
    try Kernel.perform("pthread_mutex_consistent") { unsafe pthread_mutex_consistent(address) }
  }
}
