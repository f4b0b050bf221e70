internal import CIPC
internal import Glibc
internal import SystemPackage

extension TCP {
  /// What came of connecting.
  public enum ConnectResult: Hashable, Sendable {
    case connected
    /// Nobody listens at that address.
    case refused
    /// It was begun, and goes on by itself: there was no patience, or the socket is non-blocking. The socket is writable
    /// when it is over; to connect once more then tells what came of it.
    case inProgress
    /// It was begun by an earlier call, and goes on.
    case alreadyInProgress
    /// Nobody has answered until the deadline, or as long as the kernel asks. It goes on until the socket is closed.
    case timedOut
  }
}

extension TCP.Stream {
  /// Connects to whoever listens at an address.
  ///
  /// A connection stands as soon as the listener has room for one more to wait: nobody needs to have accepted it.
  ///
  /// An attempt that was begun goes on, even when a signal or a deadline has ended the call: to connect to the same
  /// address once more waits for that attempt.
  ///
  /// - Throws: ``IPCError`` with `.networkUnreachable`, `.noRouteToHost`, `.socketIsConnected`,
  ///   `.addressFamilyNotSupported` for an address of the other version, or `Errno.interrupted` where that was asked for.
  ///
  /// Calls `connect(2)`.
  public func connect(
    to address: SocketAddress, patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> TCP.ConnectResult {
    var raw = address.raw
    while true {
      let result = try NonBlocking.attempt(descriptor, patience, interruption) {
        Int(unsafe cipc_internet_connect(descriptor.rawValue, &raw))
      }
      let begun: TCP.ConnectResult
      switch result {
      case .success: return .connected
      case .failure(.connectionRefused): return .refused
      case .failure(.timedOut): return .timedOut
      case .failure(.nowInProgress): begun = .inProgress
      case .failure(.alreadyInProcess): begun = .alreadyInProgress
      case .failure(let reason): throw IPCError(call: "connect", errno: reason, object: address.object)
      }
      guard case .until = patience else { return begun }
      if try Kernel.wait(for: .writable, of: descriptor, patience, interruption).isEmpty { return .timedOut }
    }
  }
}
