public import SystemPackage

extension SystemVSemaphores {
  /// Creates a set and sets its values, or opens the existing one after its values were set. If several processes start
  /// at once, exactly one of them sets the values, and none uses the set before. ``isNew`` tells whether it was this
  /// one.
  ///
  /// This also works together with programs in other languages that set the values of a new set before they perform
  /// their first operation on it.
  ///
  /// - Parameters:
  ///   - values: The values of the semaphores of a new set.
  ///   - timeout: How long to wait for another process to set the values.
  /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock` if another process created
  ///   the set, and has not set its values; it may have died. `.outOfRange` for a value that is not 0 to
  ///   ``maximumValue``; else as ``createOrOpen(_:count:permissions:)`` does.
  ///
  /// Calls `semget(2)`; then `semctl(2)` with `SETALL`, and `semop(2)`; or `semctl(2)` with `IPC_STAT` until
  /// `sem_otime` is not 0.
  public static func createOrOpenInitialized(
    _ key: SystemVKey, values: [Int], permissions: FilePermissions = .ownerReadWrite, timeout: Timeout = .never,
    retryOnInterrupt: Bool = true
  ) throws(IPCError) -> SystemVSemaphores {
    while true {
      let set = try createOrOpen { () throws(IPCError) in
        try create(key, count: values.count, permissions: permissions)
      } open: { () throws(IPCError) in
        try open(key, minimumCount: values.count)
      }
      if set.isNew {
        try set.initialize(to: values)
        return set
      }
      do throws(IPCError) {
        try set.waitUntilInitialized(timeout: timeout, retryOnInterrupt: retryOnInterrupt)
        return set
      } catch  where error.errno == .identifierRemoved || error.errno == .invalidArgument {
        // Another process has removed the set, or its creator has failed and removed it.
      }
    }
  }

  /// Waits until the creator of the set has set its values.
  ///
  /// The kernel does not report that, so this looks again after pauses of 0.1 to 10 ms.
  ///
  /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock`.
  ///
  /// Calls `semctl(2)` with `IPC_STAT`.
  public func waitUntilInitialized(timeout: Timeout = .never, retryOnInterrupt: Bool = true) throws(IPCError) {
    var backoff = Backoff()
    while try !status().isInitialized {
      guard try backoff.sleep(before: timeout, retryOnInterrupt: retryOnInterrupt) else {
        throw IPCError(.semget, timeout.expirationError, on: object)
      }
    }
  }

  /// Sets the values of a new set, and performs an operation that changes nothing, so that `sem_otime` is set.
  private func initialize(to values: [Int]) throws(IPCError) {
    do throws(IPCError) {
      try setAll(values)
      // If this would have to wait, another process performs operations already, and `sem_otime` is set.
      if values[0] == 0 {
        _ = try tryPerform(.waitForZero(0))
      } else {
        _ = try tryPerform([.acquire(0), .release(0)])
      }
    } catch {
      // Other processes would wait for a set that stays incomplete.
      try? remove()
      throw error
    }
  }
}
