internal import CIPC
public import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

extension SystemVSemaphores {
  /// One of several operations that the kernel performs atomically (`struct sembuf` in `semop(2)`).
  @frozen
  public struct Operation: Hashable, Sendable {
    // The fields are in the same order as in `struct sembuf`, so the kernel can read a span of operations in place.

    /// The semaphore's index in the set, from 0.
    public var index: UInt16
    /// The amount that is added to the semaphore's value.
    ///
    /// If the amount is negative, the operation first waits until the result is not negative. If it is 0, the operation
    /// waits until the value is 0.
    public var delta: Int16
    @usableFromInline var flags: Int16

    /// `SEM_UNDO`, which has the same value on all architectures.
    @inlinable static var undoFlag: Int16 { 0x1000 }
    /// `IPC_NOWAIT`, which has the same value on all architectures.
    @inlinable static var noWaitFlag: Int16 { 0x800 }

    /// Creates an operation.
    ///
    /// - Parameters:
    ///   - index: The semaphore's index in the set, from 0.
    ///   - delta: The amount to add to the value; 0 to wait until it is 0.
    ///   - undo: Whether the kernel undoes the change when this process ends, even if it is killed (`SEM_UNDO`).
    ///   - noWait: Whether the whole call fails with `.wouldBlock` if this operation would block, regardless of the
    ///     timeout (`IPC_NOWAIT`).
    @inlinable
    public init(_ index: UInt16, delta: Int16, undo: Bool = false, noWait: Bool = false) {
      self.index = index
      self.delta = delta
      flags = (undo ? Self.undoFlag : 0) | (noWait ? Self.noWaitFlag : 0)
    }

    /// Whether the kernel undoes the change when this process ends (`SEM_UNDO`).
    public var undo: Bool { flags & Self.undoFlag != 0 }
    /// Whether the whole call fails with `.wouldBlock` if this operation would block (`IPC_NOWAIT`).
    public var noWait: Bool { flags & Self.noWaitFlag != 0 }

    /// Waits until the semaphore is at least 1, and subtracts 1 (*P*, *wait*).
    @inlinable
    public static func acquire(_ index: UInt16, undo: Bool = false) -> Operation {
      Operation(index, delta: -1, undo: undo)
    }

    /// Adds 1 to the semaphore (*V*, *signal*).
    @inlinable
    public static func release(_ index: UInt16, undo: Bool = false) -> Operation {
      Operation(index, delta: 1, undo: undo)
    }

    /// Waits until the semaphore is 0.
    @inlinable
    public static func waitForZero(_ index: UInt16) -> Operation { Operation(index, delta: 0) }
  }
}

extension SystemVSemaphores {
  /// Performs one operation, waiting while it would block.
  ///
  /// - Throws: ``IPCError`` with `.timedOut`; `.wouldBlock` for ``Timeout/immediate``, or if the operation has
  ///   `noWait`; `.identifierRemoved` if the set is removed while the call waits, `.invalidArgument` if it was removed
  ///   before the call; `.fileTooLarge` if the index is outside the set; `.outOfRange` if the value would exceed
  ///   ``maximumValue``; `.permissionDenied`; `.interrupted` if `retryOnInterrupt` is false and a signal handler ran.
  ///
  /// Calls `semop(2)` or `semtimedop(2)`.
  public func perform(
    _ operation: Operation, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) {
    try unsafe withUnsafePointer(to: operation) { (start) throws(IPCError) in
      try unsafe perform(start, 1, timeout, retryOnInterrupt)
    }
  }

