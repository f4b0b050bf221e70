internal import CIPC
internal import SystemPackage

extension SystemVSemaphores {
  /// What came of operations.
  public enum Outcome: Hashable, Sendable {
    /// All were performed.
    case done
    /// None was: one would have had to wait, and was not to, or the patience was ``Patience/none``.
    case wouldBlock
    /// None was: one had to wait until the deadline.
    case timedOut
  }

  /// Performs all operations at one moment, and waits until it can; none is seen without the others.
  ///
  /// ```swift
  /// try semaphores.perform([.acquire(0, undo: true), .acquire(1, undo: true)])
  /// ```
  ///
  /// - Throws: ``IPCError`` with `.identifierRemoved` when the set is removed meanwhile, `.invalidArgument` when it was
  ///   before; `.fileTooLarge` for an index beyond the set; `.argListTooLong` for more than 500 operations; `.outOfRange`
  ///   for a value above 32767; `.permissionDenied`.
  ///
  /// Calls `semop(2)`, or `semtimedop(2)`.
  @discardableResult
  public func perform<let count: Int>(
    _ operations: [count of Operation], patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> Outcome {
    try perform(operations.span, patience: patience, interruption: interruption)
  }

  /// Performs one operation.
  @discardableResult
  public func perform(
    _ operation: Operation, patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> Outcome {
    try perform([operation], patience: patience, interruption: interruption)
  }

  /// Performs as many operations at one moment as `operations` has.
  @discardableResult
  public func perform(
    _ operations: Span<Operation>, patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> Outcome {
    try unsafe withUnsafeTemporaryAllocation(
      of: cipc_semaphore_operation.self, capacity: operations.count
    ) { mirror throws(IPCError) in
      for index in operations.indices {
        unsafe mirror.initializeElement(at: index, to: operations[index].mirrored)
      }
      return try unsafe perform(UnsafeBufferPointer(mirror), patience, interruption)
    }
  }

  private func perform(
    _ operations: UnsafeBufferPointer<cipc_semaphore_operation>, _ patience: Patience, _ interruption: Interruption
  ) throws(IPCError) -> Outcome {
    while true {
      // A handler interrupts these calls whatever SA_RESTART says. A wait that begins anew has only the rest of its time.
      let nanoseconds = patience.nanoseconds ?? 0
      let result = Kernel.attempt(.report) {
        unsafe cipc_semtimedop(identifier, operations.baseAddress, operations.count, nanoseconds)
      }
      switch result {
      case .success: return .done
      case .failure(.interrupted) where interruption == .retry:
        // Only what would have waited is interrupted, so nobody has to be asked again.
        if case .until(let deadline) = patience, deadline.hasPassed { return .timedOut }
      // Both IPC_NOWAIT and a time that is over are EAGAIN.
      case .failure(.wouldBlock):
        if case .until(let deadline) = patience, deadline.hasPassed { return .timedOut }
        return .wouldBlock
      case .failure(let reason): throw IPCError(call: "semop", errno: reason, object: object)
      }
    }
  }
}
