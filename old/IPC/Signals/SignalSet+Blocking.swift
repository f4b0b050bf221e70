internal import CIPC
internal import Glibc

/// What a thread blocks waits, for the thread or the process, until it is unblocked or taken. Each thread has a mask of its
/// own, and starts with that of the thread that made it: so a program blocks before it makes threads what one of them is to
/// take.
extension SignalSet {
  /// Which signals this thread blocks.
  ///
  /// Calls `pthread_sigmask(3)`.
  public static var blocked: SignalSet { change(SIG_BLOCK, []) }

  /// Which blocked signals have been sent to this thread, or to the process, and wait.
  ///
  /// Calls `sigpending(2)`.
  public static var pending: SignalSet {
    var word: UInt64 = 0
    // Fails only for an address that is none.
    _ = unsafe cipc_sigpending(&word)
    return SignalSet(word: word)
  }

  /// Blocks these signals for this thread, beside those that it blocks already. `SIGKILL` and `SIGSTOP` cannot be.
  ///
  /// Calls `pthread_sigmask(3)` with `SIG_BLOCK`.
  public func block() { _ = Self.change(SIG_BLOCK, self) }

  /// Blocks these signals no longer. Those that wait are delivered before this returns, one of them at least.
  ///
  /// Calls `pthread_sigmask(3)` with `SIG_UNBLOCK`.
  public func unblock() { _ = Self.change(SIG_UNBLOCK, self) }

  /// Blocks these signals while `body` runs. Afterwards the thread blocks what it blocked before, and what `body` has left
  /// waiting is delivered.
  ///
  /// Calls `pthread_sigmask(3)` with `SIG_BLOCK`, and with `SIG_SETMASK`.
  public func whileBlocked<Value: ~Copyable, Failure: Error>(
    _ body: () throws(Failure) -> Value
  ) throws(Failure) -> Value {
    let before = Self.change(SIG_BLOCK, self)
    defer { _ = Self.change(SIG_SETMASK, before) }
    return try body()
  }

  /// The mask as it was before. It fails only for a change that does not exist.
  private static func change(_ how: Int32, _ signals: SignalSet) -> SignalSet {
    var before: UInt64 = 0
    _ = unsafe cipc_sigmask(how, signals.word, &before)
    return SignalSet(word: before)
  }
}
