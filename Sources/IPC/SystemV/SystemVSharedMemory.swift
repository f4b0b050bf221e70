internal import CIPC
public import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// A System V shared memory segment.
///
/// ```swift
/// let segment = try SystemVSharedMemory.open(1234)
/// let memory = try segment.attachReadOnly()
/// let greeting = try memory.copyBytes(at: 0, count: 32)
/// try memory.detach()
/// ```
///
/// The segment stays in the kernel until it is removed, even after all processes have ended. This value only refers to
/// the object: it can be copied, and does not need to be closed. Only an ``Attachment`` must be detached.
///
/// `sysvipc(7)`. ``MemoryObject`` is the newer POSIX interface.
public struct SystemVSharedMemory: SystemVObject {
  /// The object's identifier, and how the object was found.
  public let identity: SystemVIdentity

  /// Creates a reference to an object that this process or another one has already created or opened.
  public init(_ identity: SystemVIdentity) { self.identity = identity }

  /// Creates a segment of `size` bytes, which are all 0.
  ///
  /// - Throws: ``IPCError`` with `.fileExists` if the key is in use; `.invalidArgument` if the size is not from 1 to
  ///   `/proc/sys/kernel/shmmax`; `.noSpace` if the limit on segments or their total size is reached.
  ///
  /// Calls `shmget(2)` with `IPC_CREAT | IPC_EXCL`.
  public static func create(
    _ key: SystemVKey, size: Int, permissions: FilePermissions = .ownerReadWrite
  ) throws(IPCError) -> SystemVSharedMemory {
    try get(.shmget, key, isNew: true, permissions) { shmget(key.rawValue, size, $0) }
  }

  /// Opens the segment with this key.
  ///
  /// - Parameters:
  ///   - key: The key that the segment was created with.
  ///   - minimumSize: The segment's minimum size in bytes.
  ///   - permissions: The access that this process needs. The kernel also checks access when the segment is attached.
  /// - Returns: A reference to the segment, which can be attached.
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory`; `.permissionDenied`; `.invalidArgument` if the segment is
  ///   smaller than `minimumSize`.
  ///
  /// Calls `shmget(2)`.
  public static func open(
    _ key: SystemVKey, minimumSize: Int = 0, permissions: FilePermissions = []
  ) throws(IPCError) -> SystemVSharedMemory {
    try get(.shmget, key, isNew: false, permissions) { shmget(key.rawValue, minimumSize, $0) }
  }

  /// Creates a segment, or opens the existing one, which can be larger and keeps its permissions.
  ///
  /// ``isNew`` is true if the segment was created.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` if the existing segment is smaller than `size`; and any error from
  ///   ``create(_:size:permissions:)``.
  ///
  /// Calls `shmget(2)` alternately with and without `IPC_CREAT | IPC_EXCL` until one call succeeds.
  public static func createOrOpen(
    _ key: SystemVKey, size: Int, permissions: FilePermissions = .ownerReadWrite
  ) throws(IPCError) -> SystemVSharedMemory {
    try createOrOpen { () throws(IPCError) in
      try create(key, size: size, permissions: permissions)
    } open: { () throws(IPCError) in
      try open(key, minimumSize: size, permissions: permissions)
    }
  }

  /// Removes the key immediately.
  ///
  /// The memory is freed when the last process detaches it. A segment created later with the same key is a different
  /// segment.
  ///
  /// - Throws: ``IPCError`` with `.notPermitted` unless this process runs as the owner or creator; `.invalidArgument`
  ///   or `.identifierRemoved` if the segment was removed.
  ///
  /// Calls `shmctl(2)` with `IPC_RMID`.
  public func remove() throws(IPCError) {
    try Syscall.call(.shmctl, on: object) { shmctl(identifier, IPC_RMID, nil) }
  }

