internal import CIPC
public import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Datagrams between processes on the same or on different machines.
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
/// A datagram arrives as a whole or not at all, and the sender is not notified if it is lost. Datagrams can arrive
/// twice, or in a different order.
///
/// `udp(7)`.
public enum UDP {
  static var type: Int32 { Int32(SOCK_DGRAM.rawValue) }

  /// A UDP socket, which is closed when it is destroyed.
  @frozen
  public struct Socket: ~Copyable, Sendable, InternetSocket, DescriptorOwner {
    @usableFromInline let owned: OwnedDescriptor
    /// The IP version of the socket, which was chosen when it was created.
    public let version: IPVersion

    package init(taking owned: consuming OwnedDescriptor, _ version: IPVersion) {
      self.owned = owned
      self.version = version
    }

    /// Creates a socket that is not bound or connected.
    ///
    /// - Throws: ``IPCError`` with `.tooManyOpenFiles`; `.addressFamilyNotSupported` if the machine has no IPv6.
    ///
    /// Calls `socket(2)`.
    public init(_ version: IPVersion) throws(IPCError) {
      self.init(taking: try .opening(family: version.family, type: UDP.type), version)
    }

    /// Creates a socket, and binds it.
    ///
    /// - Throws: The errors of ``InternetSocket/bind(to:)``.
    ///
    /// Calls `socket(2)` and `bind(2)`.
    public init(at address: SocketAddress) throws(IPCError) {
      let socket = try Socket(address.address.version)
      try socket.bind(to: address)
      self.init(taking: socket.takeDescriptor(), address.address.version)
    }

    /// Takes ownership of a socket that this process inherited or received, and makes it close-on-exec.
    ///
    /// If it throws, the previous owner keeps the descriptor.
    ///
    /// - Throws: ``IPCError`` with `.notSocket`, `.addressFamilyNotSupported` or `.protocolWrongTypeForSocket` if it is
    ///   not a UDP socket.
    public init(adopting descriptor: FileDescriptor) throws(IPCError) {
      let owned = try OwnedDescriptor.adoptingSocket(descriptor, families: [AF_INET, AF_INET6], type: UDP.type)
      self.init(taking: owned, try IPVersion(of: descriptor))
    }

    /// The open descriptor, which this value owns and closes.
    @inlinable public var descriptor: FileDescriptor { owned.descriptor }
    /// Passes the descriptor on to a new owner.
    public consuming func takeDescriptor() -> OwnedDescriptor { owned }
  }
}

extension UDP.Socket {
  /// The length of the next datagram in bytes; 0 if there is none, or if it is empty.
  ///
  /// Calls `ioctl(2)` with `FIONREAD`.
  public var bytesAvailable: Int { get throws(IPCError) { try countBytesAvailable() } }

  /// The number of datagrams that were dropped because the receive buffer was full; other losses are not counted.
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

  /// Restricts the socket to one peer: it sends to the peer's address, and receives only from this address.
  ///
  /// Datagrams that have already arrived stay. The peer is not contacted: if no socket has the address, a later call
  /// fails with `.connectionRefused`.
  ///
  /// - Throws: ``IPCError`` with `.networkUnreachable`; `.permissionDenied` for a broadcast address.
  ///
  /// Calls `connect(2)`.
  public func connect(to address: SocketAddress) throws(IPCError) {
    var raw = address.raw
    try Syscall.call(.connect, on: .socketAddress(address)) { unsafe cipc_connect(descriptor.rawValue, &raw) }
  }

  /// Ends the association that ``connect(to:)`` made: the socket again receives from every sender.
  ///
  /// Calls `connect(2)` with `AF_UNSPEC`.
  public func disconnect() throws(IPCError) {
    try Syscall.call(.connect, on: .descriptor(descriptor)) { cipc_disconnect(descriptor.rawValue) }
  }

  /// Sends a datagram to the address that this socket is connected to, and waits for room.
  ///
  /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock`; `.messageTooLong` for more
  ///   than 65507 bytes (IPv6: 65527); `.addressRequired` if it is not connected; `.connectionRefused` if no socket
  ///   received an earlier datagram; `.interrupted` if `retryOnInterrupt` is false and a signal handler ran. After an
  /// error, nothing was sent.
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

  /// Sends a datagram to the address that this socket is connected to, without waiting.
  ///
  /// - Returns: Whether it was sent; false if there is no room.
  public func trySend(_ message: RawSpan) throws(IPCError) -> Bool {
    try nilIfWouldBlock { () throws(IPCError) in try send(message, timeout: .immediate) } != nil
  }

  /// Sends the bytes of an array or a string without waiting, like ``trySend(_:)-(RawSpan)``.
  public func trySend(_ message: Span<UInt8>) throws(IPCError) -> Bool { try trySend(unsafe message.bytes) }

  /// Adds bytes to a datagram, which is sent with the bytes of the next ``send(_:timeout:retryOnInterrupt:)-(RawSpan,_,_)``.
  ///
  /// - Throws: The errors of ``send(_:timeout:retryOnInterrupt:)-(RawSpan,_,_)``.
  ///
  /// Calls `send(2)` with `MSG_MORE`.
  public func sendLater(_ part: RawSpan, retryOnInterrupt: Bool = true) throws(IPCError) {
    _ = try SocketTransfer.wait(.send, descriptor, .writable, Int32(CIPC_MSG_MORE), .never, retryOnInterrupt) { flags in
      unsafe part.withUnsafeBytes {
        unsafe cipc_socket_write(descriptor.rawValue, $0.baseAddress, $0.count, flags)
      }
    }
  }

  /// Sends a datagram to an address, and waits for room.
  ///
  /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock`; `.messageTooLong`;
  ///   `.networkUnreachable`; `.permissionDenied` for a broadcast address without ``setBroadcast(_:)``; `.interrupted`
  ///   if `retryOnInterrupt` is false and a signal handler ran. It is not an error if no socket received the datagram.
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
  /// - Returns: The result of the call; -1 if it failed, with the reason in `errno`.
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

