public import IPC

extension POSIXSemaphore {
  /// Waits until the value is above 0, and subtracts one; a thread waits if it is 0.
  ///
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `CancellationError`, after which nothing
  ///   was subtracted.
  ///
  /// Calls `sem_trywait(3)`, and `sem_clockwait(3)` in a thread.
  public func wait(timeout: Timeout = .never) async throws {
    try await inThread(timeout) { (limit) throws(IPCError) in try wait(timeout: limit, retryOnInterrupt: false) }
  }
}

extension SystemVSemaphores {
  /// Performs one operation; a thread waits until it is possible.
  ///
  /// `noWait` has no effect here: use `tryPerform` instead.
  ///
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `.identifierRemoved` if the set is removed
  ///   while the call waits, `.invalidArgument` if it was removed before the call; `.fileTooLarge` for an index outside
  ///   the set; `.outOfRange`, `.permissionDenied`; `CancellationError`. After an error, nothing was changed.
  ///
  /// Calls `semtimedop(2)`.
  public func perform(_ operation: Operation, timeout: Timeout = .never) async throws {
    try await inThread(timeout) { (limit) throws(IPCError) in
      try perform(operation, timeout: limit, retryOnInterrupt: false)
    }
  }

  /// Performs all operations atomically; a thread waits until that is possible.
  ///
  /// - Throws: The errors of ``perform(_:timeout:)-(Operation,_)``; `.argListTooLong` for more operations than `SEMOPM`,
  ///   by default 500; `.invalidArgument` if there are no operations.
  ///
  /// Calls `semtimedop(2)`.
  public func perform(_ operations: Span<Operation>, timeout: Timeout = .never) async throws {
    try await inThread(timeout) { (limit) throws(IPCError) in
      try perform(operations, timeout: limit, retryOnInterrupt: false)
    }
  }

  /// Performs all operations of an inline array atomically, like ``perform(_:timeout:)-(Span<Operation>,_)``.
  public func perform<let count: Int>(_ operations: [count of Operation], timeout: Timeout = .never) async throws {
    try await inThread(timeout) { (limit) throws(IPCError) in
      try perform(operations, timeout: limit, retryOnInterrupt: false)
    }
  }

  /// Waits until the creator of the set has set its values.
  ///
  /// The kernel does not report this, so the function checks after pauses of 0.1 to 10 ms, during which no thread is
  /// waiting.
  ///
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `CancellationError`.
  ///
  /// Calls `semctl(2)` with `IPC_STAT`.
  public func waitUntilInitialized(timeout: Timeout = .never) async throws {
    try await repeatedly(timeout) { () throws(IPCError) in try waitUntilInitialized(timeout: .immediate) }
  }
}
