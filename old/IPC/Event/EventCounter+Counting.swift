internal import CIPC
internal import Glibc
internal import SystemPackage

extension EventCounter {
  /// What came of taking.
  public enum TakeResult: Hashable, Sendable {
    /// So much as there was; of a semaphore, 1.
    case took(UInt64)
    /// It was 0, and there was no patience.
    case wouldBlock
    /// It was 0 until the deadline.
    case timedOut
  }

  /// What came of adding.
  public enum AddResult: Hashable, Sendable {
    case added
    /// It would have gone beyond ``EventCounter/limit``, and there was no patience.
    case wouldBlock
    /// It would have done so until the deadline.
    case timedOut
  }

  /// Takes what there is, and waits while that is 0.
  ///
  /// Calls `read(2)`, and `ppoll(2)` to wait until a deadline.
  public func take(
    patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> TakeResult {
    var value: UInt64 = 0
    while true {
      switch try read(into: &value, patience, interruption) {
      case .success: return .took(value)
      case .failure(.wouldBlock): break
      case .failure(let reason): throw IPCError(call: "read", errno: reason, object: .descriptor(descriptor))
      }
      if patience == .none { return .wouldBlock }
      if try Kernel.wait(for: .readable, of: descriptor, patience, interruption).isEmpty { return .timedOut }
    }
  }

  /// Adds an amount, and waits while there is no room for all of it.
  ///
  /// - Parameter patience: The kernel tells of room for 1, and not for more. Where it is not for ever, or the counter is
  ///   non-blocking, this tries and tries again, with pauses of a tenth of a millisecond at first and ten at last.
  /// - Throws: ``IPCError`` with `.invalidArgument` for more than ``limit``.
  ///
  /// Calls `write(2)`.
  public func add(
    _ amount: UInt64, patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> AddResult {
    var backoff = Backoff()
    while true {
      switch try write(amount, patience, interruption) {
      case .success: return .added
      case .failure(.wouldBlock):
        guard let next = backoff.next(before: patience) else { return patience == .none ? .wouldBlock : .timedOut }
        try Kernel.sleep(until: next, interruption)
      case .failure(let reason): throw IPCError(call: "write", errno: reason, object: .descriptor(descriptor))
      }
    }
  }

  private func read(
    into value: inout UInt64, _ patience: Patience, _ interruption: Interruption
  ) throws(IPCError) -> Result<Int, Errno> {
    if patience == .forever {
      return Kernel.attempt(interruption) { unsafe Glibc.read(descriptor.rawValue, &value, 8) }
    }
    // Another may take what poll(2) has seen, so this must not wait.
    let result = Kernel.attempt(interruption) { unsafe cipc_read_now(descriptor.rawValue, &value, 8) }
    guard result == .failure(.notSupported) else { return result }
    return try NonBlocking.attempt(descriptor, interruption) { unsafe Glibc.read(descriptor.rawValue, &value, 8) }
  }

  private func write(
    _ amount: UInt64, _ patience: Patience, _ interruption: Interruption
  ) throws(IPCError) -> Result<Int, Errno> {
    var amount = amount
    if patience == .forever {
      return Kernel.attempt(interruption) { unsafe Glibc.write(descriptor.rawValue, &amount, 8) }
    }
    // There is no pwritev2(2) of it that would not wait.
    return try NonBlocking.attempt(descriptor, interruption) { unsafe Glibc.write(descriptor.rawValue, &amount, 8) }
  }
}
