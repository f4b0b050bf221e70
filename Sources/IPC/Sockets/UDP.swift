internal import CIPC
public import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Datagrams between processes on the same machine or on different machines.
///
/// ```swift
/// let address = SocketAddress(.loopback(.v4), port: 7777)
/// let receiver = try UDP.Socket(at: address)
///
/// // In another process:
/// let sender = try UDP.Socket(.v4)
/// try sender.send("Hello".utf8.span, to: address)
/// ```
///
/// A datagram arrives completely or not at all, and the kernel does not notify the sender of lost datagrams. Datagrams
/// can also arrive twice or out of order.
///
/// `udp(7)`.
public enum UDP {
  static var type: Int32 { Int32(SOCK_DGRAM.rawValue) }

  /// A UDP socket, closed when the value is destroyed.
  @frozen
  public struct Socket: ~Copyable, Sendable, InternetSocket, DescriptorOwner {
    @usableFromInline let owned: OwnedDescriptor
    /// The IP version of the socket, chosen at creation.
    public let version: IPVersion

    package init(taking owned: consuming OwnedDescriptor, _ version: IPVersion) {
      self.owned = owned
      self.version = version
    }

    /// Creates a socket that is not bound or connected.
    ///
    /// - Throws: ``IPCError`` with `.tooManyOpenFiles`; `.addressFamilyNotSupported` if the machine does not support
    ///   IPv6.
    ///
    /// Calls `socket(2)`.
    public init(_ version: IPVersion) throws(IPCError) {
      self.init(taking: try .opening(family: version.family, type: UDP.type), version)
    }

    /// Creates a socket, and binds it.
    ///
    /// - Throws: Any error from ``InternetSocket/bind(to:)``.
    ///
    /// Calls `socket(2)` and `bind(2)`.
    public init(at address: SocketAddress) throws(IPCError) {
      let socket = try Socket(address.address.version)
      try socket.bind(to: address)
      self.init(taking: socket.takeDescriptor(), address.address.version)
    }

    /// Takes ownership of an inherited or received socket, and makes it close-on-exec.
    ///
    /// If the initializer throws, the previous owner keeps the descriptor.
    ///
    /// - Throws: ``IPCError`` with `.notSocket`, `.addressFamilyNotSupported` or `.protocolWrongTypeForSocket` if the
    ///   descriptor is not a UDP socket.
    public init(adopting descriptor: FileDescriptor) throws(IPCError) {
      let owned = try OwnedDescriptor.adoptingSocket(descriptor, families: [AF_INET, AF_INET6], type: UDP.type)
      self.init(taking: owned, try IPVersion(of: descriptor))
    }

    /// The open descriptor, owned and closed by this value.
    @inlinable public var descriptor: FileDescriptor { owned.descriptor }
    /// Transfers ownership of the descriptor to the caller.
    public consuming func takeDescriptor() -> OwnedDescriptor { owned }
  }
}

extension UDP.Socket {
  /// The length of the next datagram in bytes; 0 if there is no datagram or it is empty.
  ///
  /// Calls `ioctl(2)` with `FIONREAD`.
  public var bytesAvailable: Int { get throws(IPCError) { try countBytesAvailable() } }

  /// The number of datagrams dropped because the receive buffer was full, not counting other losses.
  ///
  /// Calls `getsockopt(2)` with `SO_MEMINFO`.
  public var droppedDatagrams: Int {
    get throws(IPCError) {
      var drops: UInt32 = 0
      try Syscall.call(.getsockoptMemoryInformation, on: .descriptor(descriptor)) {
        unsafe cipc_socket_drops(descriptor.rawValue, &drops)
      }
      return Int(drops)
    }
  }

  /// Restricts the socket to one peer: the socket sends to the peer's address, and receives only from that address.
  ///
  /// Datagrams that have already arrived stay in the receive queue. The peer is not contacted: if no socket is bound to
  /// the address, a later call fails with `.connectionRefused`.
  ///
  /// - Throws: ``IPCError`` with `.networkUnreachable`; `.permissionDenied` if the address is a broadcast address.
  ///
  /// Calls `connect(2)`.
  public func connect(to address: SocketAddress) throws(IPCError) {
    var raw = address.raw
    try Syscall.call(.connect, on: .socketAddress(address)) { unsafe cipc_connect(descriptor.rawValue, &raw) }
  }