  /// Removes the segment if no process has it attached, and its creator and the process that last used it have ended,
  /// for example after a crash.
  ///
  /// If a process attaches the segment at the same time, it keeps its memory, but no other process can attach the
  /// segment afterwards.
  ///
  /// - Returns: Whether this call removed the segment.
  /// - Throws: ``IPCError`` with `.permissionDenied` or `.notPermitted`.
  ///
  /// Calls `shmctl(2)` with `IPC_STAT` and `IPC_RMID`, and `kill(2)` with signal 0.
  public func removeIfAbandoned() throws(IPCError) -> Bool {
    try remove { () throws(IPCError) in
      let status = try rawStatus()
      return status.attachments == 0 && ProcessID(rawValue: status.creator).hasEnded
        && (!status.was_attached || ProcessID(rawValue: status.last).hasEnded)
    }
  }
}

extension SystemVSharedMemory {
  /// A snapshot of a segment's state: the `struct shmid_ds` that `shmctl(2)` returns.
  public struct Status: Hashable, Sendable {
    /// The owner, the creator and the permissions.
    public let ownership: SystemVOwnership
    /// The size in bytes that the segment was created with.
    public let size: Int
    /// The number of attachments in all processes.
    public let attachmentCount: Int
    /// The process that created the segment; 0 if it is in another PID namespace.
    public let creator: ProcessID
    /// The process that last attached or detached the segment; 0 if there is none, or if it is in another PID
    /// namespace.
    public let lastUser: ProcessID
    /// Whether the segment was removed, and will be freed when the last process detaches it.
    public let isRemoved: Bool
    /// When the segment was last attached, in seconds since 1970; 0 if never.
    public let lastAttachment: Int64
    /// When the segment was last detached, in seconds since 1970; 0 if never.
    public let lastDetachment: Int64
    /// Whether the memory is locked: ``SystemVSharedMemory/lock()``.
    public let isLocked: Bool
    /// When the segment was created, or its owner or permissions were last changed, in seconds since 1970.
    public let lastChange: Int64
  }

  /// Returns the segment's state.
  ///
  /// - Throws: ``IPCError`` with `.permissionDenied` if this process has no read permission; `.invalidArgument` or
  ///   `.identifierRemoved` if the segment was freed.
  ///
  /// Calls `shmctl(2)` with `IPC_STAT`.
  public func status() throws(IPCError) -> Status {
    let status = try rawStatus()
    return Status(
      ownership: SystemVOwnership(status.ownership), size: status.size, attachmentCount: Int(status.attachments),
      creator: ProcessID(rawValue: status.creator), lastUser: ProcessID(rawValue: status.last),
      isRemoved: Int32(bitPattern: status.ownership.mode) & SHM_DEST != 0, lastAttachment: status.attach_time,
      lastDetachment: status.detach_time, isLocked: status.is_locked, lastChange: status.change_time)
  }

  /// Changes the segment's owner and permissions.
  ///
  /// An argument of nil leaves the value unchanged. The kernel sets all values together, so if an argument is nil, this
  /// method reads the current values first. It can then undo a change that another process makes between the two calls.
  /// To avoid that, pass all three arguments.
  ///
  /// - Throws: ``IPCError`` with `.notPermitted` unless this process runs as the owner or creator.
  ///
  /// Calls `shmctl(2)` with `IPC_SET`.
  public func change(
    user: UserID? = nil, group: GroupID? = nil, permissions: FilePermissions? = nil
  ) throws(IPCError) {
    // The owner may change the segment even without permission to read it.
    let isComplete = user != nil && group != nil && permissions != nil
    let present = SystemVOwnership(isComplete ? cipc_ipc_ownership() : try rawStatus().ownership)
    try Syscall.call(.shmctl, on: object) {
      cipc_shm_set(
        identifier, (user ?? present.user).rawValue, (group ?? present.group).rawValue,
        (permissions ?? present.permissions).rawValue)
    }
  }

