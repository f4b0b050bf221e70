internal import CIPC
internal import Glibc
public import SystemPackage

extension FIFO {
  /// What the file system knows of a FIFO.
  public struct Status: Hashable, Sendable {
    public let permissions: FilePermissions
    /// The number of the user that owns it.
    public let owner: UInt32
    /// The number of the group that owns it.
    public let group: UInt32
  }

  /// What the file system knows of the FIFO.
  ///
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory`, or `.invalidArgument` when there is something else.
  ///
  /// Calls `fstat(2)`.
  public func status() throws(IPCError) -> Status {
    let file = try locate()
    let status = try Self.status(of: file.descriptor, named: path)
    return Status(
      permissions: FilePermissions(rawValue: status.st_mode & 0o7777), owner: status.st_uid, group: status.st_gid)
  }

  /// Holds on to the file of that name without opening it, so that what is checked is what is opened.
  ///
  /// Nothing but a FIFO passes, and no symbolic link is followed: in a directory that others may write to, the name
  /// could have been planted. Nothing that is planted can make this wait.
  func locate() throws(IPCError) -> OwnedDescriptor {
    let number = try unsafe call("open") { unsafe cipc_open_path($0) }
    let file = OwnedDescriptor(taking: FileDescriptor(rawValue: number))
    guard try Self.status(of: file.descriptor, named: path).st_mode & S_IFMT == S_IFIFO else {
      throw IPCError(call: "open", errno: .invalidArgument, object: .path(path))
    }
    return file
  }

  static func status(of descriptor: FileDescriptor, named path: FilePath) throws(IPCError) -> stat {
    var status = stat()
    try Kernel.call("fstat", on: .path(path)) { unsafe fstat(descriptor.rawValue, &status) }
    return status
  }
}
