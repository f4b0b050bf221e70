internal import CIPC
internal import Glibc
internal import SystemPackage

extension UDP {
  /// A datagram that was received.
  public struct Arrival: Hashable, Sendable {
    /// How many bytes of it were appended; 0 for one that is empty, which is not the end of anything.
    public let length: Int
    /// How many bytes it had when it was sent. What there was no room for is lost.
    public let sentLength: Int
    /// Where it was sent from.
    public let sender: SocketAddress

    public var isTruncated: Bool { length < sentLength }
  }

  /// What came of receiving a datagram.
  public enum ReceiveResult: Hashable, Sendable {
    case received(Arrival)
    /// There was nothing, and no patience to wait.
    case wouldBlock
    /// There was nothing until the deadline.
    case timedOut
  }
}

extension UDP.Socket {
  /// How many bytes the next datagram has; 0 also when there is none.
  ///
  /// Calls `ioctl(2)` with `FIONREAD`.
  public var bytesWaiting: Int { get throws(IPCError) { try countBytesWaiting() } }

  /// From now on sends to one address, and receives from nowhere else. What had come before stays.
  ///
  /// Nobody is asked. That nobody is there shows later, as `.connectionRefused` of whatever is called next.
  ///
  /// - Throws: ``IPCError`` with `.networkUnreachable`, or `.permissionDenied` for a broadcast address.
  ///
  /// Calls `connect(2)`.
  public func connect(to address: SocketAddress) throws(IPCError) {
    var raw = address.raw
    try Kernel.call("connect", on: address.object) { unsafe cipc_internet_connect(descriptor.rawValue, &raw) }
  }

  /// Sends a datagram to where this socket is connected to, and waits for room. Nothing is allocated.
  ///
  /// - Throws: ``IPCError`` with `.messageTooLong` for more than 65507 bytes, or 65527 of IPv6; `.addressRequired`
  ///   when it is not connected; `.connectionRefused` when an earlier datagram found nobody, and then this one was not
  ///   sent; or `Errno.interrupted` where that was asked for.
  ///
  /// Calls `send(2)`.
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

  /// Sends a datagram to an address, and waits for room. Nothing is allocated.
  ///
  /// - Throws: ``IPCError`` with `.messageTooLong`, `.networkUnreachable`, `.permissionDenied` for a broadcast address
  ///   without ``setBroadcasts(_:)``, or `Errno.interrupted` where that was asked for. That nobody is there is not told.
  ///
  /// Calls `sendto(2)`.
  public func send(
    _ message: RawSpan, to address: SocketAddress, patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> SendResult {
    var raw = address.raw
    return try unsafe message.withUnsafeBytes { (bytes) throws(IPCError) in
      try SendResult(of: "sendto", descriptor, patience, interruption) {
        unsafe cipc_internet_send(
          descriptor.rawValue, bytes.baseAddress, bytes.count, $0 ? Int32(MSG_DONTWAIT) : 0, &raw)
      }
    }
  }

  /// Like ``send(_:to:patience:interruption:)-(RawSpan,_,_,_)``, for the bytes of an array or a string.
  public func send(
    _ message: Span<UInt8>, to address: SocketAddress, patience: Patience = .forever,
    interruption: Interruption = .retry
  ) throws(IPCError) -> SendResult {
    try send(unsafe message.bytes, to: address, patience: patience, interruption: interruption)
  }

  /// Receives the next datagram, and waits for one. Nothing is allocated.
  ///
  /// - Parameters:
  ///   - bytes: Where it is appended. What it has no room for is lost: ``UDP/Arrival/isTruncated``.
  ///   - peeking: Whether the datagram stays, to be received again.
  /// - Throws: ``IPCError`` with `.connectionRefused` when a datagram that a connected socket had sent found nobody, or
  ///   `Errno.interrupted` where that was asked for.
  ///
  /// Calls `recvfrom(2)`.
  public func receive(
    into bytes: inout OutputRawSpan, peeking: Bool = false, patience: Patience = .forever,
    interruption: Interruption = .retry
  ) throws(IPCError) -> UDP.ReceiveResult {
    try unsafe bytes.withUnsafeMutableBytes { (buffer, count) throws(IPCError) in
      try unsafe receive(into: buffer, filled: &count, peeking, patience, interruption)
    }
  }

  /// Receives the next datagram, and appends it to an array. One that has the room is not reallocated.
  ///
  /// Like ``receive(into:peeking:patience:interruption:)``.
  ///
  /// - Parameter limit: For how many bytes to make room.
  public func receive(
    atMost limit: Int, appendingTo bytes: inout [UInt8], peeking: Bool = false, patience: Patience = .forever,
    interruption: Interruption = .retry
  ) throws(IPCError) -> UDP.ReceiveResult {
    try unsafe bytes.append(room: limit) { (buffer, count) throws(IPCError) in
      try unsafe receive(into: buffer, filled: &count, peeking, patience, interruption)
    }
  }

  private func receive(
    into buffer: UnsafeMutableRawBufferPointer, filled count: inout Int, _ peeking: Bool, _ patience: Patience,
    _ interruption: Interruption
  ) throws(IPCError) -> UDP.ReceiveResult {
    let room = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
    // MSG_TRUNC: to be told how long it was.
    let flags = Int32(MSG_TRUNC) | (peeking ? Int32(MSG_PEEK) : 0)
    var sender = cipc_internet_address()
    let outcome = try Transfer.transfer("recvfrom", descriptor, .readable, patience, interruption) {
      unsafe cipc_internet_receive(
        descriptor.rawValue, room.baseAddress, room.count, flags | ($0 ? Int32(MSG_DONTWAIT) : 0), &sender)
    }
    switch outcome {
    case .moved(let length):
      let kept = min(length, room.count)
      count += kept
      return .received(UDP.Arrival(length: kept, sentLength: length, sender: SocketAddress(sender)))
    case .wouldBlock: return .wouldBlock
    case .timedOut: return .timedOut
    }
  }

  /// How many datagrams were dropped since the socket was made, since it had no room for them. Those that were lost
  /// elsewhere nobody counts.
  ///
  /// Calls `getsockopt(2)` with `SO_MEMINFO`.
  public var droppedDatagrams: Int {
    get throws(IPCError) {
      var drops: UInt32 = 0
      try Kernel.call("getsockopt SO_MEMINFO", on: .descriptor(descriptor)) {
        unsafe cipc_socket_drops(descriptor.rawValue, &drops)
      }
      return Int(drops)
    }
  }
}
