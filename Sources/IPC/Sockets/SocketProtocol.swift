internal import CIPC
public import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// A socket of any address family: a ``UnixSocket/Socket``, ``TCP/Stream``, ``UDP/Socket`` or listener.
///
/// `socket(7)`.
public protocol SocketProtocol: DescriptorRepresentable, ~Copyable {}

/// The directions of a connection that ``SocketProtocol/shutDown(_:)`` shuts down.
public enum ShutdownDirection: Hashable, Sendable {
  /// This socket no longer receives (`SHUT_RD`). The peer's send calls throw `.brokenPipe`.
  case receiving
  /// This socket no longer sends (`SHUT_WR`). The peer reads the bytes already sent, and then end of file.
  case sending
  /// Both directions (`SHUT_RDWR`).
  case both
}

extension SocketProtocol where Self: ~Copyable {
  /// Shuts down one or both directions of the connection, for all processes that share the socket.
  ///
  /// - Throws: ``IPCError`` with `.socketNotConnected`.
  ///
  /// Calls `shutdown(2)`.
  public func shutDown(_ direction: ShutdownDirection) throws(IPCError) {
    let how =
      switch direction {
      case .receiving: SHUT_RD
      case .sending: SHUT_WR
      case .both: SHUT_RDWR
      }
    try Syscall.call(.shutdown, on: .descriptor(descriptor)) { shutdown(descriptor.rawValue, Int32(how)) }
  }

  /// The size of the send buffer in bytes, including kernel overhead.
  ///
  /// Calls `getsockopt(2)` with `SO_SNDBUF`.
  public var sendBufferSize: Int { get throws(IPCError) { try option(.getsockoptSendBuffer, SO_SNDBUF) } }

  /// Sets the size of the send buffer.
  ///
  /// The kernel limits the size to `/proc/sys/net/core/wmem_max`, doubles it, and enforces a minimum.
  ///
  /// Calls `setsockopt(2)` with `SO_SNDBUF`.
  public func setSendBufferSize(_ bytes: Int) throws(IPCError) {
    try setOption(.setsockoptSendBuffer, SO_SNDBUF, bytes)
  }

  /// The size of the receive buffer in bytes, including kernel overhead.
  ///
  /// Calls `getsockopt(2)` with `SO_RCVBUF`.
  public var receiveBufferSize: Int { get throws(IPCError) { try option(.getsockoptReceiveBuffer, SO_RCVBUF) } }

  /// Sets the size of the receive buffer.
  ///
  /// The kernel limits the size to `/proc/sys/net/core/rmem_max`, doubles it, and enforces a minimum.
  ///
  /// Calls `setsockopt(2)` with `SO_RCVBUF`.
  public func setReceiveBufferSize(_ bytes: Int) throws(IPCError) {
    try setOption(.setsockoptReceiveBuffer, SO_RCVBUF, bytes)
  }

  /// Returns and clears the socket's pending error; nil if there is none.
  ///
  /// Calls `getsockopt(2)` with `SO_ERROR`.
  public func takePendingError() throws(IPCError) -> Errno? {
    let number = try option(.getsockoptError, SO_ERROR)
    return number == 0 ? nil : Errno(rawValue: Int32(number))
  }

  /// Whether the socket is listening.
  ///
  /// Calls `getsockopt(2)` with `SO_ACCEPTCONN`.
  public var isListening: Bool {
    get throws(IPCError) { try option(.getsockoptAcceptsConnections, SO_ACCEPTCONN) != 0 }
  }

  package func option(_ call: IPCError.Call, _ option: Int32, level: Int32 = SOL_SOCKET) throws(IPCError) -> Int {
    try SocketOption.value(of: descriptor, call, option, level: level)
  }

  package func setOption(
    _ call: IPCError.Call, _ option: Int32, _ value: Int, level: Int32 = SOL_SOCKET
  ) throws(IPCError) {
    guard let number = Int32(exactly: value) else {
      throw IPCError(call, .invalidArgument, on: .descriptor(descriptor))
    }
    try Syscall.call(call, on: .descriptor(descriptor)) {
      cipc_set_socket_option(descriptor.rawValue, level, option, number)
    }
  }
}

extension SocketProtocol where Self: ReadableDescriptor & ~Copyable {
  /// Reads bytes from a stream without consuming them, and appends them to an array.
  ///
  /// If `maxLength` is 0, the call waits for bytes or the end of the stream, and returns 0. Otherwise, this behaves like
  /// ``ReadableDescriptor/read(maxLength:appendingTo:timeout:retryOnInterrupt:)``.
  ///
  /// Calls `recv(2)` with `MSG_PEEK`.
  public func peek(
    maxLength: Int, appendingTo bytes: inout [UInt8], timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> Int {
    try bytes.append(maxLength: maxLength) { (span) throws(IPCError) in
      try SocketTransfer.peek(descriptor, into: &span, timeout, retryOnInterrupt)
    }
  }
}

enum SocketOption {
  static func value(
    of descriptor: FileDescriptor, _ call: IPCError.Call, _ option: Int32, level: Int32 = SOL_SOCKET
  ) throws(IPCError) -> Int {
    var value: Int32 = 0
    try Syscall.call(call, on: .descriptor(descriptor)) {
      unsafe cipc_socket_option(descriptor.rawValue, level, option, &value)
    }
    return Int(value)
  }
}

extension OwnedDescriptor {
  /// Takes ownership of a socket and makes it close-on-exec, after checking its family, its type and, if required,
  /// whether it is listening.
  ///
  /// If the call throws, the previous owner keeps the descriptor.
  static func adoptingSocket(
    _ descriptor: FileDescriptor, families: [Int32], type: Int32, listening: Bool = false
  ) throws(IPCError) -> OwnedDescriptor {
    guard families.contains(Int32(try SocketOption.value(of: descriptor, .getsockoptDomain, SO_DOMAIN))) else {
      throw IPCError(.getsockoptDomain, .addressFamilyNotSupported, on: .descriptor(descriptor))
    }
    guard try SocketOption.value(of: descriptor, .getsockoptType, SO_TYPE) == type else {
      throw IPCError(.getsockoptType, .protocolWrongTypeForSocket, on: .descriptor(descriptor))
    }
    if listening, try SocketOption.value(of: descriptor, .getsockoptAcceptsConnections, SO_ACCEPTCONN) == 0 {
      throw IPCError(.getsockoptAcceptsConnections, .invalidArgument, on: .descriptor(descriptor))
    }
    return try adopting(descriptor)
  }

