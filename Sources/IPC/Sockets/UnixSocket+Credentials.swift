internal import CIPC
public import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

extension UnixSocket {
  /// The process, user and group at the other end of a socket, as verified by the kernel (`struct ucred`).
  public struct Credentials: Hashable, Sendable {
    /// The process ID; 0 if the process is not visible in this PID namespace.
    ///
    /// The kernel may have reused the ID for another process in the meantime. ``UnixSocket/Socket/peerProcess()``
    /// returns a descriptor that never refers to another process.
    public let process: ProcessID
    /// The user ID; 65534 if this user namespace does not map it.
    public let user: UserID
    /// The group ID; 65534 if this user namespace does not map it.
    public let group: GroupID

    /// Creates credentials to send; an unprivileged process can send only its own.
    public init(process: ProcessID, user: UserID, group: GroupID) {
      self.process = process
      self.user = user
      self.group = group
    }

    /// This process's credentials, with its effective user and group IDs.
    public static var current: Credentials {
      Credentials(process: .current, user: .effective, group: .effective)
    }

    init(_ raw: cipc_credentials) {
      self.init(
        process: ProcessID(rawValue: raw.process), user: UserID(rawValue: raw.user),
        group: GroupID(rawValue: raw.group))
    }

    var raw: cipc_credentials {
      cipc_credentials(process: process.rawValue, user: user.rawValue, group: group.rawValue)
    }
  }
}

extension UnixSocket.Socket {
  /// The peer's credentials at the time it connected or called `listen(2)`.
  ///
  /// They do not change when the peer passes its socket to another process, changes its user ID, or dies. A socket that
  /// is not connected reports process ID 0, and -1 (all bits set) as the user and group IDs.
  ///
  /// ```swift
  /// guard try connection.peerCredentials.user == .effective else { return }
  /// ```
  ///
  /// Calls `getsockopt(2)` with `SO_PEERCRED`.
  public var peerCredentials: UnixSocket.Credentials {
    get throws(IPCError) {
      var raw = cipc_credentials()
      try Syscall.call(.getsockoptPeerCredentials, on: .descriptor(descriptor)) {
        unsafe cipc_peer_credentials(descriptor.rawValue, &raw)
      }
      return UnixSocket.Credentials(raw)
    }
  }

  /// Whether received messages carry their senders' credentials: ``AncillaryData/credentials``.
  ///
  /// Calls `getsockopt(2)` with `SO_PASSCRED`.
  public var passCredentials: Bool {
    get throws(IPCError) { try option(.getsockoptPassCredentials, Int32(CIPC_SO_PASSCRED)) != 0 }
  }

  /// Sets whether received messages carry their senders' credentials.
  ///
  /// Set this before the peer sends. Messages that were sent earlier carry process ID 0, unless the sender passed its
  /// credentials explicitly.
  ///
  /// Calls `setsockopt(2)` with `SO_PASSCRED`.
  public func setPassCredentials(_ passCredentials: Bool) throws(IPCError) {
    try setOption(.setsockoptPassCredentials, Int32(CIPC_SO_PASSCRED), passCredentials ? 1 : 0)
  }
}

extension UnixSocket.Socket {
  /// Whether received messages carry a descriptor for their sender: ``AncillaryData/takeSender()``.
  ///
  /// Calls `getsockopt(2)` with `SO_PASSPIDFD`.
  public var passProcess: Bool {
    get throws(IPCError) { try option(.getsockoptPassPIDFD, Int32(CIPC_SO_PASSPIDFD)) != 0 }
  }

  /// Sets whether received messages carry a descriptor for their sender, which never refers to another process.
  ///
  /// - Throws: ``IPCError`` with `.protocolNotAvailable` before Linux 6.5.
  ///
  /// Calls `setsockopt(2)` with `SO_PASSPIDFD`.
  public func setPassProcess(_ passProcess: Bool) throws(IPCError) {
    try setOption(.setsockoptPassPIDFD, Int32(CIPC_SO_PASSPIDFD), passProcess ? 1 : 0)
  }

  /// Returns a descriptor for the process that connected or called `listen(2)`, even if its ID has been reused.
  ///
  /// - Throws: ``IPCError`` with `.protocolNotAvailable` before Linux 6.5; `.noData` if the socket is not connected;
  ///   `.noSuchProcess` on some kernels if the process has ended.
  ///
  /// Calls `getsockopt(2)` with `SO_PEERPIDFD`.
  public func peerProcess() throws(IPCError) -> PIDFD {
    PIDFD(
      try OwnedDescriptor.opened(by: .getsockoptPeerPIDFD, on: .descriptor(descriptor)) {
        cipc_peer_pidfd(descriptor.rawValue)
      })
  }
}
