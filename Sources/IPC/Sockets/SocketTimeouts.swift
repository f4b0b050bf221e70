internal import CIPC
internal import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// A time limit of a socket, which applies to calls that wait.
enum SocketTimeLimit {
  /// `SO_RCVTIMEO`, for calls that receive or accept.
  case receiving
  /// `SO_SNDTIMEO`, for calls that send or connect.
  case sending

  /// Whether the socket has this limit; false if the descriptor is not a socket.
  ///
  /// Calls `getsockopt(2)`.
  func isSet(on descriptor: FileDescriptor) -> Bool {
    var microseconds: Int64 = 0
    let result = Syscall.result {
      unsafe cipc_socket_timeout(descriptor.rawValue, self == .sending ? 1 : 0, &microseconds)
    }
    return (try? result.get()) == 0 && microseconds != 0
  }
}

/// Time limits that many C programs set for a socket. They also apply to other processes that share the socket.
extension SocketProtocol where Self: ~Copyable {
  /// How long a receive call without a timeout waits; nil for no limit.
  ///
  /// Calls `getsockopt(2)` with `SO_RCVTIMEO`.
  public var receiveTimeLimit: Duration? {
    get throws(IPCError) { try timeLimit(.getsockoptReceiveTimeout, sending: false) }
  }

  /// Sets how long a receive or accept call without a timeout waits before it throws `.wouldBlock`.
  ///
  /// Each call in this library takes its own timeout, which does not affect the socket. Set this limit only for other
  /// code that reads from the socket.
  ///
  /// - Parameter limit: The limit, in whole microseconds; nil for no limit.
  /// - Throws: ``IPCError`` if the kernel rejects the limit.
  ///
  /// Calls `setsockopt(2)` with `SO_RCVTIMEO`.
  public func setReceiveTimeLimit(_ limit: Duration?) throws(IPCError) {
    try setTimeLimit(.setsockoptReceiveTimeout, sending: false, limit)
  }

  /// How long a send call without a timeout waits; nil for no limit.
  ///
  /// Calls `getsockopt(2)` with `SO_SNDTIMEO`.
  public var sendTimeLimit: Duration? {
    get throws(IPCError) { try timeLimit(.getsockoptSendTimeout, sending: true) }
  }

  /// Sets how long a send or connect call without a timeout waits; see ``setReceiveTimeLimit(_:)``.
  ///
  /// A send call then throws `.wouldBlock`. ``TCP/Stream/connect(to:timeout:retryOnInterrupt:)`` throws
  /// `.nowInProgress`.
  ///
  /// Calls `setsockopt(2)` with `SO_SNDTIMEO`.
  public func setSendTimeLimit(_ limit: Duration?) throws(IPCError) {
    try setTimeLimit(.setsockoptSendTimeout, sending: true, limit)
  }

  /// The number of bytes that must be available before a receive call returns and the stream becomes readable.
  ///
  /// Calls `getsockopt(2)` with `SO_RCVLOWAT`.
  public var receiveLowWaterMark: Int {
    get throws(IPCError) { try option(.getsockoptReceiveLowWater, SO_RCVLOWAT) }
  }

  /// Sets the number of bytes that must be available before a receive call returns and the stream becomes readable.
  ///
  /// Calls `setsockopt(2)` with `SO_RCVLOWAT`.
  public func setReceiveLowWaterMark(_ bytes: Int) throws(IPCError) {
    try setOption(.setsockoptReceiveLowWater, SO_RCVLOWAT, bytes)
  }

  private func timeLimit(_ call: IPCError.Call, sending: Bool) throws(IPCError) -> Duration? {
    var microseconds: Int64 = 0
    try Syscall.call(call, on: .descriptor(descriptor)) {
      unsafe cipc_socket_timeout(descriptor.rawValue, sending ? 1 : 0, &microseconds)
    }
    return microseconds == 0 ? nil : .microseconds(microseconds)
  }

  private func setTimeLimit(_ call: IPCError.Call, sending: Bool, _ limit: Duration?) throws(IPCError) {
    // 0 would mean no limit.
    let microseconds = limit.map { max(1, $0.nanoseconds / 1000) } ?? 0
    try Syscall.call(call, on: .descriptor(descriptor)) {
      cipc_set_socket_timeout(descriptor.rawValue, sending ? 1 : 0, microseconds)
    }
  }
}
