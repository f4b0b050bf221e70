/// Pauses between tries, for what the kernel tells nobody about: from a tenth of a millisecond up to ten.
package struct Backoff {
  private static let longest: Int64 = 10_000_000
  private var pause: Int64 = 100_000

  package init() {}

  /// When to try again: not after the deadline. Nil when that has passed.
  package mutating func next(before patience: Patience) -> Deadline? {
    let now = Deadline.now
    let next = Deadline(nanoseconds: now.nanoseconds + pause)
    pause = min(pause * 2, Self.longest)
    switch patience {
    case .none: return nil
    case .until(let deadline): return deadline <= now ? nil : min(next, deadline)
    case .forever: return next
    }
  }
}