  /// Undoes ``connect(to:)``, so that the socket again receives datagrams from all senders.
  ///
  /// Calls `connect(2)` with `AF_UNSPEC`.
  public func disconnect() throws(IPCError) {
    try Syscall.call(.connect, on: .descriptor(descriptor)) { cipc_disconnect(descriptor.rawValue) }
  }

  /// Sends a datagram to the connected peer, waiting for room if necessary.
  ///
  /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock`; `.messageTooLong` if the
  ///   datagram is longer than 65507 bytes (65527 with IPv6); `.addressRequired` if the socket is not connected;
  ///   `.connectionRefused` if no socket received an earlier datagram; `.interrupted` if `retryOnInterrupt` is false
  ///   and a signal handler ran. On error, nothing is sent.
  ///
  /// Calls `send(2)`.
  @inlinable
  public func send(
    _ message: RawSpan, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) {
    if timeout == .never && Transfer.attemptWrite(descriptor, .socket, message) >= 0 { return }
    _ = try Transfer.write(descriptor, .socket, message, timeout, retryOnInterrupt)
  }

  /// Sends the bytes of an array or a string, like ``send(_:timeout:retryOnInterrupt:)-(RawSpan,_,_)``.
  @inlinable
  public func send(
    _ message: Span<UInt8>, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) {
    try send(unsafe message.bytes, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
  }

  /// Sends a datagram to the connected peer without waiting.
  ///
  /// - Returns: Whether the datagram was sent; false if there is no room.
  public func trySend(_ message: RawSpan) throws(IPCError) -> Bool {
    try nilIfWouldBlock { () throws(IPCError) in try send(message, timeout: .immediate) } != nil
  }

  /// Sends the bytes of an array or a string without waiting, like ``trySend(_:)-(RawSpan)``.
  public func trySend(_ message: Span<UInt8>) throws(IPCError) -> Bool { try trySend(unsafe message.bytes) }

  /// Adds bytes to a pending datagram, which the next ``send(_:timeout:retryOnInterrupt:)-(RawSpan,_,_)`` completes and
  /// sends.
  ///
  /// - Throws: Any error from ``send(_:timeout:retryOnInterrupt:)-(RawSpan,_,_)``.
  ///
  /// Calls `send(2)` with `MSG_MORE`.
  public func sendLater(_ part: RawSpan, retryOnInterrupt: Bool = true) throws(IPCError) {
    _ = try SocketTransfer.wait(.send, descriptor, .writable, Int32(CIPC_MSG_MORE), .never, retryOnInterrupt) { flags in
      unsafe part.withUnsafeBytes {
        unsafe cipc_socket_write(descriptor.rawValue, $0.baseAddress, $0.count, flags)
      }
    }
  }

  /// Sends a datagram to an address, waiting for room if necessary.
  ///
  /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock`; `.messageTooLong`;
  ///   `.networkUnreachable`; `.permissionDenied` if the address is a broadcast address and ``setBroadcast(_:)`` has
  ///   not been called; `.interrupted` if `retryOnInterrupt` is false and a signal handler ran. It is not an error if
  ///   no socket received the datagram.
  ///
  /// Calls `sendto(2)`.
  @inlinable
  public func send(
    _ message: RawSpan, to address: SocketAddress, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) {
    if timeout == .never && Self.attemptSend(descriptor, message, to: address) >= 0 { return }
    try sendSlowly(message, to: address, timeout, retryOnInterrupt)
  }

  /// Makes one blocking call.
  ///
  /// - Returns: The result of the call; -1 on failure, with the reason in `errno`.
  @usableFromInline
  static func attemptSend(_ descriptor: FileDescriptor, _ message: RawSpan, to address: SocketAddress) -> Int {
    call(descriptor, message, to: address, flags: 0)
  }

