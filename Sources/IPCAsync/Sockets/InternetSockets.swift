public import IPC
internal import SystemPackage

extension TCP.Stream {
  /// Connects to a listener.
  ///
  /// After a timeout or a cancellation, the attempt continues. To wait for it, call the method again with the same
  /// address; to abort it, close the socket.
  ///
  /// - Throws: `IPCError` with `.connectionRefused` if no socket is listening on the address; `.timedOut`; for
  ///   `.immediate`, `.nowInProgress` if the attempt has started, and `.alreadyInProcess` if an earlier attempt is
  ///   still in progress; `.networkUnreachable`, `.noRouteToHost`, `.socketIsConnected`, `.addressFamilyNotSupported`;
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
  /// Sends a datagram to the connected peer, waiting for room if necessary.
  ///
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `.messageTooLong`, `.addressRequired`,
  ///   `.connectionRefused`; `CancellationError`. On error, nothing is sent.
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

  /// Sends a datagram to an address, waiting for room in the send buffer if necessary.
  ///
  /// - Throws: Any error from ``send(_:timeout:)-(RawSpan,_)``; `.networkUnreachable`, `.permissionDenied`.
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

  /// Receives the next datagram, waiting for one if necessary.
  ///
  /// - Parameters:
  ///   - bytes: The buffer to append the datagram to. Bytes that do not fit are lost; see `isTruncated`.
  ///   - peeking: Whether to leave the datagram in the receive queue.
  ///   - timeout: How long to wait for a datagram.
  /// - Returns: The length of the datagram, which can be 0, and its sender.
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `.connectionRefused` if no socket
  ///   received a datagram sent by this connected socket; `CancellationError`, in which case no datagram is lost.
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

  /// Receives the next datagram, up to `maxLength` bytes, and appends it to an array.
  ///
  /// Otherwise, this behaves like ``receive(into:peeking:timeout:)``.
  @discardableResult
  public func receive(
    maxLength: Int, appendingTo bytes: inout [UInt8], peeking: Bool = false, timeout: Timeout = .never
  ) async throws -> ReceivedMessage<SocketAddress> {
    try await untilReady(descriptor, .readable, timeout) { () throws(IPCError) in
      try receive(maxLength: maxLength, appendingTo: &bytes, peeking: peeking, timeout: .immediate)
    }
  }

  /// Returns a sequence of the datagrams that arrive; a datagram longer than `maxLength` bytes is truncated, and its
  /// `isTruncated` is true.
  public consuming func messages(maxLength: Int = 65_536) -> AsyncHandleSequence<Datagram<SocketAddress>> {
    let box = HandleBox(self)
    return AsyncHandleSequence {
      box.bytes.removeAll(keepingCapacity: true)
      let message = try await box.handle.receive(maxLength: maxLength, appendingTo: &box.bytes)
      return Datagram(bytes: box.bytes.trimmed, sender: message.sender, isTruncated: message.isTruncated)
    }
  }
}
