internal import CIPC
public import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// A message received from a connected socket.
@frozen
public struct ReceivedPacket: Hashable, Sendable {
  /// The number of bytes appended; 0 for an empty message.
  public let length: Int
  /// The original length of the message; bytes that did not fit are lost.
  public let originalLength: Int

  @usableFromInline init(length: Int, originalLength: Int) {
    self.length = length
    self.originalLength = originalLength
  }

  /// Whether the message did not fit and was truncated (`MSG_TRUNC`).
  @inlinable public var isTruncated: Bool { length < originalLength }
}

/// A received message, and its sender's address.
public struct ReceivedMessage<Address> {
  /// The number of bytes appended; 0 for an empty message.
  public let length: Int
  /// The original length of the message; bytes that did not fit are lost.
  public let originalLength: Int
  /// The address to reply to.
  public let sender: Address

  init(_ packet: ReceivedPacket, from sender: Address) {
    length = packet.length
    originalLength = packet.originalLength
    self.sender = sender
  }

  /// Creates the result of a call that returned `count`, or -1 on failure.
  init(returned count: Int, room: Int, from sender: Address) {
    length = min(count, room)
    originalLength = count
    self.sender = sender
  }

  /// Whether the message did not fit and was truncated (`MSG_TRUNC`).
  public var isTruncated: Bool { length < originalLength }
}

extension ReceivedMessage: Sendable where Address: Sendable {}
extension ReceivedMessage: Equatable where Address: Equatable {}
extension ReceivedMessage: Hashable where Address: Hashable {}

/// Sends and receives messages through sockets of all address families.
@usableFromInline
enum SocketTransfer {
  /// With `MSG_TRUNC`, the call returns the original length.
  static func messageFlags(peeking: Bool) -> Int32 {
    peeking ? Int32(MSG_TRUNC) | Int32(MSG_PEEK) : Int32(MSG_TRUNC)
  }

  /// Makes one blocking call on a connected socket, and appends the message.
  ///
  /// - Returns: The result of the call, which can exceed the number of bytes appended; -1 on failure, with the reason
  ///   in `errno`.
  @inlinable @inline(__always)
  static func attemptReceive(
    _ descriptor: FileDescriptor, into bytes: inout OutputRawSpan, peeking: Bool
  ) -> Int {
    unsafe bytes.withUnsafeMutableBytes { buffer, filled in
      let room = buffer.count &- filled
      let start = unsafe buffer.baseAddress.map { unsafe $0 + filled }
      let count = unsafe receive(descriptor, start, room, peeking: peeking)
      if count > 0 { filled &+= min(count, room) }
      return count
    }
  }

  /// Calls `recv(2)`.
  ///
  /// This is a separate function so that the caller can keep its span's count in a register.
  @usableFromInline
  static func receive(
    _ descriptor: FileDescriptor, _ start: UnsafeMutableRawPointer?, _ room: Int, peeking: Bool
  ) -> Int {
    unsafe cipc_socket_read(descriptor.rawValue, start, room, messageFlags(peeking: peeking))
  }

  /// Receives a message from a connected socket after a failed attempt or with a timeout.
  ///
  /// - Returns: The original length of the message.
  @usableFromInline @inline(never)
  static func receive(
    _ descriptor: FileDescriptor, into bytes: inout OutputRawSpan, peeking: Bool, _ timeout: Timeout,
    _ retryOnInterrupt: Bool
  ) throws(IPCError) -> Int {
    if timeout.isNever { try Transfer.recover(.recv, descriptor, .socket, retryOnInterrupt) }
    return try receive(
      descriptor, into: &bytes, flags: messageFlags(peeking: peeking), timeout, retryOnInterrupt)
  }

  /// Receives a message from a connected socket.
  @inlinable @inline(__always)
  static func packet(
    _ descriptor: FileDescriptor, into bytes: inout OutputRawSpan, peeking: Bool, _ timeout: Timeout,
    _ retryOnInterrupt: Bool
  ) throws(IPCError) -> ReceivedPacket {
    let room = bytes.freeCapacity
    var count = -1
    if timeout == .never { count = attemptReceive(descriptor, into: &bytes, peeking: peeking) }
    if count < 0 { count = try receive(descriptor, into: &bytes, peeking: peeking, timeout, retryOnInterrupt) }
    return ReceivedPacket(length: min(count, room), originalLength: count)
  }

