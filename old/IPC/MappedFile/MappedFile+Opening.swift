internal import Glibc
public import SystemPackage

extension MemoryObject {
  /// Opens a regular file, to be mapped. A symbolic link is not followed: where others may write to the directory, it
  /// could have been planted. Whoever means its target says so, by the path of that.
  ///
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory`, `.permissionDenied`, `.tooManySymbolicLinkLevels` for a
  ///   symbolic link, and `.operationNotSupportedByDevice` for what is no regular file.
  ///
  /// Calls `open(2)`.
  public init(opening path: FilePath) throws(IPCError) {
    try self.init(taking: try Self.open(path, 0), .path(path), isNew: false)
  }

  /// Makes a file of 0 bytes; fails when there is anything of that name.
  ///
  /// - Parameter umask: Whether the umask of the process, which `open(2)` obeys, takes from the permissions.
  /// - Throws: ``IPCError`` with `.fileExists`; `.noSuchFileOrDirectory` or `.permissionDenied` for its directory.
  ///
  /// Calls `open(2)` with `O_CREAT | O_EXCL`, and `fchmod(2)`.
  public init(
    creating path: FilePath, permissions: FilePermissions, umask: Umask = .overridden
  ) throws(IPCError) {
    let opened = try Self.open(path, O_CREAT | O_EXCL, permissions)
    do throws(IPCError) {
      try self.init(taking: opened, .path(path), isNew: true, permissions, umask)
    } catch {
      _ = unsafe path.withPlatformString { unsafe unlink($0) }
      throw error
    }
  }

  private static func open(
    _ path: FilePath, _ flags: Int32, _ permissions: FilePermissions = []
  ) throws(IPCError) -> OwnedDescriptor {
    // Should there be a FIFO, O_NONBLOCK keeps it from waiting for a writer; for a regular file it means nothing.
    let flags = (Access.isWritable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW | flags
    let descriptor = try Kernel.call("open", on: .path(path)) {
      unsafe path.withPlatformString { unsafe Glibc.open($0, flags, permissions.rawValue) }
    }
    return OwnedDescriptor(taking: FileDescriptor(rawValue: descriptor))
  }
}
