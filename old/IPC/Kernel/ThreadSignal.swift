internal import Glibc

/// Keeps a signal that a call raises away from the thread that makes it, so that a failure is an error and not its death.
///
/// The disposition of the signal belongs to the whole process, and is its owner's business. The mask belongs to this
/// thread: the signal is blocked, what the call raises is taken away, and the mask restored.
enum ThreadSignal {
  /// Performs `call` with `signal` blocked.
  ///
  /// - Parameter raised: Whether a result means that the call raised the signal.
  static func contained<Value, Failure: Error>(
    _ signal: Int32, _ call: () throws(Failure) -> Value, raised: (Value) -> Bool
  ) throws(Failure) -> Value {
    var signals = sigset_t()
    var before = sigset_t()
    // None of these can fail: the signal exists, and the sets are our own.
    _ = unsafe sigemptyset(&signals)
    _ = unsafe sigaddset(&signals, signal)
    _ = unsafe pthread_sigmask(SIG_BLOCK, &signals, &before)
    // One that waits already is the owner's. Unblocked, it could not wait: this spares the question.
    let wasPending = unsafe sigismember(&before, signal) == 1 && isPending(signal)
    defer { _ = unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
    let value = try call()
    if raised(value), !wasPending {
      var atOnce = timespec()
      // Interrupted by another signal, it has taken nothing yet, and is called again.
      _ = Kernel.attempt { unsafe sigtimedwait(&signals, nil, &atOnce) }
    }
    return value
  }

  private static func isPending(_ signal: Int32) -> Bool {
    var pending = sigset_t()
    return unsafe sigpending(&pending) == 0 && sigismember(&pending, signal) == 1
  }
}
