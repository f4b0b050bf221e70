internal import CIPC
public import SystemPackage

/// A descriptor from which signals are read, so that a program can wait for them beside other things.
///
/// ```swift
/// let signals: SignalSet = [.terminate, .child]
/// signals.block()
/// let arrivals = try SignalDescriptor(signals)
/// if case .received(let signal) = try arrivals.read(patience: .none) { print(signal.process) }
/// ```
///
/// It takes what waits for the process, or for the thread that reads. The signals must be blocked, in every thread: one that
/// is not is delivered to whoever does not block it, and never seen here.
///
/// `signalfd(2)`.
public struct SignalDescriptor: ~Copyable, Sendable, DescriptorOwner {
  private let owned: OwnedDescriptor

  /// Opens a descriptor for the signals of a set.
  ///
  /// It is close-on-exec, and non-blocking: another thread may take a signal after the descriptor was ready, and
  /// whoever waits then would wait for longer than it wanted.
  ///
  /// - Throws: ``IPCError`` with `.tooManyOpenFiles`.
  ///
  /// Calls `signalfd(2)`.
  public init(_ signals: SignalSet) throws(IPCError) {
    let descriptor = try Kernel.call("signalfd") { cipc_signalfd(signals.word) }
    owned = OwnedDescriptor(taking: FileDescriptor(rawValue: descriptor))
  }

  /// The descriptor, on loan: readable when a signal waits.
  public var descriptor: FileDescriptor { owned.descriptor }

  /// Closes the descriptor. What waits goes on waiting.
  ///
  /// Calls `close(2)`, once.
  public consuming func close() throws(IPCError) { try owned.close() }

  /// Takes the signal with the lowest number of those that wait, and waits for one.
  ///
  /// - Throws: ``IPCError`` with `Errno.interrupted` where that was asked for.
  ///
  /// Calls `read(2)`, and `ppoll(2)` to wait.
  public func read(
    patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> SignalSet.WaitResult {
    var information = cipc_signal_information()
    while true {
      let result = Kernel.attempt(interruption) {
        unsafe cipc_signalfd_read(owned.descriptor.rawValue, &information)
      }
      switch result {
      case .success:
        if let received = ReceivedSignal(information) { return .received(received) }
      case .failure(.wouldBlock):
        if patience == .none { return .wouldBlock }
        if try Kernel.wait(for: .readable, of: owned.descriptor, patience, interruption).isEmpty { return .timedOut }
      case .failure(let reason):
        throw IPCError(call: "read", errno: reason, object: .descriptor(owned.descriptor))
      }
    }
  }
}
