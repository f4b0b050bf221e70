public import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// A regular file as shared memory (`open(2)`, `mmap(2)`).
///
/// ```swift
/// let file = try MappedFile.open("/var/lib/thermometer/readings", access: .readOnly)
/// let memory = try file.map()
/// let latest = try memory.load(as: Double.self, at: 16)
/// ```
///
/// The writes of one process are immediately visible in the mappings of the others, and to `read(2)`. The kernel writes
/// them to the disk some time later, or when ``MemoryMapping/sync(at:count:waiting:)`` is called.
///
/// `mmap(2)`.
public enum MappedFile {
  /// Opens a regular file.
  ///
  /// A symbolic link is not followed, because other users who can write to the directory could have planted it.
  ///
  /// - Parameters:
  ///   - path: The path of the file.
  ///   - access: `.readWrite` or `.readOnly`.
  /// - Returns: The open file, which can be mapped.
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory`, `.permissionDenied`; `.tooManySymbolicLinkLevels` for a
  ///   symbolic link; `.operationNotSupportedByDevice` if it is not a regular file.
  ///
  /// Calls `open(2)`.
  public static func open<Access: MemoryAccess>(
    _ path: FilePath, access: Access = .readWrite
  ) throws(IPCError) -> MemoryObject<Access> {
    try MemoryObject(taking: try open(path, Access.self, 0), .path(path))
  }

  /// Creates a file.
  ///
  /// - Parameters:
  ///   - path: The path of the file, which must not exist.
  ///   - size: The size in bytes, which is reserved immediately; 0 if ``MemoryObject/allocate(_:)`` or
  ///     ``MemoryObject/resize(to:)`` sets the size later.
  ///   - permissions: Who may open it.
  ///   - applyUmask: Whether the process's umask removes permissions, as in C. If not, the file has exactly these
  ///     permissions; until the call returns it may have fewer, never more.
  /// - Returns: The open file, which can be mapped.
  /// - Throws: ``IPCError`` with `.fileExists`; `.noSuchFileOrDirectory` or `.permissionDenied` for the directory;
  ///   `.noSpace`.
  ///
  /// Calls `open(2)` with `O_CREAT | O_EXCL`, `fchmod(2)` and `fallocate(2)`.
  public static func create(
    _ path: FilePath, size: Int = 0, permissions: FilePermissions = .ownerReadWrite, applyUmask: Bool = false
  ) throws(IPCError) -> MemoryObject<ReadWriteAccess> {
    try MemoryObject.created(
      try open(path, ReadWriteAccess.self, O_CREAT | O_EXCL, permissions), at: path, .path(path), size: size,
      permissions,
      applyUmask: applyUmask)
  }

  /// Removes the name of a file; open objects and mappings stay usable.
  ///
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory`; `.permissionDenied` for the directory.
  ///
  /// Calls `unlink(2)`.
  public static func unlink(_ path: FilePath) throws(IPCError) {
    try Syscall.call(.unlink, on: .path(path)) {
      unsafe path.withPlatformString { path in
        #if canImport(Glibc)
          unsafe Glibc.unlink(path)
        #else
          unsafe Musl.unlink(path)
        #endif
      }
    }
  }

  private static func open<Access: MemoryAccess>(
    _ path: FilePath, _ access: Access.Type, _ flags: Int32, _ permissions: FilePermissions = []
  ) throws(IPCError) -> OwnedDescriptor {
    // O_NONBLOCK prevents the call from waiting if the file is a FIFO; it has no effect on a regular file.
    let flags = (Access.isWritable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW | flags
    return try OwnedDescriptor.opened(by: .open, on: .path(path)) {
      unsafe path.withPlatformString { path in
        #if canImport(Glibc)
          unsafe Glibc.open(path, flags, permissions.rawValue)
        #else
          unsafe Musl.open(path, flags, permissions.rawValue)
        #endif
      }
    }
  }
}
