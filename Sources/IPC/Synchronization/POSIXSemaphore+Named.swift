internal import CIPC
public import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

extension POSIXSemaphore {
  /// Opens the semaphore `name`.
  ///
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory` or `.permissionDenied`; `.invalidArgument` or
  ///   `.fileNameTooLong` if the name is invalid; `.protocolNotSupported` if the file is too short for this program's
  ///   semaphore layout, for example because a 32-bit program created it.
  ///
  /// Calls `sem_open(3)`.
  public static func open(_ name: POSIXName) throws(IPCError) -> POSIXSemaphore {
    try name.validate(for: .semOpen, maximumLength: 251)
    while true {
      let file = Result { () throws(IPCError) in try FileStatus(semaphore: name) }
      let opening = try unsafe OpenSemaphore(name) { unsafe sem_open($0, 0) }
      // sem_open(3) maps the named file but does not return a descriptor. Therefore, check the file by its name before
      // and after the call: the name must refer to the same file.
      if case .success(let before) = file {
        if try opening.isMapped(from: before) || (try? FileStatus(semaphore: name))?.isSameFile(as: before) == true {
          guard before.size >= size else { throw IPCError(.semOpen, .protocolNotSupported, on: .name(name)) }
          return POSIXSemaphore(named: opening, .name(name), isNew: false)
        }
      } else if case .failure(let error) = file, error.errno != .noSuchFileOrDirectory {
        throw error
      }
    }
  }

  /// Creates the semaphore `name`.
  ///
  /// - Parameters:
  ///   - name: A slash followed by up to 251 bytes other than slashes.
  ///   - value: The initial value.
  ///   - permissions: The semaphore's permissions; opening it requires both read and write permission.
  ///   - applyUmask: Whether to apply the process's umask, as in C. If false, the semaphore has exactly these
  ///     permissions; until the call returns, it may have fewer, but never more.
  /// - Returns: The open semaphore.
  /// - Throws: ``IPCError`` with `.fileExists`; `.invalidArgument` if the value is above ``maximumValue`` or the name
  ///   is invalid.
  ///
  /// Calls `sem_open(3)` with `O_CREAT | O_EXCL`, and `chmod(2)` if the umask interferes.
  public static func create(
    _ name: POSIXName, value: UInt32, permissions: FilePermissions = .ownerReadWrite, applyUmask: Bool = false
  ) throws(IPCError) -> POSIXSemaphore {
    try name.validate(for: .semOpen, maximumLength: 251)
    let opening = try unsafe OpenSemaphore(name) { unsafe sem_open($0, O_CREAT | O_EXCL, permissions.rawValue, value) }
    if !applyUmask, cipc_current_umask() & permissions.rawValue != 0 {
      try opening.setPermissions(permissions, name)
    }
    return POSIXSemaphore(named: opening, .name(name), isNew: true)
  }

  /// Opens the semaphore `name`, or creates it, in which case ``isNew`` is true.
  ///
  /// An existing semaphore keeps its value and its permissions.
  ///
  /// - Throws: Any error from ``create(_:value:permissions:applyUmask:)`` or ``open(_:)``, except `.fileExists` and
  ///   `.noSuchFileOrDirectory`.
  ///
  /// Calls `sem_open(3)` alternately with and without `O_CREAT | O_EXCL` until one call succeeds.
  public static func createOrOpen(
    _ name: POSIXName, value: UInt32, permissions: FilePermissions = .ownerReadWrite, applyUmask: Bool = false
  ) throws(IPCError) -> POSIXSemaphore {
    // Other processes can create or remove the semaphore between the two attempts.
    while true {
      do throws(IPCError) {
        return try create(name, value: value, permissions: permissions, applyUmask: applyUmask)
      } catch  where error.errno == .fileExists {}
      do throws(IPCError) {
        return try open(name)
      } catch  where error.errno == .noSuchFileOrDirectory {}
    }
  }

  /// Removes a semaphore's name immediately.
  ///
  /// Processes that have the semaphore open can still use it. A semaphore created later with this name is a new object.
  ///
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory`; `.permissionDenied` or `.notPermitted` if another user owns
  ///   the semaphore.
  ///
  /// Calls `sem_unlink(3)`.
  public static func unlink(_ name: POSIXName) throws(IPCError) {
    try name.validate(for: .semUnlink, maximumLength: 251)
    try Syscall.call(.semUnlink, on: .name(name)) { unsafe name.withCString { unsafe sem_unlink($0) } }
  }
}

extension FileStatus {
  /// Reads the status of the file in which the C library keeps a named semaphore.
  fileprivate init(semaphore name: POSIXName) throws(IPCError) { self = try LocatedFile(semaphore: name).status }
}

extension LocatedFile {
  fileprivate init(semaphore name: POSIXName) throws(IPCError) { try self.init(semaphorePath(name)) }
}

private func semaphorePath(_ name: POSIXName) -> FilePath {
  #if canImport(Musl)
    name.path(in: "/dev/shm/")
  #else
    name.path(in: "/dev/shm/sem.")
  #endif
}

extension OpenSemaphore {
  /// Whether the semaphore is mapped from this file, according to `/proc/self/maps`.
  fileprivate func isMapped(from file: FileStatus) throws(IPCError) -> Bool {
    try Syscall.call(.readMaps) { unsafe cipc_is_mapped_from(address, file.device, file.inode) } == 1
  }

  /// Sets the exact permissions on a newly created semaphore.
  ///
  /// `sem_open(3)` did not return a descriptor, and the name may already refer to a semaphore of another process, which
  /// must not be changed. In that case, no process can open this semaphore, so its permissions do not matter.
  fileprivate func setPermissions(_ permissions: FilePermissions, _ name: POSIXName) throws(IPCError) {
    do throws(IPCError) {
      let file = try LocatedFile(semaphore: name)
      let status = try file.status
      guard try isMapped(from: status) else { return }
      do throws(IPCError) {
        try file.setPermissions(permissions)
      } catch {
        LocatedFile.unlink(file.path, ifSameAs: status)
        throw IPCError(error.call, error.errno, on: .name(name))
      }
    } catch  where error.errno == .noSuchFileOrDirectory {
      // Another process has removed the semaphore in the meantime.
    }
  }
}
