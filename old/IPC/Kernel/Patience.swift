/// How long a call may wait for what it needs.
public enum Patience: Hashable, Sendable {
  /// Not at all: what cannot be done at once is reported as a result.
  case none
  /// Until an instant. What can be done at once is done even when the instant has passed.
  case until(Deadline)
  /// As long as it takes.
  case forever

  /// Until `duration` from now.
  public static func atMost(_ duration: Duration) -> Patience { .until(.after(duration)) }

  /// How long a call may sleep, in nanoseconds: negative for ever. Nil when it may not, any more.
  var nanoseconds: Int64? {
    switch self {
    case .none: return nil
    case .until(let deadline):
      let remaining = deadline.remaining
      return remaining > 0 ? remaining : nil
    case .forever: return -1
    }
  }
}
