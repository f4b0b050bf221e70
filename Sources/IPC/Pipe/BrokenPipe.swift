internal import Glibc

/// Keeps `SIGPIPE` away from a thread that writes, so that a broken pipe is a result and not its death.
///
/// The disposition of the signal belongs to the whole process, and is its owner's business. The mask belongs to this
/// thread: the signal is blocked, what the write raises is taken away, and the mask restored.
enum BrokenPipe {
  /// Performs `write` with the signal blocked. What it throws as `.brokenPipe` raised the signal.
  static func contained(
    _ write: () throws(IPCError) -> WriteResult
  ) throws(IPCError) -> WriteResult {
    var signal = sigset_t()
    var before = sigset_t()
    // None of these can fail: the signal exists, and the sets are our own.
    _ = unsafe sigemptyset(&signal)
    _ = unsafe sigaddset(&signal, SIGPIPE)
    _ = unsafe pthread_sigmask(SIG_BLOCK, &signal, &before)
    // One that waits already is the owner's. Unblocked, it could not wait: this spares the question.
    let wasPending = unsafe sigismember(&before, SIGPIPE) == 1 && isPending()
    defer { _ = unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
    let result = try write()
    if case .nobodyReads = result, !wasPending {
      var atOnce = timespec()
      // Interrupted by another signal, it has taken nothing yet, and is called again.
      _ = Kernel.attempt { unsafe sigtimedwait(&signal, nil, &atOnce) }
    }
    return result
  }

  private static func isPending() -> Bool {
    var pending = sigset_t()
    return unsafe sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1
  }
}
