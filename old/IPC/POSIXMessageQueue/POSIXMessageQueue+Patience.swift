internal import Glibc
internal import SystemPackage

extension POSIXMessageQueue.End {
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
      // Only what would have waited is interrupted, so nobody has to be asked again.
      case (.failure(.interrupted), .until(let deadline)) where interruption == .retry && deadline.hasPassed:
        return .failure(.timedOut)
      case (.failure(.interrupted), _) where interruption == .retry: continue
      // The time of day was set forward meanwhile: the deadline itself is still to come.
      case (.failure(.timedOut), .until(let deadline)) where !deadline.hasPassed: continue
      default: return result
      }
    }
  }
}
