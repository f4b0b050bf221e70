internal import CIPC
internal import Glibc
public import SystemPackage

extension UnixSocket {
  /// What becomes of a socket's path that nobody serves any more, since its maker died before it could remove it.
  public enum StalePath: Hashable, Sendable {
    /// It is in the way, as with C.
    case kept
    /// It is removed. A path whose socket lives stays, and so does what is no socket.
    case replaced
  }
}

extension UnixSocket.End {
  /// Gives the socket a name, by which others find it. That of a path stays until it is unlinked.
  ///
  /// - Parameters:
  ///   - permissions: Of the path. To connect to it takes the right to write.
  ///   - umask: Whether the umask of the process, which `bind(2)` obeys, takes from the permissions.
  ///   - stale: To replace a path takes the right to read its directory, and for that long its lock.
  /// - Throws: ``IPCError`` with `.addressInUse` when there is anything of that name, `.invalidArgument` when the socket
  ///   has a name, `.noSuchFileOrDirectory` or `.permissionDenied` for its directory, `.wouldBlock` when somebody else
  ///   has held the lock of that for two seconds.
  ///
  /// Calls `fchmod(2)`, `bind(2)`, and `chmod(2)` for what the umask took.
  public func bind(
    to address: UnixSocket.Address, permissions: FilePermissions = [.ownerReadWrite], umask: Umask = .overridden,
    stale: UnixSocket.StalePath = .kept
  ) throws(IPCError) {
    let path = address.path
    if path != nil {
      // Linux gives the file the mode of the socket, less the umask. So it has never more than was asked for.
      try Kernel.call("fchmod", on: address.object) { fchmod(descriptor.rawValue, permissions.rawValue) }
    }
    do {
      try bindOnce(to: address)
    } catch let error where error.errno == .addressInUse {
      guard let path, stale == .replaced else { throw error }
      try StaleSocket.replaced(path, address) { () throws(IPCError) in try bindOnce(to: address) }
    }
    guard let path, umask == .overridden else { return }
    do {
      try SocketFile(path).setPermissions(permissions)
    } catch {
      try? address.unlink()
      throw error
    }
  }

  private func bindOnce(to address: UnixSocket.Address) throws(IPCError) {
    var raw = address.raw
    try Kernel.call("bind", on: address.object) { unsafe cipc_unix_bind(descriptor.rawValue, &raw) }
  }

  /// Where this socket is.
  ///
  /// Calls `getsockname(2)`.
  public var address: UnixSocket.Address {
    get throws(IPCError) { try UnixSocket.name(of: descriptor, peer: false) }
  }

  /// Where that is which this socket is connected to.
  ///
  /// - Throws: ``IPCError`` with `.socketNotConnected`.
  ///
  /// Calls `getpeername(2)`.
  public var peerAddress: UnixSocket.Address {
    get throws(IPCError) { try UnixSocket.name(of: descriptor, peer: true) }
  }
}

extension UnixSocket {
  static func name(of descriptor: FileDescriptor, peer: Bool) throws(IPCError) -> Address {
    var raw = cipc_unix_address()
    try Kernel.call(peer ? "getpeername" : "getsockname", on: .descriptor(descriptor)) {
      unsafe cipc_unix_name(descriptor.rawValue, peer ? 1 : 0, &raw)
    }
    return Address(raw)
  }
}

extension UnixSocket.Address {
  /// Removes the path. The socket lives on for those who have it, and nobody finds it any more. An abstract name cannot
  /// be removed: it goes with its socket.
  ///
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory`; with `.addressInUse` when there is something else than a
  ///   socket, which stays.
  ///
  /// Calls `unlink(2)`.
  public func unlink() throws(IPCError) {
    guard let path else { return }
    _ = try SocketFile(path)
    let result = unsafe path.withPlatformString { path in Kernel.attempt { unsafe Glibc.unlink(path) } }
    if case .failure(let reason) = result { throw IPCError(call: "unlink", errno: reason, object: object) }
  }
}
