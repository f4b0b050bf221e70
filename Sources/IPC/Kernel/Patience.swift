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
}
