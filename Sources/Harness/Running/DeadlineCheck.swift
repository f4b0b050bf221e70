import Glibc
import PeerProtocol

/// The system call argument that contains the call's time limit.
enum WaitLimit {
  /// The address of the wait's duration, relative to the start of the call.
  case interval(argument: Int)
  case milliseconds(argument: Int)
  /// The address of the time at which the wait ends.
  case deadline(argument: Int, ofDay: Bool)

  /// Determines a call's time limit; nil if it has none.
  init?(of call: String, _ arguments: [Int]) {
    switch call {
    case "ppoll", "rt_sigtimedwait": self = .interval(argument: 2)
    case "semtimedop", "epoll_pwait2": self = .interval(argument: 3)
    case "poll": self = .milliseconds(argument: 2)
    case "epoll_wait", "epoll_pwait": self = .milliseconds(argument: 3)
    case "mq_timedsend", "mq_timedreceive": self = .deadline(argument: 4, ofDay: true)
    case "futex_waitv": self = .deadline(argument: 3, ofDay: arguments[4] == 0)
    case "futex":
      let isOfDay = arguments[1] & 256 != 0  // FUTEX_CLOCK_REALTIME
      switch arguments[1] & 127 {
      case 0: self = .interval(argument: 3)  // FUTEX_WAIT
      case 9, 13: self = .deadline(argument: 3, ofDay: isOfDay)  // FUTEX_WAIT_BITSET, FUTEX_LOCK_PI2
      case 6: self = .deadline(argument: 3, ofDay: true)  // FUTEX_LOCK_PI
      default: return nil
      }
    default: return nil
    }
  }

  /// The index of the argument that is an address; nil if the limit itself is an argument.
  var address: Int? {
    switch self {
    case .interval(let argument), .deadline(let argument, _): argument
    case .milliseconds: nil
    }
  }
}

/// The earliest and the latest possible deadline of a wait, according to the runner's observations.
struct ObservedDeadline {
  var earliest: ContinuousClock.Instant
  var latest: ContinuousClock.Instant

  /// Creates the deadline for a call that began within the interval `begin` and waits for `time`.
  init(_ begin: ClosedRange<ContinuousClock.Instant>, after time: Duration) {
    (earliest, latest) = (begin.lowerBound + time, begin.upperBound + time)
  }
}

/// Checks a timed wait's deadline without waiting for it to pass.
///
/// While a role sleeps, the arguments of its system call show when the wait will end.
struct DeadlineCheck {
  /// A function that returns the deadline of a call that began within an interval.
  typealias Rest = (ClosedRange<ContinuousClock.Instant>) -> ObservedDeadline

  /// The deadline when it was first observed.
  private var first: ObservedDeadline?
  /// The time at which the role was last observed asleep.
  private(set) var lastSeen: ContinuousClock.Instant?
  /// Whether the last observed call was interrupted.
  ///
  /// If so, the next observation is of a later call.
  var isInterrupted = false

  /// The maximum time by which a wait may exceed its timeout, because an implementation may round the timeout up.
  private static let tolerance = Duration.seconds(1)
  /// The maximum time by which a deadline may move when a wait continues, because some calls take their timeout in
  /// milliseconds.
  private static let rounding = Duration.milliseconds(2)
  /// The longest timeout that an implementation must pass to a single call.
  ///
  /// It may split a longer timeout into several waits.
  private static let longestCall = Duration.seconds(365 * 86400)
  /// The maximum time by which a wait may fall short of its timeout, because an implementation may use 64-bit
  /// floating-point numbers.
  private static let precision = Duration.microseconds(1)
  /// The time for which a sleep must be observed before an interruption.
  ///
  /// Otherwise, a timeout that starts again after the interruption might go undetected.
  static let minimumSleep = Duration.milliseconds(5)

  /// Returns a description of the problem if the wait ends too early or too late; otherwise nil.
  ///
  /// `look` is the interval during which the role was seen sleeping in a call.
  mutating func problem(
    timeout: Duration, requestedAt: ContinuousClock.Instant, look: ClosedRange<ContinuousClock.Instant>,
    deadline: Rest
  ) -> String? {
    let begin = isInterrupted ? lastSeen ?? requestedAt : requestedAt
    let deadline = deadline(begin...look.upperBound)
    lastSeen = look.lowerBound
    isInterrupted = false
    if deadline.latest + Self.precision < requestedAt + min(timeout, Self.longestCall) {
      let end = Self.text(requestedAt.duration(to: deadline.latest))
      return "ends before its timeout of \(Self.text(timeout)), after at most \(end)"
    }
    let known = first ?? ObservedDeadline(requestedAt...look.upperBound, after: timeout)
    if deadline.earliest > known.latest + (first == nil ? Self.tolerance : Self.rounding) {
      let late = Self.text(known.latest.duration(to: deadline.earliest))
      return first == nil
        ? "ends \(late) after its timeout of \(Self.text(timeout))"
        : "starts its timeout of \(Self.text(timeout)) again after a signal"
    }
    first = first ?? deadline
    return nil
  }

  private static func text(_ duration: Duration) -> String { "\((duration.seconds * 1000).rounded() / 1000) s" }
}
