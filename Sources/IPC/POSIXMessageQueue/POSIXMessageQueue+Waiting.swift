internal import CIPC
internal import Glibc
internal import SystemPackage

extension POSIXMessageQueue.End {
  /// Waits until a message is there to be received, or room for one to be sent, without doing either.
  ///
  /// Whoever shares the queue may be faster: what was ready can be gone at the next call.
  ///
  /// - Returns: What the queue is ready for; empty when patience ran out.
  ///
  /// Calls `ppoll(2)`.
  public func wait(
    for events: Readiness, patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> Readiness {
    try Kernel.wait(for: events, of: owned.descriptor, patience, interruption)
  }

  /// Performs a call that takes a time of day as its deadline, or nil to wait for ever.
  ///
  /// A deadline in 1970 stands for no patience: what need not wait is done whatever the deadline, and the open queue's
  /// `O_NONBLOCK`, which others share, stays as it is.
  static func attempt(
    _ patience: Patience, _ interruption: Interruption, _ call: (_ deadline: timespec?) -> Int
  ) -> Result<Int, Errno> {
    while true {
      let result = Kernel.attempt(.report) {
        switch patience {
        case .none: call(timespec())
        case .until(let deadline): call(deadline.timeOfDay)
        case .forever: call(nil)
        }
      }
      switch (result, patience) {
      case (.failure(.interrupted), _) where interruption == .retry: continue
      // The time of day was set forward meanwhile: the deadline itself is still to come.
      case (.failure(.timedOut), .until(let deadline)) where !deadline.hasPassed: continue
      default: return result
      }
    }
  }
}