  /// Performs all operations atomically, waiting while any of them would block.
  ///
  /// ```swift
  /// try semaphores.perform([.acquire(0, undo: true), .acquire(1, undo: true)])
  /// ```
  ///
  /// - Throws: Any error from ``perform(_:timeout:retryOnInterrupt:)-(Operation,_,_)``, in which case no operation was
  ///   performed; `.argListTooLong` if there are more than `SEMOPM` operations (500 by default); `.invalidArgument` if
  ///   there are no operations.
  ///
  /// Calls `semop(2)` or `semtimedop(2)`.
  @inlinable
  public func perform<let count: Int>(
    _ operations: [count of Operation], timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) {
    try perform(operations.span, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
  }

  /// Performs all operations in a span atomically, like the variant that takes an inline array.
  public func perform(
    _ operations: Span<Operation>, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) {
    try unsafe operations.withUnsafeBufferPointer { (buffer) throws(IPCError) in
      try unsafe perform(buffer.baseAddress, buffer.count, timeout, retryOnInterrupt)
    }
  }

  /// Performs one operation if it would not block.
  ///
  /// - Returns: Whether the operation was performed.
  public func tryPerform(_ operation: Operation) throws(IPCError) -> Bool {
    try nilIfWouldBlock { () throws(IPCError) in try perform(operation, timeout: .immediate) } != nil
  }

  /// Performs all operations atomically if none would block.
  ///
  /// - Returns: Whether the operations were performed.
  @inlinable
  public func tryPerform<let count: Int>(_ operations: [count of Operation]) throws(IPCError) -> Bool {
    try tryPerform(operations.span)
  }

  /// Performs all operations in a span atomically if none would block.
  ///
  /// - Returns: Whether the operations were performed.
  public func tryPerform(_ operations: Span<Operation>) throws(IPCError) -> Bool {
    try nilIfWouldBlock { () throws(IPCError) in try perform(operations, timeout: .immediate) } != nil
  }

  @inline(__always)
  private func perform(
    _ operations: UnsafePointer<Operation>?, _ count: Int, _ timeout: Timeout, _ retryOnInterrupt: Bool
  ) throws(IPCError) {
    let buffer = unsafe UnsafeRawPointer(operations)?.assumingMemoryBound(to: cipc_semaphore_operation.self)
    if timeout.isNever, unsafe cipc_semop(identifier, buffer, count) == 0 { return }
    try unsafe performSlowly(buffer, count, timeout, retryOnInterrupt)
  }

  /// Performs operations with a timeout, or after a first attempt without a timeout has failed.
  @inline(never)
  private func performSlowly(
    _ operations: UnsafePointer<cipc_semaphore_operation>?, _ count: Int, _ timeout: Timeout, _ retryOnInterrupt: Bool
  ) throws(IPCError) {
    if timeout.isNever { try recover(timeout, retryOnInterrupt) }
    while unsafe cipc_semtimedop(identifier, operations, count, timeout.nanoseconds ?? 0) == -1 {
      try recover(timeout, retryOnInterrupt)
    }
  }

  /// Throws the error from a failed call, unless the call must be retried.
  private func recover(_ timeout: Timeout, _ retryOnInterrupt: Bool) throws(IPCError) {
    let reason = Syscall.lastError
    let isOver = timeout.isDeadline && timeout.hasPassed
    // A signal handler interrupts these calls even with SA_RESTART. Only a blocked call can be interrupted.
    if reason == .interrupted, retryOnInterrupt, !isOver { return }
    // The kernel reports EAGAIN both for IPC_NOWAIT and for a timeout.
    let isTimeout = isOver && (reason == .wouldBlock || (reason == .interrupted && retryOnInterrupt))
    throw IPCError(.semop, isTimeout ? .timedOut : reason, on: object)
  }
}

extension SystemVSemaphores {
  /// Creates a set and sets its values, or opens the existing set once its values have been set.
  ///
  /// If several processes call this at the same time, exactly one of them sets the values, and no call returns before
  /// the values are set. ``isNew`` is true in the process that set the values. Programs in other languages can
  /// participate if they set the values of a new set before they perform their first operation on it.
  ///
  /// - Parameters:
  ///   - key: The set's key.
  ///   - values: The semaphores' values in a new set.
  ///   - permissions: The permissions of a new set.
  ///   - timeout: How long to wait for another process to set the values.
  ///   - retryOnInterrupt: Whether the call restarts after a signal handler runs; if not, it throws `.interrupted`.
  /// - Returns: A reference to the set, whose values have been set.
  /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock` if another process created
  ///   the set and has not set its values, perhaps because it died. `.outOfRange` if a value is not from 0 to
  ///   ``maximumValue``; and any error from ``createOrOpen(_:count:permissions:)``.
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

  /// Waits until the set's creator has set its values.
  ///
  /// The kernel does not report this event, so the method polls at intervals of 0.1 to 10 ms.
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

  /// Sets the values of a new set, and then performs an operation that changes only `sem_otime`.
  private func initialize(to values: [Int]) throws(IPCError) {
    do throws(IPCError) {
      try setAll(values)
      let isPerformed = try values[0] == 0 ? tryPerform(.waitForZero(0)) : tryPerform([.acquire(0), .release(0)])
      // If the operation would block, another process has already performed one, which also sets `sem_otime`.
      if !isPerformed, try !status().isInitialized { throw IPCError(.semop, .wouldBlock, on: object) }
    } catch {
      // Remove the set; otherwise, other processes would wait for an initialization that never happens.
      try? remove()
      throw error
    }
  }
}
