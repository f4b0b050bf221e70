internal import CIPC
internal import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

extension POSIXSemaphore {
  /// Waits until the value is above 0, and subtracts one.
  ///
  /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock`; `.interrupted` if
  ///   `retryOnInterrupt` is false and a signal handler ran. A handler that was installed with `SA_RESTART` interrupts only
  ///   a wait with a deadline.
  ///
  /// Calls `sem_wait(3)`, `sem_trywait(3)`, or `sem_clockwait(3)` with `CLOCK_MONOTONIC`.
  public func wait(timeout: Timeout = .never, retryOnInterrupt: Bool = true) throws(IPCError) {
    if timeout.isNever {
      while unsafe sem_wait(address) != 0 { try recover(.semWait, retryOnInterrupt) }
    } else if timeout.isImmediate {
      while unsafe sem_trywait(address) != 0 { try recover(.semTryWait, retryOnInterrupt) }
    } else {
      let deadline = timeout.monotonicTime
      while unsafe cipc_sem_wait_until(address, deadline.seconds, deadline.nanoseconds) != 0 {
        try recover(.semClockWait, retryOnInterrupt)
      }
    }
  }

  /// Subtracts one from the value if it is above 0.
  ///
  /// - Returns: Whether it was.
  ///
  /// Calls `sem_trywait(3)`.
  public func tryWait() throws(IPCError) -> Bool {
    try nilIfWouldBlock { () throws(IPCError) in try wait(timeout: .immediate) } != nil
  }

  /// Throws unless the failed call is to be repeated.
  @inline(never)
  private func recover(_ call: IPCError.Call, _ retryOnInterrupt: Bool) throws(IPCError) {
    let reason = Syscall.lastError
    if reason != .interrupted || !retryOnInterrupt { throw IPCError(call, reason, on: object) }
  }

  /// Adds one to the value, and wakes one of the waiting threads.
  ///
  /// - Throws: ``IPCError`` with `.overflow` if the value is ``maximumValue``.
  ///
  /// Calls `sem_post(3)`.
  public func post() throws(IPCError) {
    if unsafe sem_post(address) != 0 { try recover(.semPost, false) }
  }

  /// The current value, 0 while threads wait. It can change at any time: only ``wait(timeout:retryOnInterrupt:)`` decides.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` if it is below 0, which means that the memory was overwritten.
  ///
  /// Calls `sem_getvalue(3)`.
  public var value: UInt32 {
    get throws(IPCError) {
      var value: Int32 = 0
      try Syscall.call(.semGetValue, on: object) { unsafe sem_getvalue(address, &value) }
      guard let value = UInt32(exactly: value) else { throw IPCError(.semGetValue, .invalidArgument, on: object) }
      return value
    }
  }
}

extension POSIXSemaphore {
  /// Posts the semaphore whenever this process receives a signal, until ``SignalRegistration/cancel()``.
  ///
  /// Of the calls that wake a waiting thread, only `sem_post(3)` may be called in a signal handler (`signal-safety(7)`).
  /// The handler replaces an earlier one of the same signal, and is installed with `SA_RESTART`.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` for what is not a signal, or cannot be handled.
  ///
  /// Calls `sigaction(2)`.
  public consuming func post(onSignal number: Int32) throws(IPCError) -> SignalRegistration {
    try SignalRegistration(self, number)
  }

  /// A signal handler that posts a semaphore. It is removed when this value is destroyed.
  public struct SignalRegistration: ~Copyable {
    private let signal: Int32
    /// Its number among the registrations of the signal.
    private let number: Int32
    // Destroyed after deinit has removed the handler.
    private let semaphore: POSIXSemaphore

    fileprivate init(_ semaphore: consuming POSIXSemaphore, _ signal: Int32) throws(IPCError) {
      number = try Syscall.call(.sigaction, on: semaphore.object) {
        unsafe cipc_sem_post_on_signal(semaphore.address, signal)
      }
      self.signal = signal
      self.semaphore = semaphore
    }

    deinit { _ = cipc_sem_stop_posting(signal, number) }

    /// Gives the signal its default action, unless there is a newer registration, and closes the semaphore.
    public consuming func cancel() {}
  }
}
