internal import CIPC

/// A signal that has been taken, and what came with it.
///
/// The `siginfo_t` of `sigaction(2)`.
public struct ReceivedSignal: Hashable, Sendable {
  public let signal: Signal
  public let origin: Origin
  /// The process that sent it, or the child that it tells of; 0 when there is none, or it is not known here.
  public let process: Int32
  /// The user of that process; 0 when there is none.
  public let user: UInt32
  /// What was sent along, by a process, a timer or a message queue; 0 when nothing was.
  public let value: Int32

  /// How a signal came about.
  public enum Origin: Hashable, Sendable {
    /// By `kill(2)`: `SI_USER`.
    case sent
    /// By `sigqueue(3)`: `SI_QUEUE`.
    case queued
    /// By a message in a POSIX message queue: `SI_MESGQ`.
    case messageQueue
    /// By `timer_create(2)`: `SI_TIMER`.
    case timer
    /// By `tgkill(2)`: `SI_TKILL`.
    case thread
    /// By the kernel: `SI_KERNEL`.
    case kernel
    /// In another way, by its `si_code`.
    case other(Int32)
  }

  /// What the kernel told.
  init?(_ information: cipc_signal_information) {
    guard let signal = Signal(rawValue: information.number) else { return nil }
    self.signal = signal
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
    process = information.process
    user = information.user
    value = information.value
  }
}
