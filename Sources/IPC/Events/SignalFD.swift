internal import CIPC
public import SystemPackage

/// A descriptor from which a program reads signals, for example to wait for them together with other descriptors.
///
/// ```swift
/// let signals: SignalSet = [.terminate, .child]
/// signals.block()
/// let signalFD = try SignalFD(signals)
/// if let received = try signalFD.tryRead() { print(received.signal) }
/// ```
///
/// A read returns signals that are pending for the process or the reading thread. The descriptor is readable while such
/// a signal is pending. All threads must block the signals: otherwise, the kernel delivers a signal to a thread that
/// does not block it.
///
/// `signalfd(2)`.
public struct SignalFD: ~Copyable, Sendable, DescriptorOwner {
  private let owned: OwnedDescriptor

  /// Opens a close-on-exec, nonblocking descriptor for a set of signals.
  ///
  /// - Throws: ``IPCError`` with `.tooManyOpenFiles`.
  ///
  /// Calls `signalfd(2)`.
  public init(_ signals: SignalSet) throws(IPCError) {
    owned = try OwnedDescriptor.opened(by: .signalFD) { cipc_signalfd(signals.word) }
  }

  /// Replaces the signals that the descriptor reads, for all processes that have it open.
  ///
  /// Calls `signalfd(2)`.
  public func replaceSignals(_ signals: SignalSet) throws(IPCError) {
    try Syscall.call(.signalFD, on: .descriptor(descriptor)) {
      cipc_signalfd_replace(descriptor.rawValue, signals.word)
    }
  }

  /// Takes ownership of an inherited or received descriptor, and makes it close-on-exec.
  ///
  /// A read returns signals for the reading process, not for the process that created the descriptor.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` if the descriptor is not a signalfd. In that case, the previous
  ///   owner keeps the descriptor.
  public init(adopting descriptor: FileDescriptor) throws(IPCError) {
    owned = try OwnedDescriptor.adopting(descriptor, "[signalfd]", .signalFD)
  }

  /// The open descriptor, owned and closed by this value.
  public var descriptor: FileDescriptor { owned.descriptor }
  /// Transfers ownership of the descriptor to the caller.
  public consuming func takeDescriptor() -> OwnedDescriptor { owned }

  /// Waits until a signal is pending, and receives the one with the lowest number.
  ///
  /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock`; `.interrupted` if
  ///   `retryOnInterrupt` is false and a signal handler ran.
  ///
  /// Calls `read(2)`, and `ppoll(2)` to wait.
  public func read(timeout: Timeout = .never, retryOnInterrupt: Bool = true) throws(IPCError) -> ReceivedSignal {
    var information = cipc_signal_information()
    _ = try Syscall.untilReady(.read, descriptor, .readable, timeout, retryOnInterrupt: retryOnInterrupt) {
      () throws(IPCError) in
      // An adopted descriptor may be blocking, and another thread may receive the signal that ppoll(2) reported.
      try NonBlocking.result(descriptor, timeout, retryOnInterrupt: retryOnInterrupt) {
        unsafe cipc_signalfd_read(descriptor.rawValue, &information)
      }
    }
    return ReceivedSignal(information)
  }

  /// Receives the pending signal with the lowest number, without waiting.
  ///
  /// - Returns: The signal; nil if none is pending.
  public func tryRead() throws(IPCError) -> ReceivedSignal? {
    try nilIfWouldBlock { () throws(IPCError) in try read(timeout: .immediate) }
  }
}
