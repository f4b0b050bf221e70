internal import CIPC
public import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// A set of System V semaphores.
///
/// ```swift
/// let lock = try SystemVSemaphores.createOrOpenInitialized(5678, values: [1])
/// try lock.perform(.acquire(0, undo: true), timeout: .after(.seconds(1)))
/// defer { try? lock.perform(.release(0, undo: true)) }
/// ```
///
/// The set stays in the kernel until it is removed, even after all processes have ended. This value only refers to the
/// object: it can be copied, and does not need to be closed.
///
/// The semaphores in a new set are 0. Their values are set in a separate step, and another process can open the set
/// before that step: ``createOrOpenInitialized(_:values:permissions:timeout:retryOnInterrupt:)`` waits until the values
/// are set.
///
/// `sysvipc(7)`, `semop(2)`.
public struct SystemVSemaphores: SystemVObject {
  /// The object's identifier, and how the object was found.
  public let identity: SystemVIdentity

  /// Creates a reference to an object that this process or another one has already created or opened.
  public init(_ identity: SystemVIdentity) { self.identity = identity }

  /// Creates a set of `count` semaphores, which are all 0.
  ///
  /// - Throws: ``IPCError`` with `.fileExists` if the key is in use; `.invalidArgument` if the count is not from 1 to
  ///   `SEMMSL`; `.noSpace` if the limit on sets or semaphores (`/proc/sys/kernel/sem`) is reached.
  ///
  /// Calls `semget(2)` with `IPC_CREAT | IPC_EXCL`.
  public static func create(
    _ key: SystemVKey, count: Int, permissions: FilePermissions = .ownerReadWrite
  ) throws(IPCError) -> SystemVSemaphores {
    try get(.semget, key, isNew: true, permissions) { semget(key.rawValue, cCount(count), $0) }
  }

  /// Opens the set with this key.
  ///
  /// - Parameters:
  ///   - key: The key that the set was created with.
  ///   - minimumCount: The minimum number of semaphores that the set must have.
  ///   - permissions: The access that this process needs. The kernel also checks access on each use.
  /// - Returns: A reference to the set.
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory`; `.permissionDenied`; `.invalidArgument` if the set has fewer
  ///   than `minimumCount` semaphores.
  ///
  /// Calls `semget(2)`.
  public static func open(
    _ key: SystemVKey, minimumCount: Int = 0, permissions: FilePermissions = []
  ) throws(IPCError) -> SystemVSemaphores {
    try get(.semget, key, isNew: false, permissions) { semget(key.rawValue, cCount(minimumCount), $0) }
  }

  /// Creates a set, or opens the existing one, which can have more semaphores and keeps its permissions.
  ///
  /// ``isNew`` is true if the set was created.
  ///
  /// Calls `semget(2)` alternately with and without `IPC_CREAT | IPC_EXCL` until one call succeeds.
  public static func createOrOpen(
    _ key: SystemVKey, count: Int, permissions: FilePermissions = .ownerReadWrite
  ) throws(IPCError) -> SystemVSemaphores {
    try createOrOpen { () throws(IPCError) in
      try create(key, count: count, permissions: permissions)
    } open: { () throws(IPCError) in
      try open(key, minimumCount: count, permissions: permissions)
    }
  }

  /// Removes the set immediately.
  ///
  /// Blocked calls fail with `.identifierRemoved`, later calls with `.invalidArgument`.
  ///
  /// - Throws: ``IPCError`` with `.notPermitted` unless this process runs as the owner or creator.
  ///
  /// Calls `semctl(2)` with `IPC_RMID`.
  public func remove() throws(IPCError) { try control(IPC_RMID) }

  /// Removes the set if no process is waiting for it, and the processes that last changed its semaphores have ended,
  /// for example after a crash.
  ///
  /// If no process has ever set a value or performed an operation, the set is not removed. The call does not detect a
  /// process that has opened the set but has not performed an operation yet.
  ///
  /// - Returns: Whether this call removed the set.
  /// - Throws: ``IPCError`` with `.permissionDenied` or `.notPermitted`.
  ///
  /// Calls `semctl(2)` with `IPC_STAT`, `GETNCNT`, `GETZCNT`, `GETPID` and `IPC_RMID`, and `kill(2)` with signal 0.
  public func removeIfAbandoned() throws(IPCError) -> Bool {
    try remove { () throws(IPCError) in
      var isKnown = false
      for index in 0..<(try status().count) {
        guard try countWaitingForIncrease(of: index) == 0, try countWaitingForZero(of: index) == 0 else { return false }
        let process = try lastProcess(of: index)
        if process.rawValue == 0 { continue }
        guard process.hasEnded else { return false }
        isKnown = true
      }
      return isKnown
    }
  }

  /// Converts a semaphore count to the C type; a count that does not fit becomes -1, which the kernel also rejects.
  private static func cCount(_ count: Int) -> Int32 { Int32(exactly: count) ?? -1 }
}

extension SystemVSemaphores {
  /// A snapshot of a set's state: the `struct semid_ds` that `semctl(2)` returns.
  public struct Status: Hashable, Sendable {
    /// The owner, the creator and the permissions.
    public let ownership: SystemVOwnership
    /// The number of semaphores in the set.
    public let count: Int
    /// Whether operations have been performed on the set (`sem_otime` is not 0).
    ///
    /// The creator performs an operation after setting the values, to indicate that the values are set.
    public let isInitialized: Bool
    /// When an operation was last performed, in seconds since 1970; 0 if never.
    public let lastOperation: Int64
    /// When the set was created, or its owner, permissions or values were last changed, in seconds since 1970.
    public let lastChange: Int64
  }

  /// Returns the set's state.
  ///
  /// - Throws: ``IPCError`` with `.permissionDenied` if this process has no read permission; `.invalidArgument` or
  ///   `.identifierRemoved` if the set was removed.
  ///
  /// Calls `semctl(2)` with `IPC_STAT`.
  public func status() throws(IPCError) -> Status {
    var status = cipc_sem_status()
    try Syscall.call(.semctl, on: object) { unsafe cipc_sem_stat(identifier, &status) }
    return Status(
      ownership: SystemVOwnership(status.ownership), count: status.count, isInitialized: status.last_operation != 0,
      lastOperation: status.last_operation, lastChange: status.change_time)
  }

  /// Changes the set's owner and permissions.
  ///
  /// An argument of nil leaves the value unchanged. The kernel sets all values together, so if an argument is nil, this
  /// method reads the current values first. It can then undo a change that another process makes between the two calls.
  /// To avoid that, pass all three arguments.
  ///
  /// - Throws: ``IPCError`` with `.notPermitted` unless this process runs as the owner or creator.
  ///
  /// Calls `semctl(2)` with `IPC_SET`.
  public func change(
    user: UserID? = nil, group: GroupID? = nil, permissions: FilePermissions? = nil
  ) throws(IPCError) {
    // The owner may change the set even without permission to read it.
    let isComplete = user != nil && group != nil && permissions != nil
    let present = isComplete ? SystemVOwnership(cipc_ipc_ownership()) : try status().ownership
    try Syscall.call(.semctl, on: object) {
      cipc_sem_set(
        identifier, (user ?? present.user).rawValue, (group ?? present.group).rawValue,
        (permissions ?? present.permissions).rawValue)
    }
  }
}

extension SystemVSemaphores {
  /// A semaphore's maximum value (`SEMVMX`).
  public static let maximumValue = 32767

  /// Returns the value of one semaphore.
  ///
  /// Another process can change the value at any time.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` if the index is outside the set; `.permissionDenied`.
  ///
  /// Calls `semctl(2)` with `GETVAL`.
  public func value(of index: Int) throws(IPCError) -> Int { Int(try control(GETVAL, index)) }

