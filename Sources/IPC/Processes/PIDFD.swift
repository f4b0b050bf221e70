internal import CIPC
public import SystemPackage

/// A descriptor that, unlike a process ID, always refers to the same process.
///
/// ```swift
/// let worker = try PIDFD(of: processID)
/// try worker.send(.terminate)
/// try worker.wait(timeout: .after(.seconds(1)))
/// ```
///
/// It is readable when the process has ended, whether or not its parent has reaped it.
///
/// `pidfd_open(2)`.
public struct PIDFD: ~Copyable, Sendable, DescriptorOwner {
  private let owned: OwnedDescriptor

  package init(_ owned: consuming OwnedDescriptor) { self.owned = owned }

  /// Opens a descriptor of a process; it is close-on-exec.
  ///
  /// The ID of a child stays valid until its parent reaps it. Any other ID may already belong to another process. For
  /// the peer of a Unix domain socket, use ``UnixSocket/Socket/peerProcess()``.
  ///
  /// - Throws: ``IPCError`` with `.noSuchProcess`, `.tooManyOpenFiles`; `.invalidArgument` for 0 or a negative number.
  ///
  /// Calls `pidfd_open(2)`.
  public init(of process: ProcessID) throws(IPCError) {
    owned = try OwnedDescriptor.opened(by: .pidfdOpen, on: .process(process)) { cipc_pidfd_open(process.rawValue) }
  }

  /// Takes ownership of a descriptor that this process inherited or received, and makes it close-on-exec.
  ///
  /// - Throws: ``IPCError`` with `.badFileDescriptor` if it is not a PIDFD. The previous owner keeps it.
  public init(adopting descriptor: FileDescriptor) throws(IPCError) {
    // pidfd_send_signal(2) also accepts a directory of /proc, which is always readable; fdinfo distinguishes them.
    guard try descriptorInformation(of: descriptor, Self.informationKey) != nil else {
      throw IPCError(.pidfdSendSignal, .badFileDescriptor, on: .descriptor(descriptor))
    }
    owned = try OwnedDescriptor.adopting(descriptor)
  }

  /// The open descriptor, which this value owns and closes.
  public var descriptor: FileDescriptor { owned.descriptor }
  /// Passes the descriptor on to a new owner.
  public consuming func takeDescriptor() -> OwnedDescriptor { owned }

  private static let informationKey = "\nPid:\t"

  /// The ID of the process; nil if it has been reaped, or is in another PID namespace.
  ///
  /// Reads `/proc/self/fdinfo`.
  public var processID: ProcessID? {
    get throws(IPCError) {
      guard let number = try descriptorInformation(of: descriptor, Self.informationKey), number > 0 else { return nil }
      return ProcessID(rawValue: number)
    }
  }

  /// Sends a signal to the process.
  ///
  /// - Throws: ``IPCError`` with `.noSuchProcess` if it has been reaped; `.notPermitted`.
  ///
  /// Calls `pidfd_send_signal(2)`.
  public func send(_ signal: Signal) throws(IPCError) {
    try Syscall.call(.pidfdSendSignal, on: .descriptor(descriptor)) {
      cipc_pidfd_send_signal(descriptor.rawValue, signal.rawValue)
    }
  }

  /// Waits until the process has ended.
  ///
  /// A child remains a zombie until ``reap()`` is called.
  ///
  /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock`; `.interrupted` if
  ///   `retryOnInterrupt` is false and a signal handler ran.
  ///
  /// Calls `ppoll(2)`.
  public func wait(timeout: Timeout = .never, retryOnInterrupt: Bool = true) throws(IPCError) {
    try wait(for: .readable, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
  }

  /// Whether the process has ended.
  ///
  /// Calls `ppoll(2)`.
  public var hasEnded: Bool {
    get throws(IPCError) {
      try nilIfWouldBlock { () throws(IPCError) in try wait(timeout: .immediate) } != nil
    }
  }

  /// Returns how a child of this process ended, and removes the zombie.
  ///
  /// - Returns: nil if it has not ended.
  /// - Throws: ``IPCError`` with `.noChildProcess` if it is not a child of this process, or has been reaped.
  ///
  /// Calls `waitid(2)` with `P_PIDFD`.
  public func reap() throws(IPCError) -> TerminationStatus? {
    var (status, signal): (Int32, Int32) = (0, 0)
    let ended = try Syscall.call(.waitid, on: .descriptor(descriptor)) {
      unsafe cipc_pidfd_reap(descriptor.rawValue, &status, &signal)
    }
    return ended == 1 ? TerminationStatus(status, signal) : nil
  }
}
