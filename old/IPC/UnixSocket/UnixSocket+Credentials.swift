internal import CIPC
internal import Glibc
internal import SystemPackage

extension UnixSocket.End {
  /// Who is on the other side: who connected, or who listened, as they were when they did so. It stays so when they
  /// hand the socket to others, change their user, or die.
  ///
  /// ```swift
  /// guard try connection.peerCredentials.user == geteuid() else { return }
  /// ```
  ///
  /// Calls `getsockopt(2)` with `SO_PEERCRED`.
  public var peerCredentials: UnixSocket.Credentials {
    get throws(IPCError) {
      var raw = cipc_credentials()
      try Kernel.call("getsockopt SO_PEERCRED", on: .descriptor(descriptor)) {
        unsafe cipc_unix_peer(descriptor.rawValue, &raw)
      }
      return UnixSocket.Credentials(raw)
    }
  }

  /// The process on the other side: who connected, or who listened, even if another has its number by now.
  ///
  /// - Throws: ``IPCError`` with `.protocolNotAvailable` before Linux 6.5, `.noSuchProcess` when it is gone, on some
  ///   kernels; `.noData` when there is none.
  ///
  /// Calls `getsockopt(2)` with `SO_PEERPIDFD`.
  public func peerProcess() throws(IPCError) -> ProcessDescriptor {
    let number = try Kernel.call("getsockopt SO_PEERPIDFD", on: .descriptor(descriptor)) {
      cipc_unix_peer_process(descriptor.rawValue)
    }
    return ProcessDescriptor(taking: OwnedDescriptor(taking: FileDescriptor(rawValue: number)))
  }

  /// Whether messages that are received say who sent them.
  ///
  /// Calls `getsockopt(2)` with `SO_PASSCRED`.
  public var receivesCredentials: Bool {
    get throws(IPCError) { try option("getsockopt SO_PASSCRED", Int32(CIPC_SO_PASSCRED)) != 0 }
  }

  /// Has every message that is received from now on say who sent it, also those that were sent before: those without
  /// credentials of their sender's own come from nobody.
  ///
  /// Calls `setsockopt(2)` with `SO_PASSCRED`.
  public func setReceivesCredentials(_ receives: Bool) throws(IPCError) {
    try setOption("setsockopt SO_PASSCRED", Int32(CIPC_SO_PASSCRED), receives ? 1 : 0)
  }
}
