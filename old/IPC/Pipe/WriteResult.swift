/// What came of writing.
///
/// `after` is how many bytes the pipe had taken by then: more than 0 only where a call writes several times.
public enum WriteResult: Hashable, Sendable {
  /// So many bytes were written: at least one, or all that were asked for.
  case wrote(Int)
  /// Nobody reads: every reader has closed its end. No signal is delivered.
  case nobodyReads(after: Int)
  /// There was no room, and no patience to wait.
  case wouldBlock(after: Int)
  /// There was no room until the deadline.
  case timedOut(after: Int)

  /// How many bytes were written.
  public var count: Int {
    switch self {
    case .wrote(let count), .nobodyReads(let count), .wouldBlock(let count), .timedOut(let count): count
    }
  }
}
