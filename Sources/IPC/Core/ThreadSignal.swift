#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Keeps a signal that a call raises from killing the process, where the kernel has no flag for that.
///
/// The disposition of the signal belongs to the whole process and stays as it is. The signal is blocked in this thread
/// for the length of the call, and what the call raised is removed.
enum ThreadSignal {
  /// Performs `body` with `signal` blocked, and leaves `errno` as `body` set it.
  ///
  /// - Parameter raised: Whether a result means that the call raised the signal.
  static func contained<Value>(_ signal: Int32, _ body: () -> Value, raised: (Value) -> Bool) -> Value {
    var signals = sigset_t()
    var before = sigset_t()
    // These calls cannot fail: the signal exists, and the sets are ours.
    _ = unsafe sigemptyset(&signals)
    _ = unsafe sigaddset(&signals, signal)
    _ = unsafe pthread_sigmask(SIG_BLOCK, &signals, &before)
    // A signal that is pending already belongs to the program. It can only be pending if it was blocked.
    let wasPending = unsafe sigismember(&before, signal) == 1 && isPending(signal)
    let value = body()
    let reason = errno
    if raised(value), !wasPending {
      var immediately = timespec()
      // Interrupted by another signal, it has taken nothing yet.
      while unsafe sigtimedwait(&signals, nil, &immediately) == -1 && errno == EINTR {}
    }
    _ = unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
    errno = reason
    return value
  }

  private static func isPending(_ signal: Int32) -> Bool {
    var pending = sigset_t()
    return unsafe sigpending(&pending) == 0 && sigismember(&pending, signal) == 1
  }
}
