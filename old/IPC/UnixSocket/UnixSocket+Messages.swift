internal import CIPC
internal import Glibc
internal import SystemPackage

extension UnixSocket {
  /// A message that was received.
  public struct Arrival: Hashable, Sendable {
    /// How many bytes of it were appended.
    public let length: Int
    /// How many bytes it had when it was sent. What there was no room for is lost.
    public let sentLength: Int
    /// Where it was sent from.
    public let sender: Address

    public var isTruncated: Bool { length < sentLength }
  }

  /// What came of receiving a message.
  public enum ReceiveResult: Hashable, Sendable {
    case received(Arrival)
    /// The other side of the connection sends no more, and nothing is left. So does an empty message read to sequenced
    /// packets: `recv(2)` cannot tell one from the other.
    case endOfFile
    /// There was nothing, and no patience to wait.
    case wouldBlock
    /// There was nothing until the deadline.
    case timedOut
  }
}

extension UnixSocket.End where Style: UnixSocket.Messages {
  /// How many bytes the next datagram has, or all sequenced packets together; 0 also when there are none.
  ///
  /// Calls `ioctl(2)` with `FIONREAD`.
  public var bytesWaiting: Int { get throws(IPCError) { try countBytesWaiting() } }

  /// Sends a message to whom this socket is connected to, and waits for room. Nothing is allocated.
  ///
  /// - Throws: ``IPCError`` with `.messageTooLong` for one that the send buffer could never hold, `.socketNotConnected`,
  ///   `.connectionRefused` when the receiver of datagrams is gone, or `Errno.interrupted` where that was asked for.
  ///
  /// Calls `send(2)` with `MSG_NOSIGNAL`.
  public func send(
    _ message: RawSpan, patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> SendResult {
    try sendMessage(message, patience, interruption)
  }

  /// Like ``send(_:patience:interruption:)-(RawSpan,_,_)``, for the bytes of an array or a string.
  public func send(
    _ message: Span<UInt8>, patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> SendResult {
    try send(unsafe message.bytes, patience: patience, interruption: interruption)
  }

  /// Receives the next message, and waits for one. Nothing is allocated.
  ///
  /// - Parameters:
  ///   - bytes: Where it is appended. What it has no room for is lost: ``UnixSocket/Arrival/isTruncated``.
  ///   - peeking: Whether the message stays, to be received again.
  /// - Throws: ``IPCError`` with `.connectionReset` when the other side closed a connection before it had received
  ///   everything, or `Errno.interrupted` where that was asked for.
  ///
  /// Calls `recvmsg(2)`.
  public func receive(
    into bytes: inout OutputRawSpan, peeking: Bool = false, patience: Patience = .forever,
    interruption: Interruption = .retry
  ) throws(IPCError) -> UnixSocket.ReceiveResult {
    try unsafe bytes.withUnsafeMutableBytes { (buffer, count) throws(IPCError) in
      try unsafe receive(into: buffer, filled: &count, peeking, patience, interruption)
    }
  }

  /// Receives the next message, and appends it to an array. One that has the room is not reallocated.
  ///
  /// Like ``receive(into:peeking:patience:interruption:)``.
  ///
  /// - Parameter limit: For how many bytes to make room.
  public func receive(
    atMost limit: Int, appendingTo bytes: inout [UInt8], peeking: Bool = false, patience: Patience = .forever,
    interruption: Interruption = .retry
  ) throws(IPCError) -> UnixSocket.ReceiveResult {
    try unsafe bytes.append(room: limit) { (buffer, count) throws(IPCError) in
      try unsafe receive(into: buffer, filled: &count, peeking, patience, interruption)
    }
  }

  private func receive(
    into buffer: UnsafeMutableRawBufferPointer, filled count: inout Int, _ peeking: Bool, _ patience: Patience,
    _ interruption: Interruption
  ) throws(IPCError) -> UnixSocket.ReceiveResult {
    let room = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
    // MSG_TRUNC: to be told how long it was.
    let flags = Int32(MSG_TRUNC) | (peeking ? Int32(MSG_PEEK) : 0)
    var arrival = cipc_unix_arrival()
    let outcome = try Transfer.transfer("recvmsg", descriptor, .readable, patience, interruption) {
      unsafe cipc_unix_receive(
        descriptor.rawValue, room.baseAddress, room.count, flags | ($0 ? Int32(MSG_DONTWAIT) : 0), &arrival, nil)
    }
    switch outcome {
    case .moved(0) where Style.type == UnixSocket.SequencedPacketStyle.type: return .endOfFile
    case .moved(let length):
      count += min(length, room.count)
      return .received(
        UnixSocket.Arrival(
          length: min(length, room.count), sentLength: length, sender: UnixSocket.Address(arrival.from)))
    case .wouldBlock: return .wouldBlock
    case .timedOut: return .timedOut
    }
  }
}

extension UnixSocket.End where Style == UnixSocket.DatagramStyle {
  /// Sends a message to whoever has an address, and waits for room with them. Nothing is allocated.
  ///
  /// - Parameter patience: `poll(2)` tells only of room with whom a socket is connected to. Where it is not for ever, or the
  ///   socket is non-blocking, this tries and tries again, with pauses of a tenth of a millisecond at first and ten at
  ///   last.
  /// - Throws: ``IPCError`` with `.connectionRefused` or `.noSuchFileOrDirectory` when nobody is there,
  ///   `.permissionDenied`, `.messageTooLong`, or `Errno.interrupted` where that was asked for.
  ///
  /// Calls `sendto(2)` with `MSG_NOSIGNAL`.
  public func send(
    _ message: RawSpan, to address: UnixSocket.Address, patience: Patience = .forever,
    interruption: Interruption = .retry
  ) throws(IPCError) -> SendResult {
    var raw = address.raw
    return try unsafe message.withUnsafeBytes { (bytes) throws(IPCError) in
      let flags = patience == .forever ? 0 : Int32(MSG_DONTWAIT)
      var backoff = Backoff()
      while true {
        let result = Kernel.attempt(interruption) {
          unsafe cipc_unix_send(descriptor.rawValue, bytes.baseAddress, bytes.count, flags, &raw)
        }
        switch result {
        case .success: return .sent
        case .failure(.wouldBlock):
          guard let next = backoff.next(before: patience) else { return patience == .none ? .wouldBlock : .timedOut }
          try Kernel.sleep(until: next, interruption)
        case .failure(let reason): throw IPCError(call: "sendto", errno: reason, object: address.object)
        }
      }
    }
  }

  /// Like ``send(_:to:patience:interruption:)-(RawSpan,_,_,_)``, for the bytes of an array or a string.
  public func send(
    _ message: Span<UInt8>, to address: UnixSocket.Address, patience: Patience = .forever,
    interruption: Interruption = .retry
  ) throws(IPCError) -> SendResult {
    try send(unsafe message.bytes, to: address, patience: patience, interruption: interruption)
  }
}
