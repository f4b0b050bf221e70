public import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// POSIX shared memory (`shm_open(3)`): named memory that any process with the necessary permissions can map.
///
/// ```swift
/// let object = try POSIXSharedMemory.create("/readings", size: 4096)
/// let memory = try object.map()
/// try memory.store(21.5, at: 16)
///
/// // In another process:
/// let memory = try POSIXSharedMemory.open("/readings", access: .readOnly).map()
/// let temperature = try memory.load(as: Double.self, at: 16)
/// ```
///
/// The memory exists until its name is removed (``unlink(_:)``) and every process has closed and unmapped it. An object
/// opened with ``ReadOnlyAccess`` cannot be mapped for writing: its type has no method to do so.
///
/// `shm_overview(7)`.
public enum POSIXSharedMemory {
  /// Opens the shared memory `name`.
  ///
  /// - Parameters:
  ///   - name: A slash followed by up to 255 bytes other than slashes.
  ///   - access: `.readWrite` or `.readOnly`.
  ///   - truncating: Whether to truncate the memory to size 0, which requires `.readWrite`. The owner and permissions
  ///     do not change. Other processes that have mapped the memory receive `SIGBUS` when they access it.
  /// - Returns: The open memory, ready to be mapped.
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory`, `.permissionDenied`; `.invalidArgument` or
  ///   `.fileNameTooLong` if the name is invalid.
  ///
  /// Calls `shm_open(3)`, with `O_TRUNC` if `truncating`.
  public static func open<Access: MemoryAccess>(
    _ name: POSIXName, access: Access = .readWrite, truncating: Bool = false
  ) throws(IPCError) -> MemoryObject<Access> {
    // POSIX does not define the effect of O_TRUNC with O_RDONLY.
    if truncating, !Access.isWritable { throw IPCError(.shmOpen, .invalidArgument, on: .name(name)) }
    return try MemoryObject(taking: try open(name, Access.self, truncating ? O_TRUNC : 0), .name(name))
  }

  /// Creates the shared memory `name`.
  ///
  /// Other processes can open the memory before its size is set and before anything is stored in it.
  ///
  /// - Parameters:
  ///   - name: A slash followed by up to 255 bytes other than slashes.
  ///   - size: The size in bytes, reserved immediately; 0 if ``MemoryObject/allocate(_:)`` or
  ///     ``MemoryObject/resize(to:)`` sets the size later.
  ///   - access: `.readWrite` or `.readOnly`.
  ///   - permissions: The object's permissions.
  ///   - applyUmask: Whether to apply the process's umask, as in C. If false, the object gets exactly these
  ///     permissions; until the call returns it may have fewer, but never more.
  /// - Returns: The open memory, ready to be mapped.
  /// - Throws: ``IPCError`` with `.fileExists`; `.noSpace` if the `/dev/shm` file system is full.
  ///
  /// Calls `shm_open(3)` with `O_CREAT | O_EXCL`, `fchmod(2)` and `fallocate(2)`.
  public static func create<Access: MemoryAccess>(
    _ name: POSIXName, size: Int = 0, access: Access = .readWrite, permissions: FilePermissions = .ownerReadWrite,
    applyUmask: Bool = false
  ) throws(IPCError) -> MemoryObject<Access> {
    try MemoryObject.created(
      try open(name, Access.self, O_CREAT | O_EXCL, permissions), at: name.path(in: "/dev/shm/"), .name(name),
      size: size,
      permissions, applyUmask: applyUmask)
  }

  /// Opens the shared memory `name`, or creates it, in which case ``MemoryObject/isNew`` is true.
  ///
  /// Existing memory keeps its size and permissions. If another process is creating the memory at the same time, its
  /// size may still be 0.
  ///
  /// - Throws: Any error from ``create(_:size:access:permissions:applyUmask:)`` or ``open(_:access:truncating:)``,
  ///   except `.fileExists` and `.noSuchFileOrDirectory`.
  ///
  /// Calls `shm_open(3)` alternately with and without `O_CREAT | O_EXCL` until one call succeeds.
  public static func createOrOpen<Access: MemoryAccess>(
    _ name: POSIXName, size: Int = 0, access: Access = .readWrite, permissions: FilePermissions = .ownerReadWrite,
    applyUmask: Bool = false
  ) throws(IPCError) -> MemoryObject<Access> {
    // Other processes can create or remove the memory between the two attempts.
    while true {
      do throws(IPCError) {
        return try create(name, size: size, access: access, permissions: permissions, applyUmask: applyUmask)
      } catch  where error.errno == .fileExists {}
      do throws(IPCError) {
        return try open(name, access: access)
      } catch  where error.errno == .noSuchFileOrDirectory {}
    }
  }

  /// Removes an object's name immediately.
  ///
  /// Processes that have the memory open or mapped can still use it. Memory created later under this name is a
  /// different object.
  ///
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory`; `.permissionDenied` or `.notPermitted` if another user owns
  ///   the object.
  ///
  /// Calls `shm_unlink(3)`.
  public static func unlink(_ name: POSIXName) throws(IPCError) {
    try name.validate(for: .shmUnlink, maximumLength: 255)
    try Syscall.call(.shmUnlink, on: .name(name)) { unsafe name.withCString { unsafe shm_unlink($0) } }
  }