  @inline(__always)
  private static func call(
    _ descriptor: FileDescriptor, _ message: RawSpan, to address: SocketAddress, flags: Int32
  ) -> Int {
    unsafe withUnsafePointer(to: address.parts) { parts in
      unsafe message.withUnsafeBytes {
        unsafe cipc_internet_send(descriptor.rawValue, $0.baseAddress, $0.count, flags, parts)
      }
    }
  }

  /// Sends after a failed attempt or with a timeout.
  @usableFromInline @inline(never)
  func sendSlowly(
    _ message: RawSpan, to address: SocketAddress, _ timeout: Timeout, _ retryOnInterrupt: Bool
  ) throws(IPCError) {
    var reason = timeout.isNever ? Syscall.lastError : nil
    let flags = timeout.isNever ? 0 : Int32(MSG_DONTWAIT)
    _ = try Syscall.untilReady(
      .sendto, descriptor, .writable, timeout, on: .socketAddress(address), retryOnInterrupt: retryOnInterrupt
    ) { () throws(IPCError) in
      // The first result is that of the failed attempt.
      let failed = reason.take()
      let result =
        if let failed, failed != .interrupted || !retryOnInterrupt {
          Result<Int, Errno>.failure(failed)
        } else {
          Syscall.result(retryOnInterrupt: retryOnInterrupt) {
            Self.call(descriptor, message, to: address, flags: flags)
          }
        }
      // The socket's time limit has expired, unless its open file description is nonblocking.
      if timeout.isNever, result.failed(with: .wouldBlock), try !NonBlocking.isSet(descriptor) {
        throw IPCError(.sendto, .wouldBlock, on: .socketAddress(address))
      }
      return result
    }
  }

