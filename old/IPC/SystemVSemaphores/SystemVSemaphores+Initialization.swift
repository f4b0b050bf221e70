public import SystemPackage

extension SystemVSemaphores {
  /// Whose the values of a set are.
  public enum Initialization: Hashable, Sendable {
    /// This process made the set, and set its values.
    case created(SystemVSemaphores)
    /// Another did, and has finished.
    case opened(SystemVSemaphores)
    /// Another made it, and had not finished by the deadline. It may have died in between.
    case timedOut
    /// Another made it, and had not finished at once, which was all the patience there was.
    case wouldBlock
  }

  /// Finds the set with this key when its values are set, or makes it and sets them: of all who start at once, exactly
  /// one sets them, and none uses the set before.
  ///
  /// It works together with every program that sets the values of a set that it created before it first performs an
  /// operation on it, in any language.
  ///
  /// - Parameters:
  ///   - values: What each semaphore of a new set is set to.
  ///   - patience: How long to wait for another who made the set.
  ///
  /// Calls `semget(2)`; then `semctl(2)` with `SETALL`, and `semop(2)`; or `semctl(2)` with `IPC_STAT` until
  /// `sem_otime` is not 0.
  public static func createOrOpenInitialized(
    _ key: SystemVKey, values: [Int], permissions: FilePermissions, patience: Patience = .forever,
    interruption: Interruption = .retry
  ) throws(IPCError) -> Initialization {
    while true {
      do throws(IPCError) {
        let set = try create(key, count: values.count, permissions: permissions)
        try set.initialize(to: values)
        return .created(set)
      } catch let error where error.errno == .fileExists {}
      let set: SystemVSemaphores
      do throws(IPCError) {
        set = try open(key, minimumCount: values.count)
      } catch let error where error.errno == .noSuchFileOrDirectory {
        continue
      }
      do throws(IPCError) {
        return switch try set.waitUntilInitialized(patience: patience, interruption: interruption) {
        case .done: .opened(set)
        case .timedOut: .timedOut
        case .wouldBlock: .wouldBlock
        }
      } catch let error where error.errno == .identifierRemoved || error.errno == .invalidArgument {
        // Its creator has failed, or somebody has removed it: whoever comes next begins anew.
      }
    }
  }

  /// Waits until whoever made the set has set its values, without making or setting anything.
  ///
  /// The kernel tells nobody when that happens: so this looks, and pauses in between, a tenth of a millisecond at first
  /// and ten at last.
  ///
  /// Calls `semctl(2)` with `IPC_STAT`.
  public func waitUntilInitialized(
    patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> Outcome {
    var backoff = Backoff()
    while try !status().isInitialized {
      guard let next = backoff.next(before: patience) else { return patience == .none ? .wouldBlock : .timedOut }
      try Kernel.sleep(until: next, interruption)
    }
    return .done
  }

  /// Sets the values of a new set, and then performs an operation that changes none, so that `sem_otime` tells others.
  private func initialize(to values: [Int]) throws(IPCError) {
    do throws(IPCError) {
      try setAll(values)
      // Where this would have to wait, somebody else performs operations already: `sem_otime` is set all the same.
      if values[0] == 0 {
        try perform(.waitForZero(0), patience: .none)
      } else {
        try perform([.acquire(0), .release(0)], patience: .none)
      }
    } catch {
      // Better none than one that nobody completes.
      try? remove()
      throw error
    }
  }
}