  /// Removes the name if no process is marked as a user of the memory
  /// (``MemoryObject/markOwned(timeout:retryOnInterrupt:)``), for example because all its users were killed.
  ///
  /// Use this method only if all users of the memory call `markOwned()`: it treats memory that is not marked as
  /// abandoned. No program may remove the name in another way at the same time; otherwise, this method can remove the
  /// name of memory that was created after its check.
  ///
  /// ```swift
  /// try POSIXSharedMemory.unlinkIfAbandoned("/readings")
  /// let object = try POSIXSharedMemory.createOrOpen("/readings", size: 4096)
  /// try object.markOwned()
  /// ```
  ///
  /// - Returns: Whether the name was removed; false if the memory is in use or does not exist.
  /// - Throws: ``IPCError`` with `.permissionDenied` or `.notPermitted` if another user owns the memory.
  ///
  /// Calls `flock(2)` and `shm_unlink(3)`.
  @discardableResult
  public static func unlinkIfAbandoned(_ name: POSIXName) throws(IPCError) -> Bool {
    do throws(IPCError) {
      let object = try open(name, access: ReadOnlyAccess())
      switch Syscall.result({ flock(object.descriptor.rawValue, LOCK_EX | LOCK_NB) }) {
      case .success: break
      case .failure(.wouldBlock): return false
      case .failure(let reason): throw IPCError(.flock, reason, on: .name(name))
      }
      // A process that calls markOwned() now waits for this lock, and then finds that the object no longer has a name.
      guard try LocatedFile(name.path(in: "/dev/shm/")).status.isSameFile(as: object.status()) else { return false }
      try unlink(name)
      return true
    } catch  where error.errno == .noSuchFileOrDirectory {
      return false
    }
  }

  private static func open<Access: MemoryAccess>(
    _ name: POSIXName, _ access: Access.Type, _ flags: Int32, _ permissions: FilePermissions = []
  ) throws(IPCError) -> OwnedDescriptor {
    try name.validate(for: .shmOpen, maximumLength: 255)
    // O_NONBLOCK prevents the call from blocking if another user has created a FIFO with this name; it has no effect on
    // memory.
    let flags = (Access.isWritable ? O_RDWR : O_RDONLY) | O_NONBLOCK | flags
    return try OwnedDescriptor.opened(by: .shmOpen, on: .name(name)) {
      unsafe name.withCString { unsafe shm_open($0, flags, permissions.rawValue) }
    }
  }
}

extension POSIXName {
  /// Returns the path of the file that contains the object on Linux.
  func path(in prefix: String) -> FilePath {
    let path = POSIXName(bytes: Array(prefix.utf8) + bytes.dropFirst())
    return unsafe path.withCString { unsafe FilePath(platformString: $0) }
  }
}
