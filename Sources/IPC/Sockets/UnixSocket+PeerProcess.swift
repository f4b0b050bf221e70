internal import CIPC
internal import SystemPackage

extension UnixSocket.Socket {
  /// Returns a descriptor of the process that connected or listened, even if another process has its number by now.
  ///
  /// - Throws: ``IPCError`` with `.protocolNotAvailable` before Linux 6.5; `.noData` if the socket is not connected;
  ///   `.noSuchProcess` if the process has ended, on some kernels.
  ///
  /// Calls `getsockopt(2)` with `SO_PEERPIDFD`.
  public func peerProcess() throws(IPCError) -> PIDFD {
    PIDFD(
      try OwnedDescriptor.opened(by: .getsockoptPeerPIDFD, on: .descriptor(descriptor)) {
        cipc_peer_pidfd(descriptor.rawValue)
      })
  }
}