  static func opening(family: Int32, type: Int32) throws(IPCError) -> OwnedDescriptor {
    try opened(by: .socket) { cipc_socket(family, type) }
  }
}

/// The system calls that take or return an address, for sockets of all address families.
enum SocketNames {
  static func address(of descriptor: FileDescriptor, peer: Bool) throws(IPCError) -> cipc_address {
    var raw = cipc_address()
    try Syscall.call(peer ? .getPeerName : .getSocketName, on: .descriptor(descriptor)) {
      unsafe cipc_socket_name(descriptor.rawValue, peer ? 1 : 0, &raw)
    }
    return raw
  }

  static func bind(
    _ descriptor: FileDescriptor, to address: cipc_address, on object: @autoclosure () -> IPCError.Object
  ) throws(IPCError) {
    var address = address
    try Syscall.call(.bind, on: object()) { unsafe cipc_bind(descriptor.rawValue, &address) }
  }

  static func listen(_ descriptor: FileDescriptor, backlog: Int32) throws(IPCError) {
    try Syscall.call(.listen, on: .descriptor(descriptor)) {
      #if canImport(Glibc)
        Glibc.listen(descriptor.rawValue, backlog)
      #else
        Musl.listen(descriptor.rawValue, backlog)
      #endif
    }
  }

  /// Makes one attempt to connect, waiting only if the timeout is ``Timeout/never``.
  static func connect(
    _ descriptor: FileDescriptor, to address: inout cipc_address, _ timeout: Timeout, retryOnInterrupt: Bool
  ) throws(IPCError) -> Result<Int, Errno> {
    try NonBlocking.result(descriptor, timeout, timeLimit: .sending, retryOnInterrupt: retryOnInterrupt) {
      Int(unsafe cipc_connect(descriptor.rawValue, &address))
    }
  }

  /// Accepts the oldest pending connection, waiting for one if necessary.
  ///
  /// The timeout does not use `SO_RCVTIMEO`, because that option applies to all processes that share the listener, and
  /// TCP connections inherit it.
  static func accept(
    on listener: FileDescriptor, from address: inout cipc_address, _ timeout: Timeout, retryOnInterrupt: Bool
  ) throws(IPCError) -> OwnedDescriptor {
    // Take ownership immediately, so that the connection is closed if the listener cannot be made blocking again.
    var connection: OwnedDescriptor?
    while true {
      let result = try NonBlocking.result(
        listener, timeout, timeLimit: .receiving, retryOnInterrupt: retryOnInterrupt
      ) {
        let number = unsafe cipc_accept(listener.rawValue, &address)
        if number != -1 { connection = OwnedDescriptor(taking: number) }
        return Int(number)
      }
      if let owned = connection.take() { return owned }
      switch result {
      // A nonblocking listener does not wait.
      case .failure(.wouldBlock) where !timeout.isNever:
        try Syscall.waitOrThrow(
          .accept4, listener, .readable, timeout, on: .socket(listener), retryOnInterrupt: retryOnInterrupt)
      case .failure(let reason): throw IPCError(.accept4, reason, on: .socket(listener))
      case .success: continue
      }
    }
  }
}

extension IPCError.Object {
  /// Identifies a socket by its peer's address if it has one, otherwise by its own address or its descriptor.
  ///
  /// Use this only for errors, because it makes system calls.
  @inline(never)
  package static func socket(_ descriptor: FileDescriptor) -> IPCError.Object {
    for peer in [true, false] {
      var raw = cipc_address()
      guard unsafe cipc_socket_name(descriptor.rawValue, peer ? 1 : 0, &raw) == 0 else { continue }
      if let address = SocketAddress(raw) { return .socketAddress(address) }
      let address = UnixSocket.Address(raw)
      if !address.isUnnamed { return .unixAddress(address) }
    }
    return .descriptor(descriptor)
  }
}

/// An accepted connection, and its peer's address.
@frozen
public struct AcceptedConnection<Socket: ~Copyable, Address>: ~Copyable {
  /// The connected socket, closed when the value is destroyed.
  public let socket: Socket
  /// The peer's address, as reported by `accept4(2)`.
  public let peerAddress: Address

  @usableFromInline init(_ socket: consuming Socket, _ peerAddress: Address) {
    self.socket = socket
    self.peerAddress = peerAddress
  }
}

extension AcceptedConnection: Sendable where Socket: Sendable & ~Copyable, Address: Sendable {}
