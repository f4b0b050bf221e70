internal import Glibc
public import SystemPackage

extension MemoryObject {
  /// Opens the shared memory of this name.
  ///
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory`, or `.permissionDenied`.
  ///
  /// Calls `shm_open(3)`.
  public init(opening name: POSIXSharedMemory.Name) throws(IPCError) {
    try self.init(taking: try Self.open(name, 0), .name(name.description), isNew: false)
  }

  /// Creates shared memory of this name, of 0 bytes; fails when there is some.
  ///
  /// Others can open it before it has its size, and before anything is written into it.
  ///
  /// - Parameters:
  ///   - permissions: Who may open it.
  ///   - umask: Whether the umask of the process, which `shm_open(3)` obeys, takes from the permissions.
  /// - Throws: ``IPCError`` with `.fileExists`.
  ///
  /// Calls `shm_open(3)` with `O_CREAT | O_EXCL`, and `fchmod(2)`.
  public init(
    creating name: POSIXSharedMemory.Name, permissions: FilePermissions, umask: Umask = .overridden
  ) throws(IPCError) {
    let opened = try Self.open(name, O_CREAT | O_EXCL, permissions)
    do throws(IPCError) {
      try self.init(taking: opened, .name(name.description), isNew: true, permissions, umask)
    } catch {
      try? name.unlink()
      throw error
    }
  }

  /// Opens the shared memory of this name, or creates it; ``isNew`` tells which.
  ///
  /// What exists keeps its size and its permissions.
  ///
  /// Calls `shm_open(3)` with `O_CREAT | O_EXCL`, and without, until one of them succeeds.
  public init(
    creatingOrOpening name: POSIXSharedMemory.Name, permissions: FilePermissions, umask: Umask = .overridden
  ) throws(IPCError) {
    // Others may create or remove it between the two attempts: each time round, one of them has got on.
    while true {
      do throws(IPCError) {
        self = try Self(creating: name, permissions: permissions, umask: umask)
        return
      } catch  where error.errno == .fileExists {}
      do throws(IPCError) {
        self = try Self(opening: name)
        return
      } catch  where error.errno == .noSuchFileOrDirectory {}
    }
  }

  private static func open(
    _ name: POSIXSharedMemory.Name, _ flags: Int32, _ permissions: FilePermissions = []
  ) throws(IPCError) -> OwnedDescriptor {
    // Should somebody have planted a FIFO, O_NONBLOCK keeps it from waiting for a writer; for memory it means nothing.
    let flags = (Access.isWritable ? O_RDWR : O_RDONLY) | O_NONBLOCK | flags
    let descriptor = try Kernel.call("shm_open", on: .name(name.description)) {
      unsafe shm_open(name.description, flags, permissions.rawValue)
    }
    return OwnedDescriptor(taking: FileDescriptor(rawValue: descriptor))
  }

  /// Of what was just created, and has only the permissions that the umask left.
  init(
    taking created: consuming OwnedDescriptor, _ object: IPCError.Object, isNew: Bool, _ permissions: FilePermissions,
    _ umask: Umask
  ) throws(IPCError) {
    if umask == .overridden {
      try Kernel.call("fchmod", on: object) { fchmod(created.descriptor.rawValue, permissions.rawValue) }
    }
    try self.init(taking: created, object, isNew: isNew)
  }
}
