public import IPC
public import SystemPackage

extension UnixSocket.Socket {
  /// Connects a socket to a listener, or a datagram socket to the receiver of its later datagrams.
  ///
  /// - Parameters:
  ///   - address: The path or abstract name of the listener or receiver.
  ///   - timeout: How long to wait. The kernel does not report room in the queue of a listener, so the function retries
  ///     after pauses of 0.1 to 10 ms, during which no thread is waiting.
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock` if the listener's queue is full;
  ///   `.connectionRefused`, `.noSuchFileOrDirectory`, `.permissionDenied`, `.protocolWrongTypeForSocket`,
  ///   `.socketIsConnected`; `CancellationError`, after which the socket is not connected.
  ///
  /// Calls `connect(2)`.
  public func connect(to address: UnixSocket.Address, timeout: Timeout = .never) async throws {
    try await repeatedly(timeout) { () throws(IPCError) in try connect(to: address, timeout: .immediate) }
  }

  /// Receives a message, or bytes of a stream, and the ancillary data, and appends the bytes to an array.
  ///
  /// - Parameters:
  ///   - maxLength: The number of bytes to make room for.
  ///   - bytes: The array that the bytes are appended to.
  ///   - ancillary: The received descriptors and credentials. Previous descriptors in it are closed.
  ///   - timeout: How long to wait for a message.
  /// - Returns: nil at end of stream; never for datagrams.
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `.connectionReset`; `CancellationError`,
  ///   after which no descriptor is lost.
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
  /// Sends a message to the socket that this one is connected to, and waits for room.
  ///
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `.brokenPipe` if the connection is closed;
  ///   `.connectionRefused` if the receiver of datagrams is closed; `.messageTooLong`, `.socketNotConnected`;
  ///   `CancellationError`. After an error, nothing was sent.
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

  /// Sends a message, together with duplicates of descriptors.
  ///
  /// - Parameters:
  ///   - message: The bytes of the message.
  ///   - descriptors: The descriptors to duplicate, at most `AncillaryData.maximumDescriptorCount`.
  ///   - credentials: The credentials that the receiver sees; those of this process if nil.
  ///   - timeout: How long to wait for room.
  /// - Throws: The errors of ``send(_:timeout:)-(RawSpan,_)``; `.invalidArgument` for too many descriptors;
  ///   `.notPermitted` for the credentials of others; `.tooManyReferences` if too many descriptors are in transit.
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
  /// Sends a duplicate of the descriptor of a value, such as an end of a pipe, with a byte of 0 that carries it.
  ///
  /// The value stays open here.
  ///
  /// - Throws: The errors of ``WritableDescriptor/write(_:timeout:)-(RawSpan,_)``; `.tooManyReferences` if too many
  ///   descriptors are in transit. After an error, nothing was sent.
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

  /// Receives one descriptor, and discards the bytes that carry it.
  ///
  /// - Parameters:
  ///   - payloadLength: The number of bytes that the sender sends with the descriptor. Further bytes stay in the
  ///     stream.
  ///   - timeout: How long to wait for the descriptor.
  /// - Returns: The descriptor, which is close-on-exec.
  /// - Throws: `IPCError` with `.noData` if the peer sent bytes without a descriptor, or closed the connection;
  ///   `.messageTooLong` if it sent more than one, which are closed; `.timedOut` or, for `.immediate`, `.wouldBlock`;
  ///   `CancellationError`, after which no descriptor is lost.
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
  /// Receives the next packet, or waits for one if there is none.
  ///
  /// - Parameters:
  ///   - bytes: The buffer that the packet is appended to. Bytes that do not fit are lost: `isTruncated`.
  ///   - peeking: Whether the packet stays in the socket.
  ///   - timeout: How long to wait for a packet.
  /// - Returns: The length of the packet; nil at end of stream.
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `.connectionReset`; `CancellationError`,
  ///   after which no packet is lost.
  ///
  /// Calls `recv(2)` with `MSG_TRUNC`.
  public func receive(
    into bytes: inout OutputRawSpan, peeking: Bool = false, timeout: Timeout = .never
  ) async throws -> ReceivedPacket? {
    try await untilReady(descriptor, .readable, timeout) { () throws(IPCError) in
      try receive(into: &bytes, peeking: peeking, timeout: .immediate)
    }
  }

  /// Receives the next packet of up to `maxLength` bytes, and appends it to an array.
  ///
  /// Otherwise it behaves like ``receive(into:peeking:timeout:)->ReceivedPacket?``.
  public func receive(
    maxLength: Int, appendingTo bytes: inout [UInt8], peeking: Bool = false, timeout: Timeout = .never
  ) async throws -> ReceivedPacket? {
    try await untilReady(descriptor, .readable, timeout) { () throws(IPCError) in
      try receive(maxLength: maxLength, appendingTo: &bytes, peeking: peeking, timeout: .immediate)
    }
  }

  /// Returns the packets that arrive, until the end of the stream.
  ///
  /// A packet of more than `maxLength` bytes ends the sequence with an `IPCError` with `.messageTooLong`.
  public consuming func messages(maxLength: Int = 65_536) -> AsyncHandleSequence<[UInt8]> {
    let box = HandleBox(self)
    return AsyncHandleSequence {
      var bytes: [UInt8] = []
      guard let packet = try await box.handle.receive(maxLength: maxLength, appendingTo: &bytes) else { return nil }
      if packet.isTruncated { throw IPCError(.recv, .messageTooLong, on: .socket(box.handle.descriptor)) }
      return bytes
    }
  }
}

extension UnixSocket.Socket where Style == UnixSocket.DatagramStyle {
  /// Sends a datagram to an address, and waits for room in the receiver.
  ///
  /// - Parameters:
  ///   - message: The bytes of the datagram; can be empty.
  ///   - address: The path or abstract name of the receiver.
  ///   - timeout: How long to wait. The kernel reports room only in the receiver that a socket is connected to, so the
  ///     function retries after pauses of 0.1 to 10 ms, during which no thread is waiting.
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `.connectionRefused` or
  ///   `.noSuchFileOrDirectory` if there is no receiver; `.permissionDenied`; `.messageTooLong`; `CancellationError`.
  ///   After an error, nothing was sent.
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

  /// Receives the next datagram, or waits for one if there is none.
  ///
  /// - Parameters:
  ///   - bytes: The buffer that the datagram is appended to. Bytes that do not fit are lost: `isTruncated`.
  ///   - peeking: Whether the datagram stays in the socket.
  ///   - timeout: How long to wait for a datagram.
  /// - Returns: The length of the datagram, which can be 0, and its sender.
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `CancellationError`, after which no
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

  /// Receives the next datagram of up to `maxLength` bytes, and appends it to an array.
  ///
  /// Otherwise it behaves like ``receive(into:peeking:timeout:)->ReceivedMessage<UnixSocket.Address>``.
  @discardableResult
  public func receive(
    maxLength: Int, appendingTo bytes: inout [UInt8], peeking: Bool = false, timeout: Timeout = .never
  ) async throws -> ReceivedMessage<UnixSocket.Address> {
    try await untilReady(descriptor, .readable, timeout) { () throws(IPCError) in
      try receive(maxLength: maxLength, appendingTo: &bytes, peeking: peeking, timeout: .immediate)
    }
  }

  /// Returns the datagrams that arrive; those of more than `maxLength` bytes are truncated and marked as such.
  public consuming func messages(maxLength: Int = 65_536) -> AsyncHandleSequence<Datagram<UnixSocket.Address>> {
    let box = HandleBox(self)
    return AsyncHandleSequence {
      var bytes: [UInt8] = []
      let message = try await box.handle.receive(maxLength: maxLength, appendingTo: &bytes)
      return Datagram(bytes: bytes, sender: message.sender, isTruncated: message.isTruncated)
    }
  }
}

/// A datagram with its bytes and its sender, as an element of a sequence.
public struct Datagram<Address: Sendable & Hashable>: Hashable, Sendable {
  /// The bytes of the datagram; can be empty.
  public let bytes: [UInt8]
  /// The address to reply to.
  public let sender: Address
  /// Whether the datagram was longer than the sequence allows.
  public let isTruncated: Bool
}
