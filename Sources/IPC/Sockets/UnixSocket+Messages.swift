internal import CIPC
public import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

extension UnixSocket.Socket where Style: UnixSocket.MessageStyle {
  /// The length of the next datagram, or the total length of all sequenced packets, in bytes; 0 if there are none or
  /// they are empty.
  ///
  /// Calls `ioctl(2)` with `FIONREAD`.
  public var bytesAvailable: Int { get throws(IPCError) { try countBytesAvailable() } }

  /// Sends a message to the connected peer, waiting for room if necessary.
  ///
  /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock`; `.brokenPipe` if the
  ///   connection is closed (`SIGPIPE` is not raised); `.connectionRefused` if the receiving datagram socket is closed;
  ///   `.messageTooLong` if the message does not fit in the send buffer; `.socketNotConnected`; `.interrupted` if
  ///   `retryOnInterrupt` is false and a signal handler ran. On error, nothing is sent.
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

  /// Sends a message without waiting.
  ///
  /// - Returns: Whether the message was sent; false if there is no room.
  public func trySend(_ message: RawSpan) throws(IPCError) -> Bool {
    try nilIfWouldBlock { () throws(IPCError) in try send(message, timeout: .immediate) } != nil
  }

  /// Sends the bytes of an array or a string without waiting, like ``trySend(_:)-(RawSpan)``.
  public func trySend(_ message: Span<UInt8>) throws(IPCError) -> Bool { try trySend(unsafe message.bytes) }
}

extension UnixSocket.Socket where Style == UnixSocket.SequencedPacketStyle {
  /// Receives the next packet, waiting for one if necessary.
  ///
  /// - Parameters:
  ///   - bytes: The buffer to append the packet to. Bytes that do not fit are lost; see ``ReceivedPacket/isTruncated``.
  ///   - peeking: Whether to leave the packet in the receive queue.
  ///   - timeout: How long to wait for a packet.
  ///   - retryOnInterrupt: Whether to continue after a signal handler interrupts the call; if false, the call throws
  ///     `.interrupted`.
  /// - Returns: The length of the packet; nil at end of stream. `recv(2)` reports an empty packet in the same way, so
  ///   do not send empty packets.
  /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock`; `.connectionReset` if the
  ///   peer closed its socket with unread data; `.interrupted` if `retryOnInterrupt` is false and a signal handler ran.
  ///
  /// Calls `recv(2)` with `MSG_TRUNC`.
  @inlinable
  public func receive(
    into bytes: inout OutputRawSpan, peeking: Bool = false, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> ReceivedPacket? {
    let packet = try SocketTransfer.packet(descriptor, into: &bytes, peeking: peeking, timeout, retryOnInterrupt)
    return packet.originalLength == 0 ? nil : packet
  }

  /// Receives the next packet, and appends it to an array, which is reallocated only if its capacity is too small.
  ///
  /// Otherwise, this behaves like ``receive(into:peeking:timeout:retryOnInterrupt:)->ReceivedPacket?``.
  ///
  /// - Parameters:
  ///   - maxLength: The maximum number of bytes to append.
  ///   - bytes: The array to append the packet to.
  ///   - peeking: Whether to leave the packet in the receive queue.
  ///   - timeout: How long to wait for a packet.
  ///   - retryOnInterrupt: Whether to continue after a signal handler interrupts the call; if false, the call throws
  ///     `.interrupted`.
  /// - Returns: The length of the packet; nil at end of stream. `recv(2)` reports an empty packet in the same way, so
  ///   do not send empty packets.
  /// - Throws: Any error from ``receive(into:peeking:timeout:retryOnInterrupt:)->ReceivedPacket?``.
  @inlinable
  public func receive(
    maxLength: Int, appendingTo bytes: inout [UInt8], peeking: Bool = false, timeout: Timeout = .never,
    retryOnInterrupt: Bool = true
  ) throws(IPCError) -> ReceivedPacket? {
    try bytes.append(maxLength: maxLength) { (span) throws(IPCError) in
      try receive(into: &span, peeking: peeking, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
    }
  }

  /// Receives the next packet without waiting.
  public func tryReceive(
    into bytes: inout OutputRawSpan, peeking: Bool = false
  ) throws(IPCError) -> TryResult<ReceivedPacket> {
    do throws(IPCError) {
      return try receive(into: &bytes, peeking: peeking, timeout: .immediate).map(TryResult.ready) ?? .endOfStream
    } catch  where error.errno == .wouldBlock {
      return .wouldBlock
    }
  }
}

extension UnixSocket.Socket where Style == UnixSocket.DatagramStyle {
  /// Undoes ``UnixSocket/Socket/connect(to:timeout:retryOnInterrupt:)``, so that the socket again receives datagrams
  /// from all senders.
  ///
  /// Calls `connect(2)` with `AF_UNSPEC`.
  public func disconnect() throws(IPCError) {
    try Syscall.call(.connect, on: .descriptor(descriptor)) { cipc_disconnect(descriptor.rawValue) }
  }
}

extension UnixSocket.Socket where Style == UnixSocket.DatagramStyle {
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
  /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock`; `.interrupted` if
  ///   `retryOnInterrupt` is false and a signal handler ran.
  ///
  /// Calls `recvfrom(2)` with `MSG_TRUNC`.
  @inlinable @discardableResult
  public func receive(
    into bytes: inout OutputRawSpan, peeking: Bool = false, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> ReceivedMessage<UnixSocket.Address> {
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
  ) -> ReceivedMessage<UnixSocket.Address> {
    var sender = cipc_address()
    let count = unsafe cipc_receive_from(
      descriptor.rawValue, start, room, SocketTransfer.messageFlags(peeking: peeking), &sender)
    return ReceivedMessage(returned: count, room: room, from: UnixSocket.Address(sender))
  }

  /// Receives after a failed attempt or with a timeout.
  @usableFromInline @inline(never)
  func receiveSlowly(
    into bytes: inout OutputRawSpan, peeking: Bool, _ timeout: Timeout, _ retryOnInterrupt: Bool
  ) throws(IPCError) -> ReceivedMessage<UnixSocket.Address> {
    var sender = cipc_address()
    let packet = try unsafe SocketTransfer.receive(
      descriptor, into: &bytes, peeking: peeking, timeout, retryOnInterrupt
    ) {
      unsafe cipc_receive_from(descriptor.rawValue, $0, $1, $2, &sender)
    }
    return ReceivedMessage(packet, from: UnixSocket.Address(sender))
  }

  /// Receives the next datagram, and appends it to an array, which is reallocated only if its capacity is too small.
  ///
  /// Otherwise, this behaves like
  /// ``receive(into:peeking:timeout:retryOnInterrupt:)->ReceivedMessage<UnixSocket.Address>``.
  ///
  /// - Parameters:
  ///   - maxLength: The maximum number of bytes to append.
  ///   - bytes: The array to append the datagram to.
  ///   - peeking: Whether to leave the datagram in the receive queue.
  ///   - timeout: How long to wait for a datagram.
  ///   - retryOnInterrupt: Whether to continue after a signal handler interrupts the call; if false, the call throws
  ///     `.interrupted`.
  /// - Returns: The length of the datagram, which can be 0, and its sender.
  /// - Throws: Any error from ``receive(into:peeking:timeout:retryOnInterrupt:)->ReceivedMessage<UnixSocket.Address>``.
  @inlinable @discardableResult
  public func receive(
    maxLength: Int, appendingTo bytes: inout [UInt8], peeking: Bool = false, timeout: Timeout = .never,
    retryOnInterrupt: Bool = true
  ) throws(IPCError) -> ReceivedMessage<UnixSocket.Address> {
    try bytes.append(maxLength: maxLength) { (span) throws(IPCError) in
      try receive(into: &span, peeking: peeking, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
    }
  }

  /// Receives the next datagram without waiting; returns nil if there is none.
  public func tryReceive(
    into bytes: inout OutputRawSpan, peeking: Bool = false
  ) throws(IPCError) -> ReceivedMessage<UnixSocket.Address>? {
    try nilIfWouldBlock { () throws(IPCError) in try receive(into: &bytes, peeking: peeking, timeout: .immediate) }
  }

  /// Receives the next datagram without its sender's address, which is faster.
  ///
  /// Otherwise, this behaves like
  /// ``receive(into:peeking:timeout:retryOnInterrupt:)->ReceivedMessage<UnixSocket.Address>``.
  ///
  /// Calls `recv(2)` with `MSG_TRUNC`.
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

  /// Sends a datagram to an address, waiting for room in the receiver's queue if necessary.
  ///
  /// - Parameters:
  ///   - message: The bytes of the datagram; may be empty.
  ///   - address: The receiver's path or abstract name.
  ///   - timeout: How long to wait. `poll(2)` reports room only in a connected receiver's queue, so with a deadline or
  ///     on a nonblocking socket, the method retries after pauses of 0.1 to 10 ms.
  ///   - retryOnInterrupt: Whether to continue after a signal handler interrupts the call; if false, the call throws
  ///     `.interrupted`.
  /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock`; `.connectionRefused` or
  ///   `.noSuchFileOrDirectory` if there is no receiver; `.permissionDenied`; `.messageTooLong`; `.interrupted` if
  ///   `retryOnInterrupt` is false and a signal handler ran. On error, nothing is sent.
  ///
  /// Calls `sendto(2)`.
  @inlinable
  public func send(
    _ message: RawSpan, to address: UnixSocket.Address, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) {
    if timeout == .never && Self.attemptSend(descriptor, message, to: address) >= 0 { return }
    try sendSlowly(message, to: address, timeout, retryOnInterrupt)
  }

  /// Makes one blocking call.
  ///
  /// - Returns: The result of the call; -1 on failure, with the reason in `errno`.
  @usableFromInline
  static func attemptSend(_ descriptor: FileDescriptor, _ message: RawSpan, to address: UnixSocket.Address) -> Int {
    call(descriptor, message, to: address, flags: 0)
  }

  @inline(__always)
  private static func call(
    _ descriptor: FileDescriptor, _ message: RawSpan, to address: UnixSocket.Address, flags: Int32
  ) -> Int {
    unsafe withUnsafePointer(to: address.raw) { raw in
      unsafe message.withUnsafeBytes {
        unsafe cipc_send_to(descriptor.rawValue, $0.baseAddress, $0.count, flags, raw)
      }
    }
  }

  /// Sends after a failed attempt or with a timeout.
  @usableFromInline @inline(never)
  func sendSlowly(
    _ message: RawSpan, to address: UnixSocket.Address, _ timeout: Timeout, _ retryOnInterrupt: Bool
  ) throws(IPCError) {
    let flags = timeout.isNever ? 0 : Int32(MSG_DONTWAIT)
    var backoff = Backoff()
    var reason = timeout.isNever ? Syscall.lastError : nil
    while true {
      switch reason {
      case nil: break
      case .interrupted? where retryOnInterrupt: break
      case .wouldBlock?:
        // The socket's time limit has expired, unless its open file description is nonblocking.
        if timeout.isNever, try !NonBlocking.isSet(descriptor) {
          throw IPCError(.sendto, .wouldBlock, on: .unixAddress(address))
        }
        guard try backoff.sleep(before: timeout, retryOnInterrupt: retryOnInterrupt) else {
          throw IPCError(.sendto, timeout.expirationError, on: .unixAddress(address))
        }
      case let reason?: throw IPCError(.sendto, reason, on: .unixAddress(address))
      }
      if Self.call(descriptor, message, to: address, flags: flags) >= 0 { return }
      reason = Syscall.lastError
    }
  }

  /// Sends the bytes of an array or a string, like ``send(_:to:timeout:retryOnInterrupt:)-(RawSpan,_,_,_)``.
  @inlinable
  public func send(
    _ message: Span<UInt8>, to address: UnixSocket.Address, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) {
    try send(unsafe message.bytes, to: address, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
  }

  /// Sends a datagram to an address without waiting.
  ///
  /// - Returns: Whether the datagram was sent; false if the receiver has no room.
  public func trySend(_ message: RawSpan, to address: UnixSocket.Address) throws(IPCError) -> Bool {
    try nilIfWouldBlock { () throws(IPCError) in try send(message, to: address, timeout: .immediate) } != nil
  }

  /// Sends the bytes of an array or a string without waiting, like ``trySend(_:to:)-(RawSpan,_)``.
  public func trySend(_ message: Span<UInt8>, to address: UnixSocket.Address) throws(IPCError) -> Bool {
    try trySend(unsafe message.bytes, to: address)
  }
}
