internal import CIPC
internal import SystemPackage

extension POSIXSemaphore {
  /// Posts the semaphore whenever a signal comes, until ``Posting/end()``.
  ///
  /// Of what wakes those who wait, `sem_post(3)` alone may be called in a signal handler: `signal-safety(7)`. Handlers of
  /// the same signal that were installed before are replaced: of several postings the last one holds. Wherever a thread of this process waits, it goes on
  /// waiting, since the handler is installed with `SA_RESTART`.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` for what is no signal, or cannot be handled.
  ///
  /// Calls `sigaction(2)`.
  public consuming func post(onSignal number: Int32) throws(IPCError) -> Posting {
    try Posting(self, number)
  }

  /// A signal that posts a semaphore.
  public struct Posting: ~Copyable {
    private let signal: Int32
    /// Which one of this signal it is.
    private let number: Int32
    // Open until after the handler has gone: see deinit.
    private let semaphore: POSIXSemaphore

    fileprivate init(_ semaphore: consuming POSIXSemaphore, _ signal: Int32) throws(IPCError) {
      number = try Kernel.call("sigaction", on: semaphore.object) {
        unsafe cipc_sem_post_on_signal(semaphore.address, signal)
      }
      self.signal = signal
      self.semaphore = semaphore
    }

    deinit { _ = cipc_sem_stop_posting(signal, number) }

    /// Gives the signal its default action, unless there is a newer posting of it, and lets the semaphore go.
    public consuming func end() {}
  }
}
