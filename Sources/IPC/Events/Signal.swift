package import CIPC
public import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// A signal, identified by its number.
///
/// While a standard signal is pending, the kernel discards further signals with the same number. Real-time signals are
/// queued, each with its value. They are received in ascending order of their numbers; signals with the same number are
/// received in the order in which they were sent.
///
/// `signal(7)`.
public struct Signal: RawRepresentable, Hashable, Comparable, Sendable {
  /// The signal number.
  public let rawValue: Int32

  /// Creates the signal with this number; nil if the number is invalid, or reserved by the C library.
  public init?(rawValue: Int32) {
    guard 1..<32 ~= rawValue || cipc_sigrtmin()...cipc_sigrtmax() ~= rawValue else { return nil }
    self.rawValue = rawValue
  }

  /// Creates a signal from a number reported by the kernel.
  init(reported number: Int32) { rawValue = number }

  /// `SIGRTMIN`.
  public static var firstRealTime: Signal { Signal(reported: cipc_sigrtmin()) }

  /// Returns the real-time signal `SIGRTMIN + offset`; nil if the result would be above `SIGRTMAX`.
  ///
  /// Programs that agree on a real-time signal must specify it relative to `SIGRTMIN`, whose value differs between C
  /// libraries.
  public static func realTime(_ offset: Int32) -> Signal? {
    guard 0...cipc_sigrtmax() - cipc_sigrtmin() ~= offset else { return nil }
    return Signal(reported: cipc_sigrtmin() + offset)
  }

  /// `SIGHUP`.
  public static let hangUp = Signal(reported: SIGHUP)
  /// `SIGINT`.
  public static let interrupt = Signal(reported: SIGINT)
  /// `SIGQUIT`.
  public static let quit = Signal(reported: SIGQUIT)
  /// `SIGKILL`, which cannot be blocked or ignored.
  public static let kill = Signal(reported: SIGKILL)
  /// `SIGUSR1`.
  public static let user1 = Signal(reported: SIGUSR1)
  /// `SIGUSR2`.
  public static let user2 = Signal(reported: SIGUSR2)
  /// `SIGPIPE`.
  public static let brokenPipe = Signal(reported: SIGPIPE)
  /// `SIGALRM`.
  public static let alarm = Signal(reported: SIGALRM)
  /// `SIGTERM`.
  public static let terminate = Signal(reported: SIGTERM)
  /// `SIGCHLD`.
  public static let child = Signal(reported: SIGCHLD)
  /// `SIGCONT`.
  public static let `continue` = Signal(reported: SIGCONT)
  /// `SIGSTOP`, which cannot be blocked or ignored.
  public static let stop = Signal(reported: SIGSTOP)

  /// Orders signals by number; pending real-time signals are received in this order.
  public static func < (left: Signal, right: Signal) -> Bool { left.rawValue < right.rawValue }

  /// Whether this is a real-time signal, which is queued even if the same signal is already pending.
  public var isRealTime: Bool { rawValue >= cipc_sigrtmin() }
}

extension Signal: CustomStringConvertible {
  /// The signal's name, such as `SIGUSR1` or `SIGRTMIN+2`.
  public var description: String {
    if let symbol = unsafe cipc_signal_symbol(rawValue) { return unsafe "SIG" + String(cString: symbol) }
    let offset = rawValue - cipc_sigrtmin()
    return offset < 0 ? "signal \(rawValue)" : offset == 0 ? "SIGRTMIN" : "SIGRTMIN+\(offset)"
  }
}

extension Signal {
  /// Sends the signal to a process.
  ///
  /// - Parameter process: One process, not a group. If it is not a child of this process, its ID may already belong to
  ///   another process; a ``PIDFD`` never refers to another process.
  /// - Throws: ``IPCError`` with `.noSuchProcess`; `.notPermitted` if the process belongs to another user;
  ///   `.invalidArgument` if the ID is 0 or negative.
  ///
  /// Calls `kill(2)`.
  public func send(to process: ProcessID) throws(IPCError) {
    try Self.requireOne(process, .kill)
    try Syscall.call(.kill, on: .process(process)) {
      #if canImport(Glibc)
        Glibc.kill(process.rawValue, rawValue)
      #else
        Musl.kill(process.rawValue, rawValue)
      #endif
    }
  }

