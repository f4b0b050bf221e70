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
  /// - Parameter patience: The kernel tells nobody of that room who has a deadline. With one, this tries and tries again,
  ///   with pauses of a tenth of a millisecond at first and ten at last.
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory`, `.permissionDenied` without the right to write the path,
  ///   `.protocolWrongTypeForSocket`, `.socketIsConnected`, or `Errno.interrupted` where that was asked for.
  ///
  /// Calls `connect(2)`.
  public func connect(
    to address: UnixSocket.Address, patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> UnixSocket.ConnectResult {
    var raw = address.raw
    var backoff = Backoff()
    while true {
      let result = try NonBlocking.attempt(descriptor, patience, interruption) {
        Int(unsafe cipc_unix_connect(descriptor.rawValue, &raw))
      }
      switch result {
      case .success: return .connected
      case .failure(.connectionRefused): return .refused
      case .failure(.wouldBlock): break
      case .failure(let reason): throw IPCError(call: "connect", errno: reason, object: address.object)
      }
      guard case .until = patience else { return .wouldBlock }
      guard let next = backoff.next(before: patience) else { return .timedOut }
      try Kernel.sleep(until: next, interruption)
    }
  }
}
