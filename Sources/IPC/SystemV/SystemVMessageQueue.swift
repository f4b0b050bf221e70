internal import CIPC
public import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// A System V message queue.
///
/// Each message has a type, and a receiver selects messages by type, so one queue can serve many receivers.
///
/// ```swift
/// let queue = try SystemVMessageQueue.createOrOpen(1234)
/// try queue.send(message.span, type: 7, timeout: .after(.seconds(1)))
/// ```
///
/// The queue stays in the kernel until it is removed, even after all processes have ended. This value only refers to
/// the object: it can be copied, and does not need to be closed.
///
/// `sysvipc(7)`, `msgop(2)`.
public struct SystemVMessageQueue: SystemVObject {
  /// The object's identifier, and how the object was found.
  public let identity: SystemVIdentity

  /// Creates a reference to an object that this process or another one has already created or opened.
  public init(_ identity: SystemVIdentity) { self.identity = identity }

  /// Creates a queue.
  ///
  /// - Throws: ``IPCError`` with `.fileExists` if the key is in use; `.noSpace` if the limit on queues
  ///   (`/proc/sys/kernel/msgmni`) is reached.
  ///
  /// Calls `msgget(2)` with `IPC_CREAT | IPC_EXCL`.
  public static func create(
    _ key: SystemVKey, permissions: FilePermissions = .ownerReadWrite
  ) throws(IPCError) -> SystemVMessageQueue {
    try get(.msgget, key, isNew: true, permissions) { msgget(key.rawValue, $0) }
  }