  /// Reads bytes from a stream without consuming them.
  static func peek(
    _ descriptor: FileDescriptor, into bytes: inout OutputRawSpan, _ timeout: Timeout, _ retryOnInterrupt: Bool
  ) throws(IPCError) -> Int {
    try receive(descriptor, into: &bytes, flags: Int32(MSG_PEEK), timeout, retryOnInterrupt)
  }

  private static func receive(
    _ descriptor: FileDescriptor, into bytes: inout OutputRawSpan, flags: Int32, _ timeout: Timeout,
    _ retryOnInterrupt: Bool
  ) throws(IPCError) -> Int {
    try unsafe bytes.withUnsafeMutableBytes { (buffer, filled) throws(IPCError) in
      let room = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
      let count = try wait(.recv, descriptor, .readable, flags, timeout, retryOnInterrupt) {
        unsafe cipc_socket_read(descriptor.rawValue, room.baseAddress, room.count, $0)
      }
      filled += min(count, room.count)
      return count
    }
  }

  /// Makes one blocking call that returns a message and its sender, and appends the message.
  ///
  /// `call` takes a buffer for the message. It returns the original length of the message, or -1 on failure, with the
  /// reason in `errno`.
  @inlinable @inline(__always)
  static func attemptReceive<Address>(
    into bytes: inout OutputRawSpan, _ call: (UnsafeMutableRawPointer?, Int) -> ReceivedMessage<Address>
  ) -> ReceivedMessage<Address> {
    unsafe bytes.withUnsafeMutableBytes { buffer, filled in
      let message = unsafe call(buffer.baseAddress.map { unsafe $0 + filled }, buffer.count &- filled)
      if message.length > 0 { filled &+= message.length }
      return message
    }
  }

  /// Receives a message and its sender, after a failed attempt or with a timeout.
  ///
  /// `call` takes a buffer for the message, and flags.
  static func receive(
    _ descriptor: FileDescriptor, into bytes: inout OutputRawSpan, peeking: Bool, _ timeout: Timeout,
    _ retryOnInterrupt: Bool, _ call: (UnsafeMutableRawPointer?, Int, Int32) -> Int
  ) throws(IPCError) -> ReceivedPacket {
    try unsafe bytes.withUnsafeMutableBytes { (buffer, filled) throws(IPCError) in
      let start = unsafe buffer.baseAddress.map { unsafe $0 + filled }
      let room = buffer.count &- filled
      let flags = messageFlags(peeking: peeking)
      if timeout.isNever { try Transfer.recover(.recvfrom, descriptor, .socket, retryOnInterrupt) }
      let count = try wait(.recvfrom, descriptor, .readable, flags, timeout, retryOnInterrupt) {
        unsafe call(start, room, $0)
      }
      let kept = min(count, room)
      filled &+= kept
      return ReceivedPacket(length: kept, originalLength: count)
    }
  }

  /// Retries a call while it fails with `EAGAIN`, waiting for readiness between attempts.
  ///
  /// `call` takes flags, which include `MSG_DONTWAIT` if there is a timeout.
  @inline(never)
  static func wait(
    _ name: IPCError.Call, _ descriptor: FileDescriptor, _ events: Readiness, _ flags: Int32, _ timeout: Timeout,
    _ retryOnInterrupt: Bool, _ call: (Int32) -> Int
  ) throws(IPCError) -> Int {
    let flags = timeout.isNever ? flags : flags | Int32(MSG_DONTWAIT)
    return try Syscall.untilReady(
      name, descriptor, events, timeout, on: .socket(descriptor), retryOnInterrupt: retryOnInterrupt
    ) { () throws(IPCError) in
      let result = Syscall.result(retryOnInterrupt: retryOnInterrupt) { call(flags) }
      // The socket's time limit has expired, unless its open file description is nonblocking.
      if timeout.isNever, result.failed(with: .wouldBlock), try !NonBlocking.isSet(descriptor) {
        throw IPCError(name, .wouldBlock, on: .descriptor(descriptor))
      }
      return result
    }
  }
}
