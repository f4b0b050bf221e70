internal import CIPC
public import SystemPackage

/// A signal that was received, with what the kernel reports about it: the `siginfo_t` of `sigaction(2)`.
public struct ReceivedSignal: Hashable, Sendable {
  public let signal: Signal
  public let origin: Origin
  /// The process that sent the signal, or the child that changed its state; nil if no process did, or if it is in a PID
  /// namespace that this process cannot see.
  public let process: ProcessID?
  /// The user of that process; nil if no process sent the signal. A user who is not mapped into the user namespace of this
  /// process is reported as the overflow user, 65534.
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
    case thread
    /// The kernel: `SI_KERNEL`.
    case kernel
    /// Another `si_code`.
    case other(Int32)
  }

  init(_ information: cipc_signal_information) {
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
