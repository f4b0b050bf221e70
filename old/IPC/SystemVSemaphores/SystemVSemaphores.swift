internal import CIPC
internal import Glibc
public import SystemPackage

/// A set of System V semaphores, by the identifier that the kernel gave it.
///
/// The set lives in the kernel until somebody removes it, whoever else ends; so this is a value to copy, with nothing
/// to close. Any process that is permitted to can use it.
///
/// A set is born with every semaphore 0. To set them is a second step, before which another process may find the set;
/// ``createOrOpenInitialized(_:values:permissions:patience:interruption:)`` keeps the two together.
///
/// ```swift
/// let lock = SystemVSemaphores(identifier: identifier)
/// guard try lock.perform(.acquire(0, undo: true), patience: .atMost(.seconds(1))) == .done else { return }
/// defer { _ = try? lock.perform(.release(0, undo: true)) }
/// ```
///
/// `sysvipc(7)`, `semop(2)`.
public struct SystemVSemaphores: Hashable, Sendable {
  let identity: SystemVIdentity

  /// What the kernel calls it; the same in every process.
  public var identifier: Int32 { identity.identifier }

  /// The set that another process, or `ipcs(1)`, told of.
  public init(identifier: Int32) { identity = SystemVIdentity(identifier) }

  private init(_ identity: SystemVIdentity) { self.identity = identity }
}

extension SystemVSemaphores {
  /// Makes a set of `count` semaphores, every one 0; fails when there is one with this key.
  ///
  /// - Throws: ``IPCError`` with `.fileExists`; `.invalidArgument` when `count` is not 1 to `SEMMSL`; `.noSpace` when the
  ///   system has as many sets, or semaphores, as it may.
  ///
  /// Calls `semget(2)` with `IPC_CREAT | IPC_EXCL`.
  public static func create(
    _ key: SystemVKey, count: Int, permissions: FilePermissions
  ) throws(IPCError) -> SystemVSemaphores {
    try find(key, count, IPC_CREAT | IPC_EXCL | permissions.systemVFlags)
  }

  /// Finds the set with this key.
  ///
  /// - Parameters:
  ///   - minimumCount: How many semaphores the set must have at least.
  ///   - permissions: What must be permitted to this process. Every use asks again, whatever was asked here.
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory`; `.permissionDenied`; `.invalidArgument` when the set has fewer
  ///   than `minimumCount`.
  ///
  /// Calls `semget(2)`.
  public static func open(
    _ key: SystemVKey, minimumCount: Int = 0, permissions: FilePermissions = []
  ) throws(IPCError) -> SystemVSemaphores {
    try find(key, minimumCount, permissions.systemVFlags)
  }

  /// Finds the set with this key, or makes it, and tells which. One that is found keeps its permissions.
  ///
  /// Calls `semget(2)` with `IPC_CREAT | IPC_EXCL`, and without, until one of them succeeds.
  public static func createOrOpen(
    _ key: SystemVKey, count: Int, permissions: FilePermissions
  ) throws(IPCError) -> (set: SystemVSemaphores, isNew: Bool) {
    try SystemVIdentity.createOrOpen { () throws(IPCError) in
      try create(key, count: count, permissions: permissions)
    } open: { () throws(IPCError) in
      try open(key, minimumCount: count, permissions: permissions)
    }
  }

  private static func find(_ key: SystemVKey, _ count: Int, _ flags: Int32) throws(IPCError) -> SystemVSemaphores {
    // A count that no C program could ask for is refused like one below 0.
    let count = Int32(exactly: count) ?? -1
    return SystemVSemaphores(
      SystemVIdentity(
        try Kernel.call("semget", on: .key(key.rawValue)) { semget(key.rawValue, count, flags) }, key: key))
  }
}

extension SystemVSemaphores {
  var object: IPCError.Object { identity.object }

  /// Removes the set at once. Who waits for it wakes with ``IPCError`` `.identifierRemoved`, and who comes later has
  /// `.invalidArgument`.
  ///
  /// - Throws: ``IPCError`` with `.notPermitted` for who is neither owner nor creator.
  ///
  /// Calls `semctl(2)` with `IPC_RMID`.
  public func remove() throws(IPCError) { try control(IPC_RMID) }

  /// `semctl(2)` with a command that takes no argument.
  @discardableResult
  func control(_ command: Int32, _ index: Int = 0) throws(IPCError) -> Int32 {
    let number = Int32(exactly: index) ?? -1
    return try Kernel.call("semctl", on: object) { cipc_semctl(identifier, number, command) }
  }
}
