internal import CIPC
internal import Glibc
public import SystemPackage

extension FIFO {
  /// Makes the FIFO.
  ///
  /// - Throws: ``IPCError`` with `.fileExists` when there is anything of that name, `.noSuchFileOrDirectory` or
  ///   `.permissionDenied` for its directory.
  ///
  /// Calls `mkfifo(3)`.
  public func make(permissions: FilePermissions, umask: Umask = .overridden) throws(IPCError) {
    try unsafe call("mkfifo") { unsafe mkfifo($0, permissions.rawValue) }
    guard umask == .overridden else { return }
    do {
      let file = try locate()
      guard try Self.status(of: file.descriptor, named: path).st_mode & 0o7777 != permissions.rawValue else { return }
      try Kernel.call("chmod", on: .path(path)) { cipc_chmod(file.descriptor.rawValue, permissions.rawValue) }
    } catch {
      try? unlink()
      throw error
    }
  }

  /// Makes the FIFO unless there is one, as when either of two programs may come first.
  ///
  /// - Returns: Whether it was made. One that was there keeps its permissions.
  /// - Throws: ``IPCError`` with `.fileExists` when what is there is no FIFO. A symbolic link is none.
  @discardableResult
  public func makeIfMissing(permissions: FilePermissions, umask: Umask = .overridden) throws(IPCError) -> Bool {
    while true {
      do {
        try make(permissions: permissions, umask: umask)
        return true
      } catch let exists where exists.errno == .fileExists {
        do {
          _ = try locate()
          return false
        } catch let error where error.errno == .invalidArgument {
          throw exists
        } catch let error where error.errno == .noSuchFileOrDirectory {
          // Removed in between: it is ours to make after all.
          continue
        }
      }
    }
  }

  /// Removes the name. Ends that are open stay open; whoever opens the name later finds nothing, or another FIFO.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` when there is something else than a FIFO, which stays.
  ///
  /// Calls `unlink(2)`.
  public func unlink() throws(IPCError) {
    _ = try locate()
    try unsafe call("unlink") { unsafe Glibc.unlink($0) }
  }

  /// Performs a call on the path.
  @discardableResult
  func call(_ name: String, _ call: (UnsafePointer<CChar>) -> Int32) throws(IPCError) -> Int32 {
    switch unsafe path.withPlatformString({ path in Kernel.attempt { unsafe call(path) } }) {
    case .success(let value): return value
    case .failure(let reason): throw IPCError(call: name, errno: reason, object: .path(path))
    }
  }
}
