internal import CIPC
internal import Synchronization
internal import SystemPackage

/// What came of sleeping for a word in shared memory.
enum FutexResult {
  /// The word is another, or somebody woke, perhaps for no reason: look again.
  case woken
  case timedOut
}

extension Kernel {
  /// Sleeps while `word` is `value`, and at most so many nanoseconds; negative: for ever.
  ///
  /// Calls `futex(2)` with `FUTEX_WAIT`.
  static func sleep(
    while word: UnsafePointer<Atomic<UInt32>>, is value: UInt32, nanoseconds: Int64, _ interruption: Interruption
  ) throws(IPCError) -> FutexResult {
    // Not retried here: a wait that begins anew has only the rest of its time, and perhaps nothing to wait for.
    switch attempt(.report, { unsafe cipc_futex_wait(word, value, nanoseconds) }) {
    case .success, .failure(.wouldBlock): return .woken
    case .failure(.timedOut): return .timedOut
    case .failure(.interrupted) where interruption == .retry: return .woken
    case .failure(let reason): throw IPCError(call: "futex", errno: reason)
    }
  }

  /// Wakes up to `count` of those who sleep for `word`.
  ///
  /// Calls `futex(2)` with `FUTEX_WAKE`, which does not fail for a word that is there.
  static func wake(_ word: UnsafePointer<Atomic<UInt32>>, _ count: Int32) {
    _ = unsafe cipc_futex_wake(word, count)
  }
}
