internal import CIPC
internal import Glibc
internal import SystemPackage

extension UnixSocket {
  /// What came of connecting.
  public enum ConnectResult: Hashable, Sendable {
    case connected
    /// Nobody has that abstract name, or nobody listens by it; or a path is there whose socket is dead.
    case refused
    /// As many as the listener lets wait do so, and either there was no patience, or the socket is non-blocking.
    case wouldBlock
    /// They did until the deadline.
    case timedOut
  }
}

extension UnixSocket.End {
  /// Connects to whoever listens at an address; a datagram socket, to whoever has it, for what is sent from now on.
  ///
  /// A connection stands as soon as the listener has room for one more to wait: nobody needs to have accepted it.
  ///
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory`, `.permissionDenied` without the right to write the path,
  ///   `.protocolWrongTypeForSocket`, `.socketIsConnected`, or `Errno.interrupted` where that was asked for.
  ///
  /// Calls `connect(2)`.
  public func connect(
    to address: UnixSocket.Address, patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> UnixSocket.ConnectResult {
    var raw = address.raw
    let result = try SocketTimeout.attempt(descriptor, SO_SNDTIMEO, patience, interruption) {
      Int(unsafe cipc_unix_connect(descriptor.rawValue, &raw))
    }
    switch result {
    case .success: return .connected
    case .failure(.connectionRefused): return .refused
    case .failure(.wouldBlock): return .wouldBlock
    case .failure(.timedOut): return .timedOut
    case .failure(let reason): throw IPCError(call: "connect", errno: reason, object: address.object)
    }
  }
}
