internal import CIPC
internal import Glibc
internal import SystemPackage

extension Signal {
  /// What came of queueing.
  public enum QueueResult: Hashable, Sendable {
    case queued
    /// As many signals wait for the receiver's user as the receiver's `RLIMIT_SIGPENDING` allows, and there was no patience.
    case wouldBlock
    /// It was like that until the deadline.
    case timedOut
  }

  /// Sends the signal with a value.
  ///
  /// A standard signal that waits already is not sent again, and beyond the limit one is sent without its value. Neither
  /// is told to the sender: values go with real-time signals, of which none is lost.
  ///
  /// - Parameters:
  ///   - value: Comes out as ``ReceivedSignal/value``. Of `union sigval` it is the `sival_int`: an address of this process
  ///     would mean nothing to another.
  ///   - process: Its number. That of a process that has ended may be another's by now.
  ///   - patience: The kernel tells nobody when a receiver takes a signal: while the limit is met this tries and tries
  ///     again, with pauses of a tenth of a millisecond at first and ten at last.
  /// - Throws: ``IPCError`` with `.noSuchProcess`; `.notPermitted` when it is another user's; `.invalidArgument` for a number
  ///   that is not one process.
  ///
  /// Calls `sigqueue(3)`.
  public func queue(
    value: Int32, to process: Int32, patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> QueueResult {
    try Self.demandOne(process, "sigqueue")
    var backoff = Backoff()
    while true {
      let result = Kernel.attempt { cipc_sigqueue(process, rawValue, value) }
      switch result {
      case .success: return .queued
      case .failure(.wouldBlock):
        guard let next = backoff.next(before: patience) else { return patience == .none ? .wouldBlock : .timedOut }
        try Kernel.sleep(until: next, interruption)
      case .failure(let reason): throw IPCError(call: "sigqueue", errno: reason, object: .process(process))
      }
    }
  }

  /// Sends the signal.
  ///
  /// - Throws: ``IPCError`` as ``queue(value:to:patience:interruption:)``.
  ///
  /// Calls `kill(2)`.
  public func send(to process: Int32) throws(IPCError) {
    try Self.demandOne(process, "kill")
    try Kernel.call("kill", on: .process(process)) { Glibc.kill(process, rawValue) }
  }

  /// `kill(2)` takes 0 and negative numbers for groups of processes, and -1 for all.
  private static func demandOne(_ process: Int32, _ call: String) throws(IPCError) {
    guard process > 0 else { throw IPCError(call: call, errno: .invalidArgument, object: .process(process)) }
  }
}
