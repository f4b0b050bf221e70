internal import CIPC
internal import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Messages that were received in one call.
public struct ReceivedBatch: Hashable, Sendable {
  /// The received bytes of each message, in order.
  public let messages: [[UInt8]]
  /// The lengths of the messages as they were sent; bytes that did not fit are lost.
  public let originalLengths: [Int]
}

/// Several messages in one call, for high rates of datagrams or packets.
extension SocketProtocol where Self: ~Copyable {
  /// The maximum number of messages in one call.
  public static var maximumBatch: Int { Int(CIPC_MAXIMUM_MESSAGES) }

  /// Sends messages to the address that this socket is connected to, and waits for room for the first one.
  ///
  /// - Parameters:
  ///   - messages: The messages; those after the first ``maximumBatch`` are not sent.
  ///   - timeout: How long to wait for room.
  ///   - retryOnInterrupt: Whether the call continues after a signal handler ran; if not, it throws `.interrupted`.
  /// - Returns: The number of messages that were sent. It is less than the number of `messages` if there was no room
  ///   for more, or if a message cannot be sent; sending that message again throws its error.
  /// - Throws: The errors of sending the first message.
  ///
  /// Calls `sendmmsg(2)`.
  public func send(
    batch messages: [[UInt8]], timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> Int {
    let (bytes, lengths) = (Array(messages.joined()), messages.map(\.count))
    return try unsafe bytes.span.withUnsafeBufferPointer { (bytes) throws(IPCError) in
      try unsafe lengths.span.withUnsafeBufferPointer { (lengths) throws(IPCError) in
        try SocketTransfer.wait(.sendmmsg, descriptor, .writable, 0, timeout, retryOnInterrupt) { flags in
          unsafe Int(
            cipc_send_many(
              descriptor.rawValue, bytes.baseAddress, lengths.baseAddress, UInt32(clamping: lengths.count), flags))
        }
      }
    }
  }

  /// Waits for a message, and receives all available messages.
  ///
  /// - Parameters:
  ///   - count: The maximum number of messages, at most ``maximumBatch``.
  ///   - maxLength: The room for each message.
  ///   - waitingForAll: Whether to wait until there are `count` messages, or an error occurs. A timeout limits only the
  ///     wait for the first message, so it cannot be combined with this.
  ///   - timeout: How long to wait for the first message.
  ///   - retryOnInterrupt: Whether the call continues after a signal handler ran; if not, it throws `.interrupted`.
  /// - Returns: The messages that were received, and their lengths before they were truncated.
  /// - Throws: The errors of receiving the first message.
  ///
  /// Calls `recvmmsg(2)`.
  public func receiveBatch(
    _ count: Int, maxLength: Int, waitingForAll: Bool = false, timeout: Timeout = .never,
    retryOnInterrupt: Bool = true
  ) throws(IPCError) -> ReceivedBatch {
    let count = min(max(0, count), Self.maximumBatch)
    var lengths = [Int](repeating: 0, count: count)
    var room = [UInt8](repeating: 0, count: count * maxLength)
    let flags = waitingForAll && timeout.isNever ? 0 : Int32(CIPC_MSG_WAITFORONE)
    let received = try unsafe room.withUnsafeMutableBufferPointer { (room) throws(IPCError) in
      try unsafe lengths.withUnsafeMutableBufferPointer { (lengths) throws(IPCError) in
        try SocketTransfer.wait(.recvmmsg, descriptor, .readable, flags, timeout, retryOnInterrupt) { flags in
          unsafe Int(
            cipc_receive_many(
              descriptor.rawValue, room.baseAddress, maxLength, lengths.baseAddress, UInt32(count), flags))
        }
      }
    }
    let messages = (0..<received).map { Array(room[$0 * maxLength..<$0 * maxLength + min(lengths[$0], maxLength)]) }
    return ReceivedBatch(messages: messages, originalLengths: Array(lengths[..<received]))
  }
}