  /// Sends the bytes of an array or a string, like ``send(_:to:timeout:retryOnInterrupt:)-(RawSpan,_,_,_)``.
  @inlinable
  public func send(
    _ message: Span<UInt8>, to address: SocketAddress, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) {
    try send(unsafe message.bytes, to: address, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
  }

  /// Sends a datagram to an address without waiting.
  ///
  /// - Returns: Whether the datagram was sent; false if there is no room.
  public func trySend(_ message: RawSpan, to address: SocketAddress) throws(IPCError) -> Bool {
    try nilIfWouldBlock { () throws(IPCError) in try send(message, to: address, timeout: .immediate) } != nil
  }

  /// Sends the bytes of an array or a string without waiting, like ``trySend(_:to:)-(RawSpan,_)``.
  public func trySend(_ message: Span<UInt8>, to address: SocketAddress) throws(IPCError) -> Bool {
    try trySend(unsafe message.bytes, to: address)
  }

  /// Receives the next datagram, waiting for one if necessary.
  ///
  /// - Parameters:
  ///   - bytes: The buffer to append the datagram to. Bytes that do not fit are lost; see
  ///     ``ReceivedMessage/isTruncated``.
  ///   - peeking: Whether to leave the datagram in the receive queue.
  ///   - timeout: How long to wait for a datagram.
  ///   - retryOnInterrupt: Whether to continue after a signal handler interrupts the call; if false, the call throws
  ///     `.interrupted`.
  /// - Returns: The length of the datagram, which can be 0, and its sender.
  /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock`; `.connectionRefused` if no
  ///   socket received a datagram sent by this connected socket; `.interrupted` if `retryOnInterrupt` is false and a
  ///   signal handler ran.
  ///
  /// Calls `recvfrom(2)` with `MSG_TRUNC`.
  @inlinable @discardableResult
  public func receive(
    into bytes: inout OutputRawSpan, peeking: Bool = false, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> ReceivedMessage<SocketAddress> {
    if timeout == .never {
      let message = unsafe SocketTransfer.attemptReceive(into: &bytes) {
        unsafe Self.attemptReceive(descriptor, $0, $1, peeking: peeking)
      }
      if message.originalLength >= 0 { return message }
    }
    return try receiveSlowly(into: &bytes, peeking: peeking, timeout, retryOnInterrupt)
  }

  @usableFromInline
  static func attemptReceive(
    _ descriptor: FileDescriptor, _ start: UnsafeMutableRawPointer?, _ room: Int, peeking: Bool
  ) -> ReceivedMessage<SocketAddress> {
    var sender = cipc_internet_address()
    let count = unsafe cipc_internet_receive(
      descriptor.rawValue, start, room, SocketTransfer.messageFlags(peeking: peeking), &sender)
    return ReceivedMessage(returned: count, room: room, from: SocketAddress(sender))
  }

  /// Receives after a failed attempt or with a timeout.
  @usableFromInline @inline(never)
  func receiveSlowly(
    into bytes: inout OutputRawSpan, peeking: Bool, _ timeout: Timeout, _ retryOnInterrupt: Bool
  ) throws(IPCError) -> ReceivedMessage<SocketAddress> {
    var sender = cipc_internet_address()
    let packet = try unsafe SocketTransfer.receive(
      descriptor, into: &bytes, peeking: peeking, timeout, retryOnInterrupt
    ) {
      unsafe cipc_internet_receive(descriptor.rawValue, $0, $1, $2, &sender)
    }
    return ReceivedMessage(packet, from: SocketAddress(sender))
  }

  /// Receives the next datagram, and appends it to an array, which is reallocated only if its capacity is too small.
  ///
  /// Otherwise, this behaves like ``receive(into:peeking:timeout:retryOnInterrupt:)``.
  ///
  /// - Parameters:
  ///   - maxLength: The maximum number of bytes to append.
  ///   - bytes: The array to append the datagram to.
  ///   - peeking: Whether to leave the datagram in the receive queue.
  ///   - timeout: How long to wait for a datagram.
  ///   - retryOnInterrupt: Whether to continue after a signal handler interrupts the call; if false, the call throws
  ///     `.interrupted`.
  /// - Returns: The length of the datagram, which can be 0, and its sender.
  /// - Throws: Any error from ``receive(into:peeking:timeout:retryOnInterrupt:)``.
  @inlinable @discardableResult
  public func receive(
    maxLength: Int, appendingTo bytes: inout [UInt8], peeking: Bool = false, timeout: Timeout = .never,
    retryOnInterrupt: Bool = true
  ) throws(IPCError) -> ReceivedMessage<SocketAddress> {
    try bytes.append(maxLength: maxLength) { (span) throws(IPCError) in
      try receive(into: &span, peeking: peeking, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
    }
  }

  /// Receives the next datagram without waiting; returns nil if there is none.
  public func tryReceive(
    into bytes: inout OutputRawSpan, peeking: Bool = false
  ) throws(IPCError) -> ReceivedMessage<SocketAddress>? {
    try nilIfWouldBlock { () throws(IPCError) in try receive(into: &bytes, peeking: peeking, timeout: .immediate) }
  }

  /// Receives the next datagram without its sender's address, for connected sockets.
  ///
  /// Otherwise, this behaves like ``receive(into:peeking:timeout:retryOnInterrupt:)``. Calls `recv(2)` with
  /// `MSG_TRUNC`.
  @inlinable @discardableResult
  public func receiveWithoutAddress(
    into bytes: inout OutputRawSpan, peeking: Bool = false, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> ReceivedPacket {
    try SocketTransfer.packet(descriptor, into: &bytes, peeking: peeking, timeout, retryOnInterrupt)
  }

  /// Receives the next datagram without its sender's address, and appends it to an array, like
  /// ``receiveWithoutAddress(into:peeking:timeout:retryOnInterrupt:)``.
  @inlinable @discardableResult
  public func receiveWithoutAddress(
    maxLength: Int, appendingTo bytes: inout [UInt8], peeking: Bool = false, timeout: Timeout = .never,
    retryOnInterrupt: Bool = true
  ) throws(IPCError) -> ReceivedPacket {
    try bytes.append(maxLength: maxLength) { (span) throws(IPCError) in
      try receiveWithoutAddress(
        into: &span, peeking: peeking, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
    }
  }
}
