public import IPC
public import SystemPackage

extension UnixSocket.Socket {
  /// Connects a socket to a listener, or sets the receiver for a datagram socket.
  ///
  /// - Parameters:
  ///   - address: The listener's or receiver's path or abstract name.
  ///   - timeout: How long to wait. The kernel does not report room in a listener's queue, so the method retries after
  ///     pauses of 0.1 to 10 ms, without blocking a thread.
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock` if the listener's queue is full;
  ///   `.connectionRefused`, `.noSuchFileOrDirectory`, `.permissionDenied`, `.protocolWrongTypeForSocket`,
  ///   `.socketIsConnected`; `CancellationError`, in which case the socket is not connected.
  ///
  /// Calls `connect(2)`.
  public func connect(to address: UnixSocket.Address, timeout: Timeout = .never) async throws {
    try await repeatedly(timeout) { () throws(IPCError) in try connect(to: address, timeout: .immediate) }
  }

  /// Receives a message or stream bytes with the ancillary data, and appends the bytes to an array.
  ///
  /// - Parameters:
  ///   - maxLength: The maximum number of bytes to append.
  ///   - bytes: The array to append the bytes to.
  ///   - ancillary: The received descriptors and credentials. Descriptors that were not taken from an earlier message
  ///     are closed.
  ///   - timeout: How long to wait for a message.
  /// - Returns: The received message; nil at end of stream, but never for datagrams.
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `.connectionReset`;
  ///   `CancellationError`, in which case no descriptor is lost.
  ///
  /// Calls `recvmsg(2)` with `MSG_CMSG_CLOEXEC`.
  public func receive(
    maxLength: Int, appendingTo bytes: inout [UInt8], ancillary: inout AncillaryData, timeout: Timeout = .never
  ) async throws -> ReceivedMessage<UnixSocket.Address>? {
    try await untilReady(descriptor, .readable, timeout) { () throws(IPCError) in
      try receive(maxLength: maxLength, appendingTo: &bytes, ancillary: &ancillary, timeout: .immediate)
    }
  }
}

extension UnixSocket.Socket where Style: UnixSocket.MessageStyle {
  /// Sends a message to the connected peer, waiting for room if necessary.
  ///
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `.brokenPipe` if the connection is
  ///   closed; `.connectionRefused` if the receiving datagram socket is closed; `.messageTooLong`,
  ///   `.socketNotConnected`; `CancellationError`. On error, nothing is sent.
  ///
  /// Calls `send(2)`.
  public func send(_ message: RawSpan, timeout: Timeout = .never) async throws {
    try await untilReady(descriptor, .writable, timeout) { () throws(IPCError) in
      try send(message, timeout: .immediate)
    }
  }

  /// Sends the bytes of an array or a string, like ``send(_:timeout:)-(RawSpan,_)``.
  public func send(_ message: Span<UInt8>, timeout: Timeout = .never) async throws {
    try await send(unsafe message.bytes, timeout: timeout)
  }

  /// Sends a message together with duplicates of descriptors.
  ///
  /// - Parameters:
  ///   - message: The bytes of the message.
  ///   - descriptors: The descriptors to duplicate, at most `AncillaryData.maximumDescriptorCount`.
  ///   - credentials: The credentials that the receiver sees; nil for this process's credentials.
  ///   - timeout: How long to wait for room.
  /// - Throws: Any error from ``send(_:timeout:)-(RawSpan,_)``; `.invalidArgument` if there are too many descriptors;
  ///   `.notPermitted` if the credentials require privileges; `.tooManyReferences` if too many descriptors are in
  ///   transit.
  ///
  /// Calls `sendmsg(2)` with `SCM_RIGHTS` and `SCM_CREDENTIALS`.
  public func send(
    _ message: RawSpan, descriptors: Span<FileDescriptor>, credentials: UnixSocket.Credentials? = nil,
    timeout: Timeout = .never
  ) async throws {
    try await untilReady(descriptor, .writable, timeout) { () throws(IPCError) in
      try send(message, descriptors: descriptors, credentials: credentials, timeout: .immediate)
    }
  }
}

extension UnixSocket.Socket where Style == UnixSocket.StreamStyle {
  /// Sends a duplicate of a value's descriptor, such as one end of a pipe, together with a single zero byte.
  ///
  /// The value stays open in this process.
  ///
  /// - Throws: Any error from ``WritableDescriptor/write(_:timeout:)-(RawSpan,_)``; `.tooManyReferences` if too many
  ///   descriptors are in transit. On error, nothing is sent.
  ///
  /// Calls `sendmsg(2)` with `SCM_RIGHTS`.
  public func send(
    _ owner: borrowing some DescriptorRepresentable & ~Copyable, timeout: Timeout = .never
  ) async throws {
    let sent = owner.descriptor
    try await untilReady(descriptor, .writable, timeout) { () throws(IPCError) in
      try send(sent, timeout: .immediate)
    }
  }

  /// Receives one descriptor, and discards the bytes that were sent with it.
  ///
  /// - Parameters:
  ///   - payloadLength: The number of bytes that the sender sends with the descriptor, 1 to 32768. The sender must send
  ///     them in one call. Any further bytes stay in the stream.
  ///   - timeout: How long to wait for the descriptor.
  /// - Returns: The descriptor, which is close-on-exec.
  /// - Throws: `IPCError` with `.noData` if the peer sent bytes without a descriptor, or closed the connection;
  ///   `.messageTooLong` if the peer sent several descriptors, all of which are closed; `.timedOut` or, for
  ///   `.immediate`, `.wouldBlock`; `CancellationError`, in which case no descriptor is lost.
  ///
  /// Calls `recvmsg(2)` with `MSG_CMSG_CLOEXEC`.
  public func receiveDescriptor(
    payloadLength: Int = 1, timeout: Timeout = .never
  ) async throws -> OwnedDescriptor {
    try await untilReady(descriptor, .readable, timeout) { () throws(IPCError) in
      try receiveDescriptor(payloadLength: payloadLength, timeout: .immediate)
    }
  }
}

extension UnixSocket.Socket where Style == UnixSocket.SequencedPacketStyle {
  /// Receives the next packet, waiting for one if necessary.
  ///
  /// - Parameters:
  ///   - bytes: The buffer to append the packet to. Bytes that do not fit are lost; see `isTruncated`.
  ///   - peeking: Whether to leave the packet in the receive queue.
  ///   - timeout: How long to wait for a packet.
  /// - Returns: The length of the packet; nil at end of stream.
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `.connectionReset`;
  ///   `CancellationError`, in which case no packet is lost.
  ///
  /// Calls `recv(2)` with `MSG_TRUNC`.
  public func receive(
    into bytes: inout OutputRawSpan, peeking: Bool = false, timeout: Timeout = .never
  ) async throws -> ReceivedPacket? {
    try await untilReady(descriptor, .readable, timeout) { () throws(IPCError) in
      try receive(into: &bytes, peeking: peeking, timeout: .immediate)
    }
  }

  /// Receives the next packet, up to `maxLength` bytes, and appends it to an array.
  ///
  /// Otherwise, this behaves like ``receive(into:peeking:timeout:)->ReceivedPacket?``.
  public func receive(
    maxLength: Int, appendingTo bytes: inout [UInt8], peeking: Bool = false, timeout: Timeout = .never
  ) async throws -> ReceivedPacket? {
    try await untilReady(descriptor, .readable, timeout) { () throws(IPCError) in
      try receive(maxLength: maxLength, appendingTo: &bytes, peeking: peeking, timeout: .immediate)
    }
  }

  /// Returns a sequence of the packets that arrive, until end of stream.
  ///
  /// A packet longer than `maxLength` bytes ends the sequence with a `.messageTooLong` error.
  public consuming func messages(maxLength: Int = 65_536) -> AsyncHandleSequence<[UInt8]> {
    let box = HandleBox(self)
    return AsyncHandleSequence {
      box.bytes.removeAll(keepingCapacity: true)
      guard let packet = try await box.handle.receive(maxLength: maxLength, appendingTo: &box.bytes) else { return nil }
      if packet.isTruncated { throw IPCError(.recv, .messageTooLong, on: .socket(box.handle.descriptor)) }
      return box.bytes.trimmed
    }
  }
}

extension UnixSocket.Socket where Style == UnixSocket.DatagramStyle {
  /// Sends a datagram to an address, waiting for room in the receiver's queue if necessary.
  ///
  /// - Parameters:
  ///   - message: The bytes of the datagram; may be empty.
  ///   - address: The receiver's path or abstract name.
  ///   - timeout: How long to wait. The kernel reports room only for a connected receiver, so the method retries after
  ///     pauses of 0.1 to 10 ms, without blocking a thread.
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `.connectionRefused` or
  ///   `.noSuchFileOrDirectory` if there is no receiver; `.permissionDenied`; `.messageTooLong`; `CancellationError`.
  ///   On error, nothing is sent.
  ///
  /// Calls `sendto(2)`.
  public func send(
    _ message: RawSpan, to address: UnixSocket.Address, timeout: Timeout = .never
  ) async throws {
    try await repeatedly(timeout) { () throws(IPCError) in try send(message, to: address, timeout: .immediate) }
  }

  /// Sends the bytes of an array or a string, like ``send(_:to:timeout:)-(RawSpan,_,_)``.
  public func send(
    _ message: Span<UInt8>, to address: UnixSocket.Address, timeout: Timeout = .never
  ) async throws {
    try await send(unsafe message.bytes, to: address, timeout: timeout)
  }

  /// Receives the next datagram, waiting for one if necessary.
  ///
  /// - Parameters:
  ///   - bytes: The buffer to append the datagram to. Bytes that do not fit are lost; see `isTruncated`.
  ///   - peeking: Whether to leave the datagram in the receive queue.
  ///   - timeout: How long to wait for a datagram.
  /// - Returns: The length of the datagram, which can be 0, and its sender.
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `CancellationError`, in which case no
  ///   datagram is lost.
  ///
  /// Calls `recvfrom(2)` with `MSG_TRUNC`.
  @discardableResult
  public func receive(
    into bytes: inout OutputRawSpan, peeking: Bool = false, timeout: Timeout = .never
  ) async throws -> ReceivedMessage<UnixSocket.Address> {
    try await untilReady(descriptor, .readable, timeout) { () throws(IPCError) in
      try receive(into: &bytes, peeking: peeking, timeout: .immediate)
    }
  }

  /// Receives the next datagram, up to `maxLength` bytes, and appends it to an array.
  ///
  /// Otherwise, this behaves like ``receive(into:peeking:timeout:)->ReceivedMessage<UnixSocket.Address>``.
  @discardableResult
  public func receive(
    maxLength: Int, appendingTo bytes: inout [UInt8], peeking: Bool = false, timeout: Timeout = .never
  ) async throws -> ReceivedMessage<UnixSocket.Address> {
    try await untilReady(descriptor, .readable, timeout) { () throws(IPCError) in
      try receive(maxLength: maxLength, appendingTo: &bytes, peeking: peeking, timeout: .immediate)
    }
  }

  /// Returns a sequence of the datagrams that arrive; a datagram longer than `maxLength` bytes is truncated, and its
  /// `isTruncated` is true.
  public consuming func messages(maxLength: Int = 65_536) -> AsyncHandleSequence<Datagram<UnixSocket.Address>> {
    let box = HandleBox(self)
    return AsyncHandleSequence {
      box.bytes.removeAll(keepingCapacity: true)
      let message = try await box.handle.receive(maxLength: maxLength, appendingTo: &box.bytes)
      return Datagram(bytes: box.bytes.trimmed, sender: message.sender, isTruncated: message.isTruncated)
    }
  }
}

/// A datagram and its sender, as a sequence element.
public struct Datagram<Address: Sendable & Hashable>: Hashable, Sendable {
  /// The bytes of the datagram; may be empty.
  public let bytes: [UInt8]
  /// The address to reply to.
  public let sender: Address
  /// Whether the datagram exceeded the sequence's maximum length.
  public let isTruncated: Bool
}
