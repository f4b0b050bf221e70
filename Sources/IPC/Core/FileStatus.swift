internal import CIPC
public import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// The size, permissions and ownership of a file or memory object, as returned by `fstat(2)` in a `struct stat`.
public struct FileStatus: Hashable, Sendable {
  /// The size in bytes (`st_size`).
  public let size: Int
  /// The permission, set-user-ID, set-group-ID and sticky bits (`st_mode`).
  public let permissions: FilePermissions
  /// The owner (`st_uid`).
  public let user: UserID
  /// The owning group (`st_gid`).
  public let group: GroupID

  private let mode: mode_t
  package let device: UInt64
  package let inode: UInt64
  private let linkCount: UInt64

  /// Reads the status of an open file.
  ///
  /// Calls `fstat(2)`.
  public init(of descriptor: FileDescriptor) throws(IPCError) { try self.init(of: descriptor, nil) }

  package init(of descriptor: FileDescriptor, _ object: IPCError.Object?) throws(IPCError) {
    var status = stat()
    try Syscall.call(.fstat, on: object ?? .descriptor(descriptor)) { unsafe fstat(descriptor.rawValue, &status) }
    size = Int(status.st_size)
    permissions = FilePermissions(rawValue: status.st_mode & 0o7777)
    user = UserID(rawValue: status.st_uid)
    group = GroupID(rawValue: status.st_gid)
    mode = status.st_mode
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    linkCount = UInt64(status.st_nlink)
  }

  /// Whether the file is a pipe or FIFO.
  public var isFIFO: Bool { mode & S_IFMT == S_IFIFO }
  /// Whether the file is a socket.
  public var isSocket: Bool { mode & S_IFMT == S_IFSOCK }
  /// Whether the file is a regular file.
  public var isRegularFile: Bool { mode & S_IFMT == S_IFREG }

  /// Whether any directory still contains a name for the file.
  package var hasName: Bool { linkCount > 0 }

  /// Whether both values describe the same file.
  package func isSameFile(as other: FileStatus) -> Bool { device == other.device && inode == other.inode }
}

/// A file that has been located but not opened.
///
/// All checks and operations on this value apply to the same file, even if its name changes.
///
/// Locating a file does not follow symbolic links, and has no side effects even if another user has placed a FIFO or
/// device at the path.
package struct LocatedFile: ~Copyable {
  package let path: FilePath
  private let file: OwnedDescriptor

  /// Locates the file at a path without following a symbolic link.
  ///
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory` or `.permissionDenied`.
  ///
  /// Calls `open(2)` with `O_PATH | O_NOFOLLOW`.
  package init(_ path: FilePath) throws(IPCError) {
    file = try OwnedDescriptor.opened(by: .open, on: .path(path)) {
      unsafe path.withPlatformString { unsafe cipc_open_path($0) }
    }
    self.path = path
  }

  package var status: FileStatus {
    get throws(IPCError) { try FileStatus(of: file.descriptor, .path(path)) }
  }

  /// Opens the located file itself, even if its name now refers to another file.
  package func open(_ flags: Int32, retryOnInterrupt: Bool) throws(IPCError) -> OwnedDescriptor {
    try OwnedDescriptor.opened(by: .open, on: .path(path), retryOnInterrupt: retryOnInterrupt) {
      cipc_reopen(file.descriptor.rawValue, flags | O_CLOEXEC)
    }
  }

  /// Sets the permissions of the located file itself, even if its name now refers to another file.
  package func setPermissions(_ permissions: FilePermissions) throws(IPCError) {
    try Syscall.call(.chmod, on: .path(path)) { cipc_chmod(file.descriptor.rawValue, permissions.rawValue) }
  }

  /// Removes the file at `path`, unless the path now refers to another file.
  package static func unlink(_ path: FilePath, ifSameAs status: FileStatus) {
    guard let located = try? LocatedFile(path), let found = try? located.status, found.isSameFile(as: status) else {
      return
    }
    _ = unsafe path.withPlatformString { path in
      #if canImport(Glibc)
        unsafe Glibc.unlink(path)
      #else
        unsafe Musl.unlink(path)
      #endif
    }
  }
}