  /// Sets the value of one semaphore, and wakes the processes that can continue.
  ///
  /// This discards all processes' `SEM_UNDO` adjustments for this semaphore.
  ///
  /// - Throws: ``IPCError`` with `.outOfRange` if a value is not from 0 to ``maximumValue``; `.invalidArgument` if the
  ///   index is outside the set, or the set was removed; `.permissionDenied`.
  ///
  /// Calls `semctl(2)` with `SETVAL`.
  public func set(_ index: Int, to value: Int) throws(IPCError) {
    let number = Int32(exactly: index) ?? -1
    let value = Int32(exactly: value) ?? -1
    try Syscall.call(.semctl, on: object) { cipc_semctl_value(identifier, number, SETVAL, value) }
  }

  /// Returns the values of all semaphores atomically.
  ///
  /// Calls `semctl(2)` with `GETALL`.
  public func values() throws(IPCError) -> [Int] {
    var values = [UInt16](repeating: 0, count: try status().count)
    try Syscall.call(.semctl, on: object) { unsafe cipc_semctl_array(identifier, GETALL, &values) }
    return values.map(Int.init)
  }

  /// Sets the values of all semaphores atomically.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` if the number of values differs from the number of semaphores;
  ///   `.outOfRange` if a value is not from 0 to ``maximumValue``; `.permissionDenied`.
  ///
  /// Calls `semctl(2)` with `SETALL`, which always reads as many values as the set has semaphores.
  public func setAll(_ values: [Int]) throws(IPCError) {
    let count = try status().count
    guard values.count == count else { throw IPCError(.semctl, .invalidArgument, on: object) }
    // The kernel rejects the largest UInt16, so pass it for all values that do not fit.
    var array = values.map { UInt16(exactly: $0) ?? .max }
    try Syscall.call(.semctl, on: object) { unsafe cipc_semctl_array(identifier, SETALL, &array) }
  }

  /// Returns the process that last changed the semaphore; 0 if there is none, or if it is in another PID namespace.
  ///
  /// Calls `semctl(2)` with `GETPID`.
  public func lastProcess(of index: Int) throws(IPCError) -> ProcessID {
    ProcessID(rawValue: try control(GETPID, index))
  }

  /// Returns the number of threads that are waiting for the semaphore's value to increase.
  ///
  /// Calls `semctl(2)` with `GETNCNT`.
  public func countWaitingForIncrease(of index: Int) throws(IPCError) -> Int { Int(try control(GETNCNT, index)) }

  /// Returns the number of threads that are waiting for the semaphore to become 0.
  ///
  /// Calls `semctl(2)` with `GETZCNT`.
  public func countWaitingForZero(of index: Int) throws(IPCError) -> Int { Int(try control(GETZCNT, index)) }

  /// Calls `semctl(2)` with a command that takes no argument.
  @discardableResult
  private func control(_ command: Int32, _ index: Int = 0) throws(IPCError) -> Int32 {
    let number = Int32(exactly: index) ?? -1
    return try Syscall.call(.semctl, on: object) { cipc_semctl(identifier, number, command) }
  }
}
