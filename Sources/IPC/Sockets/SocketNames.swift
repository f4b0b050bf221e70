internal import CIPC
internal import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// The calls that take or return an address, for sockets of all address families.
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

  /// One attempt to connect, which waits only for ``Timeout/never``.
  static func connect(
    _ descriptor: FileDescriptor, to address: inout cipc_address, _ timeout: Timeout, retryOnInterrupt: Bool
  ) throws(IPCError) -> Result<Int, Errno> {
    try NonBlocking.result(descriptor, timeout, retryOnInterrupt: retryOnInterrupt) {
      Int(unsafe cipc_connect(descriptor.rawValue, &address))
    }
  }

  /// Accepts the oldest pending connection, and waits for one.
  ///
  /// The timeout is not an option of the listener (`SO_RCVTIMEO`), which all processes share that have the listener,
  /// and which TCP connections inherit.
  static func accept(
    on listener: FileDescriptor, from address: inout cipc_address, _ timeout: Timeout, retryOnInterrupt: Bool
  ) throws(IPCError) -> OwnedDescriptor {
    // Owned at once: if the listener cannot be made blocking again, the connection is closed.
    var connection: OwnedDescriptor?
    while true {
      let result = try NonBlocking.result(listener, timeout, retryOnInterrupt: retryOnInterrupt) {
        let number = unsafe cipc_accept(listener.rawValue, &address)
        if number != -1 { connection = OwnedDescriptor(taking: number) }
        return Int(number)
      }
      if let owned = connection.take() { return owned }
      switch result {
      // A non-blocking listener does not wait.
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
  /// The address that tells most about a socket: that of its peer if it has one, else its own, else its descriptor.
  ///
  /// For errors alone: it makes system calls.
  @inline(never)
  static func socket(_ descriptor: FileDescriptor) -> IPCError.Object {
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

/// A connection that a listener accepted, and the address of its peer.
@frozen
public struct AcceptedConnection<Socket: ~Copyable, Address>: ~Copyable {
  public let socket: Socket
  public let peerAddress: Address

  @usableFromInline init(_ socket: consuming Socket, _ peerAddress: Address) {
    self.socket = socket
    self.peerAddress = peerAddress
  }
}

extension AcceptedConnection: Sendable where Socket: Sendable & ~Copyable, Address: Sendable {}
