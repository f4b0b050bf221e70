internal import Glibc
public import SystemPackage

/// A segment of System V shared memory, by the identifier that the kernel gave it.
///
/// The segment lives in the kernel until somebody removes it, whoever else ends; so this is a value to copy, with
/// nothing to close. Any process that is permitted to can use it. What has to be given back is an ``Attachment``.
///
/// ```swift
/// let segment = try SystemVSharedMemory.open(SystemVKey(rawValue: 1234))
/// let memory = try segment.attachReadOnly()
/// let greeting = try memory.bytes(at: 0, count: 32)
/// try memory.detach()
/// ```
///
/// `shm_overview(7)` has the younger interface, `sysvipc(7)` this one.
public struct SystemVSharedMemory: Hashable, Sendable {
  let identity: SystemVIdentity

  /// What the kernel calls it; the same in every process.
  public var identifier: Int32 { identity.identifier }

  /// The segment that another process, or `ipcs(1)`, told of.
  public init(identifier: Int32) { identity = SystemVIdentity(identifier) }

  private init(_ identity: SystemVIdentity) { self.identity = identity }
}

extension SystemVSharedMemory {
  /// Makes a segment of `size` bytes, every one 0; fails when there is one with this key.
  ///
  /// - Throws: ``IPCError`` with `.fileExists`; `.invalidArgument` when the size is not 1 to `SHMMAX`; `.noSpace` when
  ///   the system has as many segments, or bytes of them, as it may.
  ///
  /// Calls `shmget(2)` with `IPC_CREAT | IPC_EXCL`.
  public static func create(
    _ key: SystemVKey, size: Int, permissions: FilePermissions
  ) throws(IPCError) -> SystemVSharedMemory {
    try find(key, size, IPC_CREAT | IPC_EXCL | permissions.systemVFlags)
  }

  /// Finds the segment with this key.
  ///
  /// - Parameters:
  ///   - minimumSize: How many bytes the segment must have at least.
  ///   - permissions: What must be permitted to this process. Attaching asks again, whatever was asked here.
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory`; `.permissionDenied`; `.invalidArgument` when the segment is
  ///   smaller than `minimumSize`.
  ///
  /// Calls `shmget(2)`.
  public static func open(
    _ key: SystemVKey, minimumSize: Int = 0, permissions: FilePermissions = []
  ) throws(IPCError) -> SystemVSharedMemory {
    try find(key, minimumSize, permissions.systemVFlags)
  }

  /// Finds the segment with this key, or makes it, and tells which.
  ///
  /// One that is found may be larger, and keeps its permissions.
  ///
  /// Calls `shmget(2)` with `IPC_CREAT | IPC_EXCL`, and without, until one of them succeeds.
  public static func createOrOpen(
    _ key: SystemVKey, size: Int, permissions: FilePermissions
  ) throws(IPCError) -> (segment: SystemVSharedMemory, isNew: Bool) {
    try SystemVIdentity.createOrOpen { () throws(IPCError) in
      try create(key, size: size, permissions: permissions)
    } open: { () throws(IPCError) in
      try open(key, minimumSize: size, permissions: permissions)
    }
  }

  private static func find(_ key: SystemVKey, _ size: Int, _ flags: Int32) throws(IPCError) -> SystemVSharedMemory {
    SystemVSharedMemory(
      SystemVIdentity(try Kernel.call("shmget", on: .key(key.rawValue)) { shmget(key.rawValue, size, flags) }, key: key)
    )
  }
}

extension SystemVSharedMemory {
  var object: IPCError.Object { identity.object }

  /// Removes the key at once. The memory stays with those who are attached, and goes with the last of them; a segment
  /// that is created with this key later is another.
  ///
  /// - Throws: ``IPCError`` with `.notPermitted` for who is neither owner nor creator; `.invalidArgument` or
  ///   `.identifierRemoved` when the segment is gone.
  ///
  /// Calls `shmctl(2)` with `IPC_RMID`.
  public func remove() throws(IPCError) {
    try Kernel.call("shmctl", on: object) { shmctl(identifier, IPC_RMID, nil) }
  }
}
