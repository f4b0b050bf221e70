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
/// A write by one process is immediately visible in the other processes' mappings and to `read(2)`. The kernel writes
/// them to disk some time later, or when ``MemoryMapping/sync(at:count:waiting:)`` is called.
///
/// `mmap(2)`.
public enum MappedFile {
  /// Opens a regular file.
  ///
  /// This does not follow symbolic links, because any user who can write to the directory could have created one.
  ///
  /// - Parameters:
  ///   - path: The file's path.
  ///   - access: `.readWrite` or `.readOnly`.
  /// - Returns: The open file, ready to be mapped.
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory`, `.permissionDenied`; `.tooManySymbolicLinkLevels` if the
  ///   path is a symbolic link; `.operationNotSupportedByDevice` if the path is not a regular file.
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
  ///   - path: The file's path, which must not exist.
  ///   - size: The size in bytes, reserved immediately; 0 if ``MemoryObject/allocate(_:)`` or
  ///     ``MemoryObject/resize(to:)`` sets the size later.
  ///   - permissions: The file's permissions.
  ///   - applyUmask: Whether to apply the process's umask, as in C. If false, the file gets exactly these permissions;
  ///     until the call returns it may have fewer, but never more.
  /// - Returns: The open file, ready to be mapped.
  /// - Throws: ``IPCError`` with `.fileExists`; `.noSuchFileOrDirectory` if the directory does not exist;
  ///   `.permissionDenied` if it is not writable; `.noSpace` if the disk is full.
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

  /// Removes a file's name; open objects and mappings remain usable.
  ///
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory`; `.permissionDenied` if the directory is not writable.
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
    // O_NONBLOCK prevents the call from blocking on a FIFO; it has no effect on a regular file.
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
