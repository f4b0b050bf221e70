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
/// The descriptor becomes readable when the process ends, whether or not its parent has reaped the process.
///
/// `pidfd_open(2)`.
public struct PIDFD: ~Copyable, Sendable, DescriptorOwner {
  private let owned: OwnedDescriptor

  package init(_ owned: consuming OwnedDescriptor) { self.owned = owned }

  /// Opens a close-on-exec descriptor for a process.
  ///
  /// A child's ID stays valid until its parent reaps it. Any other ID may already belong to another process. For a Unix
  /// domain socket's peer, use ``UnixSocket/Socket/peerProcess()``.
  ///
  /// - Parameters:
  ///   - process: The process.
  ///   - nonBlocking: Whether ``change(_:keeping:retryOnInterrupt:)`` throws `.wouldBlock` instead of waiting.
  /// - Throws: ``IPCError`` with `.noSuchProcess` or `.tooManyOpenFiles`; `.invalidArgument` if the ID is 0 or
  ///   negative.
  ///
  /// Calls `pidfd_open(2)`.
  public init(of process: ProcessID, nonBlocking: Bool = false) throws(IPCError) {
    owned = try OwnedDescriptor.opened(by: .pidfdOpen, on: .process(process)) {
      cipc_pidfd_open(process.rawValue, nonBlocking ? 1 : 0)
    }
  }

  /// Takes ownership of an inherited or received descriptor, and makes it close-on-exec.
  ///
  /// - Throws: ``IPCError`` with `.badFileDescriptor` if it is not a PIDFD. In that case, the previous owner keeps the
  ///   descriptor.
  public init(adopting descriptor: FileDescriptor) throws(IPCError) {
    // pidfd_send_signal(2) also accepts a /proc/PID directory, which is always readable; fdinfo distinguishes the two.
    guard try descriptorInformation(of: descriptor, Self.informationKey) != nil else {
      throw IPCError(.pidfdSendSignal, .badFileDescriptor, on: .descriptor(descriptor))
    }
    owned = try OwnedDescriptor.adopting(descriptor)
  }

  /// The open descriptor, owned and closed by this value.
  public var descriptor: FileDescriptor { owned.descriptor }
  /// Transfers ownership of the descriptor to the caller.
  public consuming func takeDescriptor() -> OwnedDescriptor { owned }

  private static let informationKey = "\nPid:\t"

  /// The process's ID; nil if the process has been reaped, or is in another PID namespace.
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

  /// Checks that the process has not been reaped, and that the caller may send signals to it, without sending a signal.
  ///
  /// A zombie passes this check. To check whether the process has ended, use ``hasEnded``.
  ///
  /// - Throws: ``IPCError`` with `.noSuchProcess` if it has been reaped; `.notPermitted`.
  ///
  /// Calls `pidfd_send_signal(2)` with signal 0.
  public func probe() throws(IPCError) {
    try Syscall.call(.pidfdSendSignal, on: .descriptor(descriptor)) {
      cipc_pidfd_send_signal(descriptor.rawValue, 0)
    }
  }

  /// Duplicates one of the process's descriptors, for example one inherited from an earlier version of this program.
  ///
  /// Both descriptors then refer to the same open file description. The process is not notified.
  ///
  /// - Parameter number: The descriptor number in the process.
  /// - Returns: The duplicate, which is close-on-exec.
  /// - Throws: ``IPCError`` with `.badFileDescriptor` if the process does not have it open; `.notPermitted` if the
  ///   caller may not trace the process (`ptrace(2)`); `.noSuchProcess` if the process has ended; `.tooManyOpenFiles`.
  ///
  /// Calls `pidfd_getfd(2)`.
  public func duplicate(_ number: Int32) throws(IPCError) -> OwnedDescriptor {
    try OwnedDescriptor.opened(by: .pidfdGetDescriptor, on: .descriptor(descriptor)) {
      cipc_pidfd_getfd(descriptor.rawValue, number)
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
  /// - Returns: How the child ended; nil if it has not ended.
  /// - Throws: ``IPCError`` with `.noChildProcess` if the process is not a child of this process, or has been reaped.
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

extension PIDFD {
  /// The child state changes to wait for.
  public struct Changes: OptionSet, Hashable, Sendable {
    /// The changes as bits.
    public let rawValue: Int32
    /// Creates a set from its bits.
    public init(rawValue: Int32) { self.rawValue = rawValue }
    /// The child ended.
    public static let ended = Changes(rawValue: Int32(CIPC_CHILD_ENDED))
    /// A signal stopped the child.
    public static let stopped = Changes(rawValue: Int32(CIPC_CHILD_STOPPED))
    /// A stopped child continued.
    public static let continued = Changes(rawValue: Int32(CIPC_CHILD_CONTINUED))
  }

  /// A child's state change.
  public enum Change: Hashable, Sendable {
    /// The child ended; it was reaped unless `keeping` was true.
    case ended(TerminationStatus)
    /// This signal stopped the child.
    case stopped(Signal)
    /// The child continued.
    case continued
  }

  /// Waits until a child of this process changes state, and returns each change once.
  ///
  /// - Parameters:
  ///   - changes: The changes to wait for.
  ///   - keeping: Whether to keep the change: the next call then returns it again, and a child that has ended remains a
  ///     zombie.
  ///   - retryOnInterrupt: Whether the call restarts after a signal handler runs; if not, it throws `.interrupted`.
  /// - Returns: The change.
  /// - Throws: ``IPCError`` with `.noChildProcess`; `.invalidArgument` if `changes` is empty; `.wouldBlock` if the
  ///   descriptor is nonblocking and there is no change; `.interrupted` if `retryOnInterrupt` is false and a signal
  ///   handler ran.
  ///
  /// Calls `waitid(2)` with `P_PIDFD`.
  public func change(
    _ changes: Changes, keeping: Bool = false, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> Change {
    while true {
      if let change = try wait(changes, now: false, keeping, retryOnInterrupt) { return change }
    }
  }

  /// Returns a state change in a child of this process, without waiting; nil if there was none.
  ///
  /// - Throws: ``IPCError`` with `.noChildProcess`; `.invalidArgument` if `changes` is empty.
  ///
  /// Calls `waitid(2)` with `P_PIDFD` and `WNOHANG`.
  public func tryChange(_ changes: Changes, keeping: Bool = false) throws(IPCError) -> Change? {
    try wait(changes, now: true, keeping, true)
  }

  private func wait(
    _ changes: Changes, now: Bool, _ keeping: Bool, _ retryOnInterrupt: Bool
  ) throws(IPCError) -> Change? {
    var (status, signal): (Int32, Int32) = (0, 0)
    let change = try Syscall.call(.waitid, on: .descriptor(descriptor), retryOnInterrupt: retryOnInterrupt) {
      unsafe cipc_pidfd_wait(
        descriptor.rawValue, changes.rawValue, now ? 1 : 0, keeping ? 1 : 0, &status, &signal)
    }
    switch Changes(rawValue: change) {
    case .ended: return .ended(TerminationStatus(status, signal))
    case .stopped: return .stopped(Signal(reported: signal))
    case .continued: return .continued
    default: return nil
    }
  }
}
