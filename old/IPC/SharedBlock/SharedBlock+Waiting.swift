internal import Synchronization

extension SharedBlock {
  /// What came of waiting for the flag.
  public enum WaitResult: Hashable, Sendable {
    /// The flag is as it was waited for, and what was stored before it can be read.
    case ready
    /// It is not, and there was no patience to wait.
    case wouldBlock
    /// It was not until the deadline, as when whoever should set it has died: the flag does not know.
    case timedOut
  }

  /// How to wait for the flag.
  public enum Waiting: Hashable, Sendable {
    /// In `futex(2)`: woken at once by whoever wakes, as ``publish(_:)-(RawSpan)`` does.
    case asleep
    /// By looking, from ten thousand times a second down to a hundred: where the other side sets the flag and wakes nobody.
    case looking
  }

  /// Whether the flag is set: then what was published can be read.
  ///
  /// A load with acquire.
  public var isReady: Bool { unsafe flag.pointee.load(ordering: .acquiring) != 0 }

  /// Waits until the flag is set, or, with `isReady` false, until it is taken back.
  ///
  /// - Throws: ``IPCError`` with `Errno.interrupted` where that was asked for.
  public func wait(
    until isReady: Bool = true, patience: Patience = .forever, _ waiting: Waiting = .asleep,
    interruption: Interruption = .retry
  ) throws(IPCError) -> WaitResult {
    var backoff = Backoff()
    while true {
      let value = unsafe flag.pointee.load(ordering: .acquiring)
      if (value != 0) == isReady { return .ready }
      if patience == .none { return .wouldBlock }
      switch waiting {
      case .asleep:
        guard let rest = patience.nanoseconds else { return .timedOut }
        _ = try unsafe Kernel.sleep(while: flag, is: value, nanoseconds: rest, interruption)
      case .looking:
        guard let next = backoff.next(before: patience) else { return .timedOut }
        try Kernel.sleep(until: next, interruption)
      }
    }
  }
}
