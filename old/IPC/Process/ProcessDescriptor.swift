internal import CIPC
internal import Glibc
public import SystemPackage

/// A process, by a descriptor: unlike its number, it can never come to mean another.
///
/// ```swift
/// let worker = try ProcessDescriptor(of: number)
/// try worker.send(.terminate)
/// if try !worker.waitForEnd(patience: .atMost(.seconds(1))) { try worker.send(.kill) }
/// ```
///
/// Readable when the process has ended, whether anybody has waited for it or not.
///
/// `pidfd_open(2)`.
public struct ProcessDescriptor: ~Copyable, Sendable, DescriptorOwner {
  private let owned: OwnedDescriptor

  init(taking owned: consuming OwnedDescriptor) { self.owned = owned }

  /// Opens a descriptor of a process. It is close-on-exec.
  ///
  /// Of whose child it is, the number is sure until the parent has waited for it. Anybody else's may be another's by now:
  /// see ``UnixSocket/End/peerProcess()`` for one that cannot be.
  ///
  /// - Throws: ``IPCError`` with `.noSuchProcess`, `.tooManyOpenFiles`; `.invalidArgument` for what is not one process.
  ///
  /// Calls `pidfd_open(2)`.
  public init(of process: Int32) throws(IPCError) {
    let number = try Kernel.call("pidfd_open", on: .process(process)) { cipc_pidfd_open(process) }
    owned = OwnedDescriptor(taking: FileDescriptor(rawValue: number))
  }

  /// Takes over a descriptor that this process was started with or was passed, and makes it close-on-exec.
  ///
  /// - Throws: ``IPCError`` with `.badFileDescriptor` when it is something else. It stays its owner's then.
  public init(adopting descriptor: FileDescriptor) throws(IPCError) {
    // Asked of fdinfo: pidfd_send_signal(2) takes a directory of /proc as well, which is readable at any time.
    _ = try Self.process(of: descriptor)
    try Kernel.call("fcntl F_SETFD", on: .descriptor(descriptor)) { fcntl(descriptor.rawValue, F_SETFD, FD_CLOEXEC) }
    owned = OwnedDescriptor(taking: descriptor)
  }

  public var descriptor: FileDescriptor { owned.descriptor }

  /// Calls `close(2)`, once. The process does not notice.
  public consuming func close() throws(IPCError) { try owned.close() }

  /// Gives the descriptor to a new owner.
  public consuming func release() -> FileDescriptor { owned.release() }

  /// The number of the process, while it has one; nil when it is gone, or is not to be seen from here.
  ///
  /// Reads `/proc/self/fdinfo`.
  public var process: Int32? {
    get throws(IPCError) { try Self.process(of: descriptor) }
  }

  private static func process(of descriptor: FileDescriptor) throws(IPCError) -> Int32? {
    let object = IPCError.Object.descriptor(descriptor)
    let file = try Kernel.call("open", on: object) { cipc_open_fdinfo(descriptor.rawValue) }
    let fdinfo = OwnedDescriptor(taking: FileDescriptor(rawValue: file))
    let number = try Kernel.call("pread", on: object) { cipc_fdinfo_pid(fdinfo.descriptor.rawValue) }
    return number > 0 ? number : nil
  }

  /// Sends a signal to this process, and to no other that has its number since.
  ///
  /// - Throws: ``IPCError`` with `.noSuchProcess`, `.notPermitted`.
  ///
  /// Calls `pidfd_send_signal(2)`.
  public func send(_ signal: Signal) throws(IPCError) {
    try Kernel.call("pidfd_send_signal", on: .descriptor(descriptor)) {
      cipc_pidfd_send_signal(descriptor.rawValue, signal.rawValue)
    }
  }

  /// Waits until the process has ended.
  ///
  /// - Returns: Whether it has; false when patience ran out first.
  ///
  /// Calls `ppoll(2)`.
  public func waitForEnd(
    patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> Bool {
    try !Kernel.wait(for: .readable, of: descriptor, patience, interruption).isEmpty
  }

  /// Takes how a child of this process ended, so that nothing remains of it.
  ///
  /// - Returns: nil when it has not ended.
  /// - Throws: ``IPCError`` with `.noChildProcess` for what is not this process's child, or was waited for already.
  ///
  /// Calls `waitid(2)` with `P_PIDFD`.
  public func reap() throws(IPCError) -> Child.End? {
    var (status, signal): (Int32, Int32) = (0, 0)
    let ended = try Kernel.call("waitid", on: .descriptor(descriptor)) {
      unsafe cipc_pidfd_reap(descriptor.rawValue, &status, &signal)
    }
    guard ended == 1 else { return nil }
    return status >= 0 ? .exited(status: status) : .killed(signal: signal)
  }
}

extension Child {
  /// A descriptor of the child, to wait for its end beside other things, or until a deadline.
  ///
  /// - Throws: ``IPCError`` with `.tooManyOpenFiles`.
  ///
  /// Calls `pidfd_open(2)`.
  public func descriptor() throws(IPCError) -> ProcessDescriptor { try ProcessDescriptor(of: process) }
}
