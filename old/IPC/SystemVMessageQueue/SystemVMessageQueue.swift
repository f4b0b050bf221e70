internal import Glibc
public import SystemPackage

/// A queue of System V messages, by the identifier that the kernel gave it.
///
/// Each message has a type, and who receives says of which types: so one queue can serve many. The queue lives in the
/// kernel until somebody removes it, whoever else ends; so this is a value to copy, with nothing to close. Any process that
/// is permitted to can use it.
///
/// ```swift
/// let (queue, _) = try SystemVMessageQueue.createOrOpen(key, permissions: .ownerReadWrite)
/// let outcome = try queue.send(message.span, type: 7, patience: .atMost(.seconds(1)))
/// ```
///
/// `sysvipc(7)`, `msgop(2)`.
public struct SystemVMessageQueue: Hashable, Sendable {
  let identity: SystemVIdentity

  /// What the kernel calls it; the same in every process.
  public var identifier: Int32 { identity.identifier }

  /// The queue that another process, or `ipcs(1)`, told of.
  public init(identifier: Int32) { identity = SystemVIdentity(identifier) }

  private init(_ identity: SystemVIdentity) { self.identity = identity }
}

extension SystemVMessageQueue {
  /// Makes a queue; fails when there is one with this key.
  ///
  /// - Throws: ``IPCError`` with `.fileExists`; `.noSpace` when the system has as many queues as it may.
  ///
  /// Calls `msgget(2)` with `IPC_CREAT | IPC_EXCL`.
  public static func create(
    _ key: SystemVKey, permissions: FilePermissions
  ) throws(IPCError) -> SystemVMessageQueue {
    try find(key, IPC_CREAT | IPC_EXCL | permissions.systemVFlags)
  }

  /// Finds the queue with this key.
  ///
  /// - Parameter permissions: What must be permitted to this process. Every use asks again, whatever was asked here.
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory`, or `.permissionDenied`.
  ///
  /// Calls `msgget(2)`.
  public static func open(
    _ key: SystemVKey, permissions: FilePermissions = []
  ) throws(IPCError) -> SystemVMessageQueue {
    try find(key, permissions.systemVFlags)
  }

  /// Finds the queue with this key, or makes it, and tells which. One that is found keeps its permissions.
  ///
  /// Calls `msgget(2)` with `IPC_CREAT | IPC_EXCL`, and without, until one of them succeeds.
  public static func createOrOpen(
    _ key: SystemVKey, permissions: FilePermissions
  ) throws(IPCError) -> (queue: SystemVMessageQueue, isNew: Bool) {
    try SystemVIdentity.createOrOpen { () throws(IPCError) in
      try create(key, permissions: permissions)
    } open: { () throws(IPCError) in
      try open(key, permissions: permissions)
    }
  }

  private static func find(_ key: SystemVKey, _ flags: Int32) throws(IPCError) -> SystemVMessageQueue {
    SystemVMessageQueue(
      SystemVIdentity(try Kernel.call("msgget", on: .key(key.rawValue)) { msgget(key.rawValue, flags) }, key: key))
  }
}

extension SystemVMessageQueue {
  var object: IPCError.Object { identity.object }

  /// Removes the queue at once, with the messages in it. Who waits for it wakes with ``IPCError`` `.identifierRemoved`,
  /// and who comes later has `.invalidArgument`.
  ///
  /// - Throws: ``IPCError`` with `.notPermitted` for who is neither owner nor creator.
  ///
  /// Calls `msgctl(2)` with `IPC_RMID`.
  public func remove() throws(IPCError) {
    try Kernel.call("msgctl", on: object) { msgctl(identifier, IPC_RMID, nil) }
  }
}
