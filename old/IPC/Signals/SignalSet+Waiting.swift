internal import CIPC
internal import SystemPackage

extension SignalSet {
  /// What came of waiting.
  public enum WaitResult: Hashable, Sendable {
    case received(ReceivedSignal)
    /// None of these signals waits, and there was no patience.
    case wouldBlock
    /// None came until the deadline.
    case timedOut
  }

  /// Takes the signal with the lowest number of those in the set that wait, and waits for one. No handler runs for it.
  ///
  /// The signals must be blocked, in every thread: one that is not is delivered to whoever does not block it.
  ///
  /// - Throws: ``IPCError`` with `Errno.interrupted` where that was asked for: when a handler has run for a signal that is
  ///   not in the set.
  ///
  /// Calls `sigtimedwait(2)`, or `sigwaitinfo(2)`.
  public func wait(patience: Patience = .forever, interruption: Interruption = .retry) throws(IPCError) -> WaitResult {
    var information = cipc_signal_information()
    while true {
      // A handler interrupts these calls whatever SA_RESTART says. A wait that begins anew has only the rest of its time.
      let nanoseconds = patience.nanoseconds ?? 0
      let result = Kernel.attempt(.report) { unsafe cipc_sigtimedwait(word, nanoseconds, &information) }
      switch result {
      case .success:
        if let received = ReceivedSignal(information) { return .received(received) }
      case .failure(.interrupted) where interruption == .retry: continue
      case .failure(.wouldBlock):
        guard case .until(let deadline) = patience else { return .wouldBlock }
        if deadline.hasPassed { return .timedOut }
      case .failure(let reason): throw IPCError(call: "sigtimedwait", errno: reason)
      }
    }
  }
}
