internal import CIPC
internal import Glibc
internal import SystemPackage

extension POSIXSemaphore {
  /// What came of waiting.
  public enum WaitResult: Hashable, Sendable {
    /// The value was above 0, and is one less now.
    case taken
    /// The value is 0, and there was no patience to wait.
    case wouldBlock
    /// The value was 0 until the deadline.
    case timedOut
  }

  /// Waits until the value is above 0, and takes one from it.
  ///
  /// - Throws: ``IPCError`` with `Errno.interrupted` where that was asked for. A handler installed with `SA_RESTART`
  ///   interrupts only a wait that has a deadline.
  ///
  /// Calls `sem_wait(3)`, `sem_trywait(3)`, or `sem_clockwait(3)` with `CLOCK_MONOTONIC`.
  public func wait(
    patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> WaitResult {
    let result = Kernel.attempt(interruption) {
      switch patience {
      case .none: unsafe sem_trywait(address)
      case .until(let deadline):
        unsafe cipc_sem_wait_until(address, Int64(deadline.time.tv_sec), deadline.time.tv_nsec)
      case .forever: unsafe sem_wait(address)
      }
    }
    switch result {
    case .success: return .taken
    case .failure(.wouldBlock): return .wouldBlock
    case .failure(.timedOut): return .timedOut
    case .failure(let reason): throw IPCError(call: Self.name(patience), errno: reason, object: object)
    }
  }

  private static func name(_ patience: Patience) -> String {
    switch patience {
    case .none: "sem_trywait"
    case .until: "sem_clockwait"
    case .forever: "sem_wait"
    }
  }

  /// Adds one to the value. One of those who wait goes on.
  ///
  /// - Throws: ``IPCError`` with `.overflow` when the value is ``maximumValue``.
  ///
  /// Calls `sem_post(3)`.
  public func post() throws(IPCError) {
    try Kernel.call("sem_post", on: object) { unsafe sem_post(address) }
  }

  /// The value at one moment, which may be another when it is looked at. 0 while somebody waits.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` when it is below 0: then somebody wrote over what was a semaphore.
  ///
  /// Calls `sem_getvalue(3)`.
  public func value() throws(IPCError) -> UInt32 {
    var value: Int32 = 0
    try Kernel.call("sem_getvalue", on: object) { unsafe sem_getvalue(address, &value) }
    guard let value = UInt32(exactly: value) else {
      throw IPCError(call: "sem_getvalue", errno: .invalidArgument, object: object)
    }
    return value
  }
}