  /// Opens the queue with this key.
  ///
  /// - Parameters:
  ///   - key: The key that the queue was created with.
  ///   - permissions: The access that this process needs. The kernel also checks access on each use.
  /// - Returns: A reference to the queue.
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory` or `.permissionDenied`.
  ///
  /// Calls `msgget(2)`.
  public static func open(
    _ key: SystemVKey, permissions: FilePermissions = []
  ) throws(IPCError) -> SystemVMessageQueue {
    try get(.msgget, key, isNew: false, permissions) { msgget(key.rawValue, $0) }
  }

  /// Creates a queue, or opens the existing one, which keeps its permissions.
  ///
  /// ``isNew`` is true if the queue was created.
  ///
  /// Calls `msgget(2)` alternately with and without `IPC_CREAT | IPC_EXCL` until one call succeeds.
  public static func createOrOpen(
    _ key: SystemVKey, permissions: FilePermissions = .ownerReadWrite
  ) throws(IPCError) -> SystemVMessageQueue {
    try createOrOpen { () throws(IPCError) in
      try create(key, permissions: permissions)
    } open: { () throws(IPCError) in
      try open(key, permissions: permissions)
    }
  }

  /// Removes the queue and its messages immediately.
  ///
  /// Blocked calls fail with `.identifierRemoved`, later calls with `.invalidArgument`.
  ///
  /// - Throws: ``IPCError`` with `.notPermitted` unless this process runs as the owner or creator.
  ///
  /// Calls `msgctl(2)` with `IPC_RMID`.
  public func remove() throws(IPCError) {
    try Syscall.call(.msgctl, on: object) { msgctl(identifier, IPC_RMID, nil) }
  }

  /// Removes the queue if the last sender and the last receiver have ended, for example after a crash.
  ///
  /// The kernel does not record which processes created the queue or are waiting for a message, so a queue that was
  /// never used is not removed. Conversely, if the processes that last used a queue have ended, the queue is removed
  /// even if another process is waiting in ``receive(_:into:truncate:timeout:retryOnInterrupt:)`` or has not used it
  /// yet. If only one service uses the queue, call this before the service starts.
  ///
  /// - Returns: Whether this call removed the queue.
  /// - Throws: ``IPCError`` with `.permissionDenied` or `.notPermitted`.
  ///
  /// Calls `msgctl(2)` with `IPC_STAT` and `IPC_RMID`, and `kill(2)` with signal 0.
  public func removeIfAbandoned() throws(IPCError) -> Bool {
    try remove { () throws(IPCError) in
      let status = try rawStatus()
      let users = [
        (status.was_sent_to, status.last_sender), (status.was_received_from, status.last_receiver),
      ].filter { $0.0 }
      return !users.isEmpty && users.allSatisfy { ProcessID(rawValue: $0.1).hasEnded }
    }
  }
}

extension SystemVMessageQueue {
  /// A snapshot of a queue's state: the `struct msqid_ds` that `msgctl(2)` returns.
  public struct Status: Hashable, Sendable {
    /// The owner, the creator and the permissions.
    public let ownership: SystemVOwnership
    /// The number of messages in the queue.
    public let messageCount: Int
    /// The number of bytes in these messages, excluding their types.
    public let byteCount: Int
    /// The maximum number of bytes in the queue, which is also the maximum number of messages (`msg_qbytes`).
    ///
    /// The value is `Int.max` if the actual capacity does not fit in an `Int`.
    public let capacity: Int
    /// The process that last sent a message; 0 if there is none, or if the process is in another PID namespace.
    public let lastSender: ProcessID
    /// The process that last received a message; 0 if there is none, or if the process is in another PID namespace.
    public let lastReceiver: ProcessID
    /// When a message was last sent, in seconds since 1970; 0 if never.
    public let lastSend: Int64
    /// When a message was last received, in seconds since 1970; 0 if never.
    public let lastReceive: Int64
    /// When the queue was created, or its owner, permissions or capacity were last changed, in seconds since 1970.
    public let lastChange: Int64
  }

  /// Returns the queue's state.
  ///
  /// - Throws: ``IPCError`` with `.permissionDenied` if this process has no read permission; `.invalidArgument` or
  ///   `.identifierRemoved` if the queue was removed.
  ///
  /// Calls `msgctl(2)` with `IPC_STAT`.
  public func status() throws(IPCError) -> Status {
    let status = try rawStatus()
    return Status(
      ownership: SystemVOwnership(status.ownership), messageCount: Int(status.messages), byteCount: Int(status.bytes),
      capacity: Int(clamping: status.capacity), lastSender: ProcessID(rawValue: status.last_sender),
      lastReceiver: ProcessID(rawValue: status.last_receiver), lastSend: status.send_time,
      lastReceive: status.receive_time, lastChange: status.change_time)
  }

  /// Changes the queue's owner, permissions and capacity.
  ///
  /// An argument of nil leaves the value unchanged. The kernel sets all values together, so if an argument is nil, this
  /// method reads the current values first. It can then undo a change that another process makes between the two calls.
  /// To avoid that, pass all four arguments.
  ///
  /// The kernel then checks blocked calls again: it sends messages that now fit, and calls by a process that may no
  /// longer use the queue fail with `.permissionDenied`.
  ///
  /// - Parameters:
  ///   - user: The new owner.
  ///   - group: The new owning group.
  ///   - permissions: The new permissions; only the lowest 9 bits are used.
  ///   - capacity: The new capacity in bytes.
  /// - Throws: ``IPCError`` with `.notPermitted` unless this process runs as the owner or creator, or if the capacity
  ///   is above `/proc/sys/kernel/msgmnb` and the process does not have `CAP_SYS_RESOURCE`; `.invalidArgument` if the
  ///   capacity is negative.
  ///
  /// Calls `msgctl(2)` with `IPC_SET`.
  public func change(
    user: UserID? = nil, group: GroupID? = nil, permissions: FilePermissions? = nil, capacity: Int? = nil
  ) throws(IPCError) {
    guard capacity ?? 0 >= 0 else { throw IPCError(.msgctl, .invalidArgument, on: object) }
    // The owner may change the queue even without permission to read it.
    let isComplete = user != nil && group != nil && permissions != nil && capacity != nil
    let present = isComplete ? cipc_msg_status() : try rawStatus()
    let ownership = SystemVOwnership(present.ownership)
    try Syscall.call(.msgctl, on: object) {
      cipc_msg_set(
        identifier, (user ?? ownership.user).rawValue, (group ?? ownership.group).rawValue,
        (permissions ?? ownership.permissions).rawValue, capacity.map(UInt64.init) ?? present.capacity)
    }
  }

  private func rawStatus() throws(IPCError) -> cipc_msg_status {
    var status = cipc_msg_status()
    try Syscall.call(.msgctl, on: object) { unsafe cipc_msg_stat(identifier, &status) }
    return status
  }
}
