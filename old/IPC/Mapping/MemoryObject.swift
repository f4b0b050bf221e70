internal import CIPC
internal import Glibc
public import SystemPackage

/// An open object that can be mapped into memory: POSIX shared memory, a regular file, or memory without a name.
///
/// It is closed when its owner goes; what was mapped of it stays mapped. The descriptor is close-on-exec. It can be
/// handed to a child or passed over a socket, and that is how memory without a name is shared.
///
/// POSIX calls this a memory object.
public struct MemoryObject<Access: MemoryAccess>: ~Copyable, Sendable {
  let owned: OwnedDescriptor

  /// What an error says that it is about.
  let object: IPCError.Object

  /// Whether this opening made the object.
  public let isNew: Bool

  /// Takes over an object that this process was started with, or was sent, and makes it close-on-exec.
  ///
  /// - Throws: ``IPCError`` with `.operationNotSupportedByDevice` when it is none, and `.permissionDenied` when it was not opened for this
  ///   access. It stays its owner's then.
  public init(adopting descriptor: FileDescriptor) throws(IPCError) {
    let object = IPCError.Object.descriptor(descriptor)
    let flags = try Kernel.call("fcntl F_GETFL", on: object) { fcntl(descriptor.rawValue, F_GETFL) }
    // What names a file and has not opened it has no access mode, which looks like that for reading.
    let access = flags & (O_ACCMODE | Int32(CIPC_O_PATH))
    guard access == O_RDWR || access == O_RDONLY && !Access.isWritable else {
      throw IPCError(call: "mmap", errno: .permissionDenied, object: object)
    }
    try Self.check(descriptor, object)
    try Kernel.call("fcntl F_SETFD", on: object) { fcntl(descriptor.rawValue, F_SETFD, FD_CLOEXEC) }
    self.object = object
    isNew = false
    owned = OwnedDescriptor(taking: descriptor)
  }

  init(taking opened: consuming OwnedDescriptor, _ object: IPCError.Object, isNew: Bool) throws(IPCError) {
    try Self.check(opened.descriptor, object)
    self.object = object
    self.isNew = isNew
    owned = opened
  }

  /// Lets nothing pass but regular files, which the others are as well: a directory has no bytes, a device its own rules.
  private static func check(_ descriptor: FileDescriptor, _ object: IPCError.Object) throws(IPCError) {
    guard try fileStatus(of: descriptor, object).st_mode & S_IFMT == S_IFREG else {
      throw IPCError(call: "mmap", errno: .operationNotSupportedByDevice, object: object)
    }
  }

  /// The descriptor, to be handed on. It remains this object's to close.
  public var descriptor: FileDescriptor { owned.descriptor }

  /// Closes the object. What was mapped of it stays mapped.
  ///
  /// Calls `close(2)`.
  public consuming func close() throws(IPCError) { try owned.close() }

  /// Gives the descriptor to a new owner.
  public consuming func release() -> FileDescriptor { owned.release() }
}