  /// Sends the signal to every process in a group.
  ///
  /// - Parameter group: The group ID, which is the process ID of its leader; nil for this process's group.
  /// - Throws: ``IPCError`` with `.noSuchProcess` if the group has no processes; `.notPermitted` if this process may
  ///   not send the signal to any process in the group; `.invalidArgument` if the ID is below 2.
  ///
  /// Calls `kill(2)` with the negative ID.
  public func send(toGroup group: ProcessID?) throws(IPCError) { try Self.send(rawValue, toGroup: group) }

  /// Checks that a group exists and that this process may send signals to one of its processes, without sending a
  /// signal.
  ///
  /// - Throws: Any error from ``send(toGroup:)``.
  ///
  /// Calls `kill(2)` with signal 0.
  public static func probe(group: ProcessID?) throws(IPCError) { try send(0, toGroup: group) }

  private static func send(_ signal: Int32, toGroup group: ProcessID?) throws(IPCError) {
    // kill(2) interprets -1 as every process.
    if let group, group.rawValue < 2 { throw IPCError(.kill, .invalidArgument, on: .process(group)) }
    try Syscall.call(.kill, on: group.map { .process($0) }) {
      #if canImport(Glibc)
        Glibc.kill(-(group?.rawValue ?? 0), signal)
      #else
        Musl.kill(-(group?.rawValue ?? 0), signal)
      #endif
    }
  }

  /// Checks that a process exists and that this process may send signals to it, without sending a signal.
  ///
  /// A zombie passes this check. If the process is not a child of this process, its ID may already belong to another
  /// process; a ``PIDFD`` never refers to another process.
  ///
  /// - Throws: ``IPCError`` with `.noSuchProcess`; `.notPermitted` if the process exists but belongs to another user;
  ///   `.invalidArgument` if the ID is 0 or negative.
  ///
  /// Calls `kill(2)` with signal 0.
  public static func probe(_ process: ProcessID) throws(IPCError) {
    try requireOne(process, .kill)
    try Syscall.call(.kill, on: .process(process)) {
      #if canImport(Glibc)
        Glibc.kill(process.rawValue, 0)
      #else
        Musl.kill(process.rawValue, 0)
      #endif
    }
  }

  /// Sends the signal to a process, with a value.
  ///
  /// Use a real-time signal: a standard signal that is already pending is not queued again, and the new value is lost.
  ///
  /// - Parameters:
  ///   - value: The value that the receiver reads as ``ReceivedSignal/value``, `sival_int` in C.
  ///   - process: The ID of a single process, not of a process group.
  ///   - timeout: How long to wait while the receiver has `RLIMIT_SIGPENDING` pending signals. The kernel does not
  ///     report when there is room again, so the method retries after pauses of 0.1 to 10 ms.
  ///   - retryOnInterrupt: Whether the call restarts after a signal handler runs; if not, it throws `.interrupted`.
  /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock`; and any error from
  ///   ``send(to:)``.
  ///
  /// Calls `sigqueue(3)`.
  public func queue(
    value: Int32, to process: ProcessID, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) {
    try Self.requireOne(process, .sigqueue)
    var backoff = Backoff()
    while true {
      switch Syscall.result({ cipc_sigqueue(process.rawValue, rawValue, value) }) {
      case .success: return
      case .failure(.wouldBlock):
        guard try backoff.sleep(before: timeout, retryOnInterrupt: retryOnInterrupt) else {
          throw IPCError(.sigqueue, timeout.expirationError, on: .process(process))
        }
      case .failure(let reason): throw IPCError(.sigqueue, reason, on: .process(process))
      }
    }
  }

  /// Sends the signal to a process, with a value, without waiting.
  ///
  /// - Returns: Whether the signal was sent; false if the receiver's `RLIMIT_SIGPENDING` is reached.
  public func tryQueue(value: Int32, to process: ProcessID) throws(IPCError) -> Bool {
    try nilIfWouldBlock { () throws(IPCError) in try queue(value: value, to: process, timeout: .immediate) } != nil
  }

  /// Requires a positive process ID.
  ///
  /// `kill(2)` interprets 0 and negative numbers as process groups, and -1 as all processes.
  private static func requireOne(_ process: ProcessID, _ call: IPCError.Call) throws(IPCError) {
    guard process.rawValue > 0 else { throw IPCError(call, .invalidArgument, on: .process(process)) }
  }
}

extension Signal {
  /// Makes this process ignore the signal.
  ///
  /// If the program ignores ``brokenPipe`` through this method, writes to pipes need no other protection against the
  /// signal, and call `write(2)`. This is up to 0.1 µs faster than `pwritev2(2)` with `RWF_NOSIGNAL`, and before Linux
  /// 6.18 saves two system calls. A write to a pipe without readers throws `.brokenPipe` in either case. A
  /// ``ChildProcess`` does not inherit the disposition. Do not ignore ``child``: the kernel would discard the
  /// children's statuses.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` if the signal is ``kill`` or ``stop``.
  ///
  /// Calls `sigaction(2)` with `SIG_IGN`.
  public func ignore() throws(IPCError) {
    try Syscall.call(.sigaction) { cipc_set_disposition(rawValue, 1) }
    if self == .brokenPipe { PipeSignal.programIgnoresIt() }
  }

