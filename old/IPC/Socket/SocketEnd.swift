internal import CIPC
internal import Glibc
public import SystemPackage

/// A socket of any domain.
public protocol SocketEnd: DescriptorOwner, ~Copyable {}

/// Which half of a connection is shut down.
public enum ShutdownDirection: Hashable, Sendable {
  /// Nothing more is received here; who sends to here sees that nobody reads.
  case receiving
  /// Nothing more is sent from here; the other side meets the end of file once it has read what was sent.
  case sending
  case both
}

extension SocketEnd where Self: ~Copyable {
  /// Shuts down a half of the connection, or both, for everybody who shares the socket, while it stays open.
  ///
  /// Calls `shutdown(2)`.
  public func shutDown(_ direction: ShutdownDirection) throws(IPCError) {
    let how =
      switch direction {
      case .receiving: SHUT_RD
      case .sending: SHUT_WR
      case .both: SHUT_RDWR
      }
    try Kernel.call("shutdown", on: .descriptor(descriptor)) { Glibc.shutdown(descriptor.rawValue, Int32(how)) }
  }

  /// How much the socket may hold that was sent and not yet received, in bytes, with what the kernel needs besides.
  ///
  /// Calls `getsockopt(2)` with `SO_SNDBUF`.
  public var sendBufferSize: Int {
    get throws(IPCError) { try option("getsockopt SO_SNDBUF", SO_SNDBUF) }
  }

  /// Sets that limit. The kernel doubles it, keeps it above a least size, and below `/proc/sys/net/core/wmem_max`.
  ///
  /// Calls `setsockopt(2)` with `SO_SNDBUF`.
  public func setSendBufferSize(_ bytes: Int) throws(IPCError) {
    try setOption("setsockopt SO_SNDBUF", SO_SNDBUF, bytes)
  }

  /// Calls `getsockopt(2)` with `SO_RCVBUF`.
  public var receiveBufferSize: Int {
    get throws(IPCError) { try option("getsockopt SO_RCVBUF", SO_RCVBUF) }
  }

  /// Calls `setsockopt(2)` with `SO_RCVBUF`.
  public func setReceiveBufferSize(_ bytes: Int) throws(IPCError) {
    try setOption("setsockopt SO_RCVBUF", SO_RCVBUF, bytes)
  }

  /// An error that waits to be told, which asking takes away; nil when there is none.
  ///
  /// Calls `getsockopt(2)` with `SO_ERROR`.
  public func takePendingError() throws(IPCError) -> Errno? {
    let number = try option("getsockopt SO_ERROR", SO_ERROR)
    return number == 0 ? nil : Errno(rawValue: Int32(number))
  }

  /// Whether the socket listens.
  ///
  /// Calls `getsockopt(2)` with `SO_ACCEPTCONN`.
  public var isListening: Bool {
    get throws(IPCError) { try option("getsockopt SO_ACCEPTCONN", SO_ACCEPTCONN) != 0 }
  }

  package func option(_ name: String, _ option: Int32, level: Int32 = SOL_SOCKET) throws(IPCError) -> Int {
    var value: Int32 = 0
    try Kernel.call(name, on: .descriptor(descriptor)) {
      unsafe cipc_socket_option(descriptor.rawValue, level, option, &value)
    }
    return Int(value)
  }

  package func setOption(
    _ name: String, _ option: Int32, _ value: Int, level: Int32 = SOL_SOCKET
  ) throws(IPCError) {
    guard let number = Int32(exactly: value) else {
      throw IPCError(call: name, errno: .invalidArgument, object: .descriptor(descriptor))
    }
    try Kernel.call(name, on: .descriptor(descriptor)) {
      cipc_set_socket_option(descriptor.rawValue, level, option, number)
    }
  }
}
