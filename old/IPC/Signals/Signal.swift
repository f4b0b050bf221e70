internal import CIPC
internal import Glibc

/// A signal, by its number.
///
/// Standard signals merge: one that waits already is not sent a second time. Real-time signals queue, each with its value,
/// and arrive in the order of their numbers, those of one number in the order of sending.
///
/// `signal(7)`.
public struct Signal: Hashable, Comparable, Sendable {
  public let rawValue: Int32

  /// - Returns: nil for a number that is no signal, and for the two that the C library keeps for itself.
  public init?(rawValue: Int32) {
    guard 1..<32 ~= rawValue || cipc_sigrtmin()...cipc_sigrtmax() ~= rawValue else { return nil }
    self.rawValue = rawValue
  }

  private init(_ known: Int32) { rawValue = known }

  /// `SIGRTMIN`.
  public static var firstRealTime: Signal { Signal(cipc_sigrtmin()) }

  /// The real-time signal that is so many above `SIGRTMIN`; nil when there are not that many.
  ///
  /// A program that agrees with others about such a signal counts from `SIGRTMIN` too: the C libraries differ in where
  /// theirs begins.
  public static func realTime(_ offset: Int32) -> Signal? {
    guard 0...cipc_sigrtmax() - cipc_sigrtmin() ~= offset else { return nil }
    return Signal(cipc_sigrtmin() + offset)
  }

  public static let hangUp = Signal(SIGHUP)
  public static let interrupt = Signal(SIGINT)
  public static let quit = Signal(SIGQUIT)
  public static let kill = Signal(SIGKILL)
  public static let user1 = Signal(SIGUSR1)
  public static let user2 = Signal(SIGUSR2)
  public static let brokenPipe = Signal(SIGPIPE)
  public static let alarm = Signal(SIGALRM)
  public static let terminate = Signal(SIGTERM)
  public static let child = Signal(SIGCHLD)
  public static let `continue` = Signal(SIGCONT)
  public static let stop = Signal(SIGSTOP)

  public static func < (left: Signal, right: Signal) -> Bool { left.rawValue < right.rawValue }

  /// Whether each that is sent arrives, and in order.
  public var isRealTime: Bool { rawValue >= cipc_sigrtmin() }
}

extension Signal: CustomStringConvertible {
  /// As `SIGUSR1`, or `SIGRTMIN+2`.
  public var description: String {
    if let symbol = unsafe cipc_signal_symbol(rawValue) { return unsafe "SIG" + String(cString: symbol) }
    return rawValue == cipc_sigrtmin() ? "SIGRTMIN" : "SIGRTMIN+\(rawValue - cipc_sigrtmin())"
  }
}
