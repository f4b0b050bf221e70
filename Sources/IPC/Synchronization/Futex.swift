internal import CIPC
internal import Synchronization
internal import SystemPackage

/// The result of sleeping on a word in shared memory.
enum FutexResult {
  /// The word has another value, or a wake-up arrived, which can be spurious: look again.
  case woken
  case timedOut
}

extension Syscall {
  /// Sleeps while `word` is `value`, for at most that many nanoseconds; a negative number is no limit.
  ///
  /// Calls `futex(2)` with `FUTEX_WAIT`.
  static func sleep(
    while word: UnsafePointer<Atomic<UInt32>>, is value: UInt32, nanoseconds: Int64, retryOnInterrupt: Bool
  ) throws(IPCError) -> FutexResult {
    // Not retried here: the next wait has only the rest of the time, and perhaps nothing to wait for.
    switch result(retryOnInterrupt: false, { unsafe cipc_futex_wait(word, value, nanoseconds) }) {
    case .success, .failure(.wouldBlock): return .woken
    case .failure(.timedOut): return .timedOut
    case .failure(.interrupted) where retryOnInterrupt: return .woken
    case .failure(let reason): throw IPCError(.futex, reason)
    }
  }

  /// Wakes up to `count` of the threads that sleep on `word`.
  ///
  /// Calls `futex(2)` with `FUTEX_WAKE`, which does not fail for a mapped word.
  @inline(never)
  static func wake(_ word: UnsafePointer<Atomic<UInt32>>, _ count: Int32) {
    _ = unsafe cipc_futex_wake(word, count)
  }
}
