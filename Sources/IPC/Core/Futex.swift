internal import CIPC
internal import Synchronization
internal import SystemPackage

/// Waiting for a word in shared memory.
enum Futex {
  enum Outcome {
    /// The word has changed, or the thread was woken, possibly without a reason: check again.
    case woken
    case timedOut
  }

  /// Sleeps while `word` is `value`.
  ///
  /// - Parameter nanoseconds: The longest time to sleep; negative for no limit.
  ///
  /// Calls `futex(2)` with `FUTEX_WAIT`.
  static func wait(
    while word: UnsafePointer<Atomic<UInt32>>, is value: UInt32, nanoseconds: Int64, retryOnInterrupt: Bool
  ) throws(IPCError) -> Outcome {
    // Not retried here: the next wait has only the rest of the time, and possibly nothing to wait for.
    switch Syscall.result(retryOnInterrupt: false, { unsafe cipc_futex_wait(word, value, nanoseconds) }) {
    case .success, .failure(.wouldBlock): return .woken
    case .failure(.timedOut): return .timedOut
    case .failure(.interrupted) where retryOnInterrupt: return .woken
    case .failure(let reason): throw IPCError(.futex, reason)
    }
  }

  /// Wakes up to `count` threads that sleep on `word`.
  ///
  /// Calls `futex(2)` with `FUTEX_WAKE`, which does not fail for a mapped word.
  static func wake(_ word: UnsafePointer<Atomic<UInt32>>, _ count: Int32) {
    _ = unsafe cipc_futex_wake(word, count)
  }
}