  /// Locks the segment's pages in memory, so that they are not swapped out, until ``unlock()``.
  ///
  /// - Throws: ``IPCError`` with `.notPermitted` unless this process runs as the owner or creator, or if the process
  ///   may not lock memory (`RLIMIT_MEMLOCK` is 0); `.noMemory` if that limit is exceeded.
  ///
  /// Calls `shmctl(2)` with `SHM_LOCK`.
  public func lock() throws(IPCError) { try Syscall.call(.shmctl, on: object) { cipc_shm_lock(identifier, 1) } }

  /// Allows the segment's pages to be swapped out.
  ///
  /// Calls `shmctl(2)` with `SHM_UNLOCK`.
  public func unlock() throws(IPCError) { try Syscall.call(.shmctl, on: object) { cipc_shm_lock(identifier, 0) } }

  private func rawStatus() throws(IPCError) -> cipc_shm_status {
    var status = cipc_shm_status()
    try Syscall.call(.shmctl, on: object) { unsafe cipc_shm_stat(identifier, &status) }
    return status
  }
}

extension SystemVSharedMemory {
  /// A segment that this process can read.
  public typealias ReadOnlyAttachment = Attachment<ReadOnlyAccess>
  /// A segment that this process can read and write.
  public typealias ReadWriteAttachment = Attachment<ReadWriteAccess>

  /// A segment in this process's address space, which is detached when this value is destroyed.
  ///
  /// Other processes can write while this process reads. Use ``SystemVSemaphores`` or atomics to order the accesses. A
  /// child created with `fork(2)` inherits the attachment, but loses it after `execve(2)`.
  @safe public struct Attachment<Access: MemoryAccess>: MappedBytes, ~Copyable, @unchecked Sendable {
    /// The size of the segment in bytes.
    public let size: Int

    /// The segment that is attached.
    public let segment: SystemVSharedMemory

    /// The address of the first byte, which is valid as long as this value exists.
    @unsafe public let baseAddress: UnsafeMutableRawPointer

    /// The object reported in errors.
    public var object: IPCError.Object? { segment.object }

    /// Whether another process can shrink the segment; always false.
    public var canShrink: Bool { false }

    init(_ segment: SystemVSharedMemory) throws(IPCError) {
      let address = try Syscall.call(.shmat, on: segment.object) {
        Int(bitPattern: unsafe shmat(segment.identifier, nil, Access.isWritable ? 0 : SHM_RDONLY))
      }
      guard let base = unsafe UnsafeMutableRawPointer(bitPattern: address) else {
        throw IPCError(.shmat, .badAddress, on: segment.object)
      }
      do throws(IPCError) {
        // Read the size after attaching, because an attached segment cannot be freed. The size never changes.
        size = try segment.status().size
      } catch {
        unsafe shmdt(base)
        throw error
      }
      unsafe baseAddress = base
      self.segment = segment
    }

    // A failure cannot be reported here; detach() reports it.
    deinit { unsafe shmdt(baseAddress) }

    /// Detaches the segment from this process's address space and throws if that fails.
    ///
    /// The segment stays in the kernel until it is removed.
    ///
    /// Calls `shmdt(2)`.
    public consuming func detach() throws(IPCError) {
      let (base, segment) = unsafe (baseAddress, segment)
      discard self
      try Syscall.call(.shmdt, on: segment.object) { unsafe shmdt(base) }
    }
  }

  /// Attaches the segment for reading and writing, at an address chosen by the kernel.
  ///
  /// - Throws: ``IPCError`` with `.permissionDenied`; `.invalidArgument` or `.identifierRemoved` if the segment was
  ///   removed.
  ///
  /// Calls `shmat(2)`.
  public func attach() throws(IPCError) -> ReadWriteAttachment { try Attachment(self) }

  /// Attaches the segment for reading, at an address chosen by the kernel.
  ///
  /// - Throws: ``IPCError`` with `.permissionDenied`; `.invalidArgument` or `.identifierRemoved` if the segment was
  ///   removed.
  ///
  /// Calls `shmat(2)` with `SHM_RDONLY`.
  public func attachReadOnly() throws(IPCError) -> ReadOnlyAttachment { try Attachment(self) }
}
