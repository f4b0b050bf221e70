public import IPC

extension POSIXSemaphore {
  /// Waits until the value is above 0, and subtracts one; a thread waits while the value is 0.
  ///
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `CancellationError`, in which case
  ///   nothing is subtracted.
  ///
  /// Calls `sem_trywait(3)`, and `sem_clockwait(3)` in a thread.
  public func wait(timeout: Timeout = .never) async throws {
    try await inThread(timeout) { (limit) throws(IPCError) in try wait(timeout: limit, retryOnInterrupt: false) }
  }
}

extension SystemVSemaphores {
  /// Performs one operation; a thread waits while it would block.
  ///
  /// If an operation has `noWait` and would block, the call throws `.wouldBlock`.
  ///
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `.identifierRemoved` if the set is
  ///   removed while the call waits; `.invalidArgument` if the set was removed before the call; `.fileTooLarge` if the
  ///   index is outside the set; `.outOfRange`, `.permissionDenied`; `CancellationError`. On error, nothing is changed.
  ///
  /// Calls `semtimedop(2)`.
  public func perform(_ operation: Operation, timeout: Timeout = .never) async throws {
    try await inThread(timeout) { (limit) throws(IPCError) in
      try perform(operation, timeout: limit, retryOnInterrupt: false)
    }
  }

  /// Performs all operations atomically; a thread waits while any of them would block.
  ///
  /// - Throws: Any error from ``perform(_:timeout:)-(Operation,_)``; `.argListTooLong` if there are more than `SEMOPM`
  ///   operations (500 by default); `.invalidArgument` if there are none.
  ///
  /// Calls `semtimedop(2)`.
  public func perform(_ operations: Span<Operation>, timeout: Timeout = .never) async throws {
    try await inThread(timeout) { (limit) throws(IPCError) in
      try perform(operations, timeout: limit, retryOnInterrupt: false)
    }
  }

  /// Performs all operations in an inline array atomically, like ``perform(_:timeout:)-(Span<Operation>,_)``.
  public func perform<let count: Int>(_ operations: [count of Operation], timeout: Timeout = .never) async throws {
    try await inThread(timeout) { (limit) throws(IPCError) in
      try perform(operations, timeout: limit, retryOnInterrupt: false)
    }
  }

  /// Waits until the set's creator has set its values.
  ///
  /// The kernel does not report this event, so the method polls at intervals of 0.1 to 10 ms, without blocking a
  /// thread.
  ///
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `CancellationError`.
  ///
  /// Calls `semctl(2)` with `IPC_STAT`.
  public func waitUntilInitialized(timeout: Timeout = .never) async throws {
    try await repeatedly(timeout) { () throws(IPCError) in try waitUntilInitialized(timeout: .immediate) }
  }
}