  /// Restores the signal's default action, which terminates the process for most signals.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` if the signal is ``kill`` or ``stop``.
  ///
  /// Calls `sigaction(2)` with `SIG_DFL`.
  public func resetToDefault() throws(IPCError) {
    // Record this before changing the disposition: while the record says that the signal is ignored, writes do not
    // protect against it.
    if self == .brokenPipe { PipeSignal.programHandlesIt() }
    try Syscall.call(.sigaction) { cipc_set_disposition(rawValue, 0) }
  }
}

/// A received signal and its details: the `siginfo_t` of `sigaction(2)`.
public struct ReceivedSignal: Hashable, Sendable {
  /// The signal that was received.
  public let signal: Signal
  /// How the signal was sent.
  public let origin: Origin
  /// The process that sent the signal, or the child whose state changed; nil if there is no such process, or if the
  /// process is in a PID namespace that is not visible to this process.
  public let process: ProcessID?
  /// The user as which the process runs; nil if no process sent the signal.
  ///
  /// A user that is not mapped into this process's user namespace is reported as the overflow user, 65534.
  public let user: UserID?
  /// The value that the sender, timer or message queue attached; 0 if there is none.
  public let value: Int32

  /// How a signal was sent: its `si_code`.
  public enum Origin: Hashable, Sendable {
    /// `kill(2)`: `SI_USER`.
    case sent
    /// `sigqueue(3)`: `SI_QUEUE`.
    case queued
    /// The arrival of a message in a POSIX message queue: `SI_MESGQ`.
    case messageQueue
    /// `timer_create(2)`: `SI_TIMER`.
    case timer
    /// `tgkill(2)`: `SI_TKILL`.
    ///
    /// With glibc, ``SignalSet/wait(timeout:retryOnInterrupt:)`` reports such a signal as ``sent``, because
    /// `sigtimedwait(2)` replaces `SI_TKILL` with `SI_USER`.
    case thread
    /// The kernel: `SI_KERNEL`.
    case kernel
    /// Another `si_code`.
    case other(Int32)
  }

  package init(_ information: cipc_signal_information) {
    signal = Signal(reported: information.number)
    origin =
      switch information.code {
      case Int32(CIPC_SI_USER): .sent
      case Int32(CIPC_SI_QUEUE): .queued
      case Int32(CIPC_SI_MESGQ): .messageQueue
      case Int32(CIPC_SI_TIMER): .timer
      case Int32(CIPC_SI_TKILL): .thread
      case Int32(CIPC_SI_KERNEL): .kernel
      default: .other(information.code)
      }
    process = information.process == 0 ? nil : ProcessID(rawValue: information.process)
    user = information.has_sender == 0 ? nil : UserID(rawValue: information.user)
    value = information.value
  }
}
