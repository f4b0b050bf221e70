public import IPC
internal import SystemPackage

extension EventFD {
  /// Waits until the counter is nonzero, resets it to 0, and returns its value; in semaphore mode, decrements it by 1
  /// and returns 1.
  ///
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `CancellationError`, in which case the
  ///   counter is unchanged.
  ///
  /// Calls `preadv2(2)`.
  public func read(timeout: Timeout = .never) async throws -> UInt64 {
    try await untilReady(descriptor, .readable, timeout) { () throws(IPCError) in try read(timeout: .immediate) }
  }

  /// Adds an amount to the counter, waiting while the sum would exceed `maximumValue`.
  ///
  /// - Parameters:
  ///   - amount: The number to add, at most `maximumValue`.
  ///   - timeout: How long to wait. The kernel reports only that the counter can increase by 1, so the method retries
  ///     after pauses of 0.1 to 10 ms, without blocking a thread.
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `.invalidArgument` if `amount` exceeds
  ///   `maximumValue`; `CancellationError`, in which case nothing is added.
  ///
  /// Calls `write(2)`.
  public func write(_ amount: UInt64, timeout: Timeout = .never) async throws {
    try await repeatedly(timeout) { () throws(IPCError) in try write(amount, timeout: .immediate) }
  }

  /// Returns a sequence of counter values; each read resets the counter to 0.
  public consuming func values() -> AsyncHandleSequence<UInt64> {
    let box = HandleBox(self)
    return AsyncHandleSequence { try await box.handle.read() }
  }
}

extension TimerFD {
  /// Waits until the timer has expired, and returns the number of expirations since the timer was last read or set.
  ///
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `CancellationError`, in which case no
  ///   expiration is lost.
  ///
  /// Calls `read(2)`.
  public func read(timeout: Timeout = .never) async throws -> UInt64 {
    try await untilReady(descriptor, .readable, timeout) { () throws(IPCError) in try read(timeout: .immediate) }
  }

  /// Returns a sequence in which each element is the number of expirations since the previous element.
  public consuming func expirations() -> AsyncHandleSequence<UInt64> {
    let box = HandleBox(self)
    return AsyncHandleSequence { try await box.handle.read() }
  }
}

extension SignalFD {
  /// Waits until a signal is pending for the process, and receives the pending signal with the lowest number.
  ///
  /// Signals that are pending only for one thread are not reported, because a task is not bound to a thread.
  ///
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `CancellationError`, in which case no
  ///   signal is lost.
  ///
  /// Calls `read(2)`.
  public func read(timeout: Timeout = .never) async throws -> ReceivedSignal {
    try await untilReady(descriptor, .readable, timeout) { () throws(IPCError) in try read(timeout: .immediate) }
  }

  /// Returns a sequence of the signals that the process receives.
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
  /// Later calls return the same status.
  ///
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `.noChildProcess` if `SIGCHLD` is
  ///   ignored, or if the child has been reaped elsewhere; `CancellationError`, in which case the child continues to
  ///   run.
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
