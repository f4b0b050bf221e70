public import IPC
internal import SystemPackage

extension EventFD {
  /// Waits until the counter is not 0, returns it and sets it to 0; a semaphore returns 1 and is decremented by 1.
  ///
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `CancellationError`, after which the
  ///   counter is unchanged.
  ///
  /// Calls `preadv2(2)`.
  public func read(timeout: Timeout = .never) async throws -> UInt64 {
    try await untilReady(descriptor, .readable, timeout) { () throws(IPCError) in try read(timeout: .immediate) }
  }

  /// Adds an amount to the counter, and waits while the sum would exceed `maximumValue`.
  ///
  /// - Parameters:
  ///   - amount: The number to add, at most `maximumValue`.
  ///   - timeout: How long to wait. The kernel reports only that there is room for 1, so the function retries after
  ///     pauses of 0.1 to 10 ms, during which no thread is waiting.
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `.invalidArgument` for more than
  ///   `maximumValue`; `CancellationError`, after which nothing was added.
  ///
  /// Calls `write(2)`.
  public func write(_ amount: UInt64, timeout: Timeout = .never) async throws {
    try await repeatedly(timeout) { () throws(IPCError) in try write(amount, timeout: .immediate) }
  }

  /// Returns the values of the counter; reading a value sets the counter to 0.
  public consuming func values() -> AsyncHandleSequence<UInt64> {
    let box = HandleBox(self)
    return AsyncHandleSequence { try await box.handle.read() }
  }
}

extension TimerFD {
  /// Waits until the timer has expired, and returns the number of expirations since it was last read or set.
  ///
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `CancellationError`, after which no
  ///   expiration is lost.
  ///
  /// Calls `read(2)`.
  public func read(timeout: Timeout = .never) async throws -> UInt64 {
    try await untilReady(descriptor, .readable, timeout) { () throws(IPCError) in try read(timeout: .immediate) }
  }

  /// Returns the expirations: each element is the number of expirations since the previous element.
  public consuming func expirations() -> AsyncHandleSequence<UInt64> {
    let box = HandleBox(self)
    return AsyncHandleSequence { try await box.handle.read() }
  }
}

extension SignalFD {
  /// Waits until a signal is pending for the process, and receives the one with the lowest number.
  ///
  /// A signal that is pending only for one thread is not reported, because a task is not bound to a thread.
  ///
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `CancellationError`, after which no signal
  ///   is lost.
  ///
  /// Calls `read(2)`.
  public func read(timeout: Timeout = .never) async throws -> ReceivedSignal {
    try await untilReady(descriptor, .readable, timeout) { () throws(IPCError) in try read(timeout: .immediate) }
  }

  /// Returns the signals that the process receives.
  public consuming func signals() -> AsyncHandleSequence<ReceivedSignal> {
    let box = HandleBox(self)
    return AsyncHandleSequence { try await box.handle.read() }
  }
}

extension PIDFD {
  /// Waits until the process has ended.
  ///
  /// A child remains a zombie until `reap()` is called.
  ///
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `CancellationError`.
  ///
  /// Calls `ppoll(2)`.
  public func wait(timeout: Timeout = .never) async throws {
    try await untilReady(descriptor, .readable, timeout) { () throws(IPCError) in try wait(timeout: .immediate) }
  }
}

extension ChildProcess {
  /// Waits until the child has ended, removes the zombie, and returns how the child ended.
  ///
  /// Returns the same status when it is called again.
  ///
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `.noChildProcess` if `SIGCHLD` is ignored,
  ///   or the child has been reaped elsewhere; `CancellationError`, after which the child continues to run.
  ///
  /// Calls `pidfd_open(2)` and `waitid(2)`.
  @discardableResult
  public mutating func wait(timeout: Timeout = .never) async throws -> TerminationStatus {
    if let status = try tryWait() { return status }
    let process = try pidfd()
    return try await untilReady(process.descriptor, .readable, timeout) { () throws(IPCError) in
      try wait(timeout: .immediate)
    }
  }
}
