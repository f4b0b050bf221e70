/// What came of reading.
///
/// `after` is how many bytes were read by the same call before: more than 0 only where a call reads several times.
public enum ReadResult: Hashable, Sendable {
  /// So many bytes were read: at least one, or all that were asked for.
  case read(Int)
  /// Every writer has closed its end, and nothing is left.
  case endOfFile(after: Int)
  /// There was nothing, and no patience to wait.
  case wouldBlock(after: Int)
  /// There was nothing until the deadline.
  case timedOut(after: Int)

  /// How many bytes were read.
  public var count: Int {
    switch self {
    case .read(let count), .endOfFile(let count), .wouldBlock(let count), .timedOut(let count): count
    }
  }

  /// Of one call that fills a buffer, of which `filled` says how much is.
  init(_ outcome: Transfer.Outcome, filled: inout Int) {
    switch outcome {
    case .moved(0): self = .endOfFile(after: 0)
    case .moved(let length):
      filled += length
      self = .read(length)
    case .wouldBlock: self = .wouldBlock(after: 0)
    case .timedOut: self = .timedOut(after: 0)
    }
  }
}
