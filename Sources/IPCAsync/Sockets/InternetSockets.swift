public import IPC
internal import SystemPackage

extension TCP.Stream {
  /// Connects to a listener.
  ///
  /// After a timeout or a cancellation the attempt continues; call the function again with the same address to wait for
  /// it, or close the socket.
  ///
  /// - Throws: `IPCError` with `.connectionRefused` if no socket listens at the address; `.timedOut`; for `.immediate`,
  ///   `.nowInProgress` if the attempt was started, and `.alreadyInProcess` if an earlier attempt is still in progress;
  ///   `.networkUnreachable`, `.noRouteToHost`, `.socketIsConnected`, `.addressFamilyNotSupported`;
  ///   `CancellationError`.
  ///
  /// Calls `connect(2)`.
  public func connect(to address: SocketAddress, timeout: Timeout = .never) async throws {
    try await untilReady(descriptor, .writable, timeout) { () throws(IPCError) in
      do throws(IPCError) {
        try connect(to: address, timeout: .immediate)
      } catch {
        let isInProgress = error.errno == .nowInProgress || error.errno == .alreadyInProcess
        throw isInProgress && !timeout.isImmediate ? IPCError(.connect, .wouldBlock, on: error.object) : error
      }
    }
  }
}

extension UDP.Socket {
  /// Sends a datagram to the address that this socket is connected to, and waits for room.
  ///
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `.messageTooLong`, `.addressRequired`,
  ///   `.connectionRefused`; `CancellationError`. After an error, nothing was sent.
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

  /// Sends a datagram to an address, and waits for room in the send buffer.
  ///
  /// - Throws: The errors of ``send(_:timeout:)-(RawSpan,_)``; `.networkUnreachable`, `.permissionDenied`.
  ///
  /// Calls `sendto(2)`.
  public func send(_ message: RawSpan, to address: SocketAddress, timeout: Timeout = .never) async throws {
    try await untilReady(descriptor, .writable, timeout) { () throws(IPCError) in
      try send(message, to: address, timeout: .immediate)
    }
  }

  /// Sends the bytes of an array or a string, like ``send(_:to:timeout:)-(RawSpan,_,_)``.
  public func send(_ message: Span<UInt8>, to address: SocketAddress, timeout: Timeout = .never) async throws {
    try await send(unsafe message.bytes, to: address, timeout: timeout)
  }

  /// Receives the next datagram, or waits for one if there is none.
  ///
  /// - Parameters:
  ///   - bytes: The buffer that the datagram is appended to. Bytes that do not fit are lost: `isTruncated`.
  ///   - peeking: Whether the datagram stays in the socket.
  ///   - timeout: How long to wait for a datagram.
  /// - Returns: The length of the datagram, which can be 0, and its sender.
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `.connectionRefused` if no socket
  ///   received a datagram that this connected socket sent; `CancellationError`, after which no datagram is lost.
  ///
  /// Calls `recvfrom(2)` with `MSG_TRUNC`.
  @discardableResult
  public func receive(
    into bytes: inout OutputRawSpan, peeking: Bool = false, timeout: Timeout = .never
  ) async throws -> ReceivedMessage<SocketAddress> {
    try await untilReady(descriptor, .readable, timeout) { () throws(IPCError) in
      try receive(into: &bytes, peeking: peeking, timeout: .immediate)
    }
  }

  /// Receives the next datagram of up to `maxLength` bytes, and appends it to an array.
  ///
  /// Otherwise it behaves like ``receive(into:peeking:timeout:)``.
  @discardableResult
  public func receive(
    maxLength: Int, appendingTo bytes: inout [UInt8], peeking: Bool = false, timeout: Timeout = .never
  ) async throws -> ReceivedMessage<SocketAddress> {
    try await untilReady(descriptor, .readable, timeout) { () throws(IPCError) in
      try receive(maxLength: maxLength, appendingTo: &bytes, peeking: peeking, timeout: .immediate)
    }
  }

  /// Returns the datagrams that arrive; those of more than `maxLength` bytes are truncated and marked as such.
  public consuming func messages(maxLength: Int = 65_536) -> AsyncHandleSequence<Datagram<SocketAddress>> {
    let box = HandleBox(self)
    return AsyncHandleSequence {
      var bytes: [UInt8] = []
      let message = try await box.handle.receive(maxLength: maxLength, appendingTo: &bytes)
      return Datagram(bytes: bytes, sender: message.sender, isTruncated: message.isTruncated)
    }
  }
}