  /// Sends after a failed attempt, or with a timeout.
  @usableFromInline @inline(never)
  func sendSlowly(
    _ message: RawSpan, to address: SocketAddress, _ timeout: Timeout, _ retryOnInterrupt: Bool
  ) throws(IPCError) {
    if timeout.isNever {
      let reason = Syscall.lastError
      guard reason == .wouldBlock || reason == .interrupted && retryOnInterrupt else {
        throw IPCError(.sendto, reason, on: .socketAddress(address))
      }
    }
    let flags = timeout.isNever ? 0 : Int32(MSG_DONTWAIT)
    _ = try Syscall.untilReady(
      .sendto, descriptor, .writable, timeout, on: .socketAddress(address), retryOnInterrupt: retryOnInterrupt
    ) {
      Syscall.result(retryOnInterrupt: retryOnInterrupt) {
        Self.call(descriptor, message, to: address, flags: flags)
      }
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
  /// - Returns: Whether it was sent; false if there is no room.
  public func trySend(_ message: RawSpan, to address: SocketAddress) throws(IPCError) -> Bool {
    try nilIfWouldBlock { () throws(IPCError) in try send(message, to: address, timeout: .immediate) } != nil
  }

  /// Sends the bytes of an array or a string without waiting, like ``trySend(_:to:)-(RawSpan,_)``.
  public func trySend(_ message: Span<UInt8>, to address: SocketAddress) throws(IPCError) -> Bool {
    try trySend(unsafe message.bytes, to: address)
  }

  /// Receives the next datagram, or waits for one if there is none.
  ///
  /// - Parameters:
  ///   - bytes: The buffer that the datagram is appended to. Bytes that do not fit are lost:
  ///     ``ReceivedMessage/isTruncated``.
  ///   - peeking: Whether the datagram stays in the socket.
  ///   - timeout: How long to wait for a datagram.
  ///   - retryOnInterrupt: Whether the call continues after a signal handler ran; if not, it throws `.interrupted`.
  /// - Returns: The length of the datagram, which can be 0, and its sender.
  /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock`; `.connectionRefused` if no
  ///   socket received a datagram that this connected socket sent; `.interrupted` if `retryOnInterrupt` is false and a
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

  /// Receives after a failed attempt, or with a timeout.
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
  /// Otherwise it behaves like ``receive(into:peeking:timeout:retryOnInterrupt:)``.
  ///
  /// - Parameters:
  ///   - maxLength: The number of bytes to make room for.
  ///   - bytes: The array that the datagram is appended to.
  ///   - peeking: Whether the datagram stays in the socket.
  ///   - timeout: How long to wait for a datagram.
  ///   - retryOnInterrupt: Whether the call continues after a signal handler ran; if not, it throws `.interrupted`.
  /// - Returns: The length of the datagram, which can be 0, and its sender.
  /// - Throws: The errors of ``receive(into:peeking:timeout:retryOnInterrupt:)``.
  @inlinable @discardableResult
  public func receive(
    maxLength: Int, appendingTo bytes: inout [UInt8], peeking: Bool = false, timeout: Timeout = .never,
    retryOnInterrupt: Bool = true
  ) throws(IPCError) -> ReceivedMessage<SocketAddress> {
    try bytes.append(maxLength: maxLength) { (span) throws(IPCError) in
      try receive(into: &span, peeking: peeking, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
    }
  }

  /// Receives the next datagram without waiting; nil if there is none.
  public func tryReceive(
    into bytes: inout OutputRawSpan, peeking: Bool = false
  ) throws(IPCError) -> ReceivedMessage<SocketAddress>? {
    try nilIfWouldBlock { () throws(IPCError) in try receive(into: &bytes, peeking: peeking, timeout: .immediate) }
  }

  /// Receives the next datagram without its sender's address, which a connected socket does not need.
  ///
  /// Otherwise it behaves like ``receive(into:peeking:timeout:retryOnInterrupt:)``. Calls `recv(2)` with `MSG_TRUNC`.
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
