internal import CIPC
internal import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Messages received in one call.
public struct ReceivedBatch: Hashable, Sendable {
  /// The received bytes of each message, in order.
  public let messages: [[UInt8]]
  /// The original lengths of the messages; bytes that did not fit are lost.
  public let originalLengths: [Int]
}

/// A socket that preserves message boundaries: a ``UDP/Socket``, or a ``UnixSocket/Socket`` for datagrams or sequenced
/// packets.
///
/// `socket(7)`.
public protocol MessageSocket: SocketProtocol, ~Copyable {}

extension UDP.Socket: MessageSocket {}
extension UnixSocket.Socket: MessageSocket where Style: UnixSocket.MessageStyle {}

/// Sends and receives several messages per call, for high datagram or packet rates.
extension MessageSocket where Self: ~Copyable {
  /// The maximum number of messages in one call.
  public static var maximumBatch: Int { Int(CIPC_MAXIMUM_MESSAGES) }

  /// Sends messages to the connected peer, waiting for room for the first one if necessary.
  ///
  /// - Parameters:
  ///   - messages: The messages; only the first ``maximumBatch`` are sent.
  ///   - timeout: How long to wait for room.
  ///   - retryOnInterrupt: Whether to continue after a signal handler interrupts the call; if false, the call throws
  ///     `.interrupted`.
  /// - Returns: The number of messages sent. This is less than the number of `messages` if there was no room for more,
  ///   or if sending a message failed; the next call, which starts with that message, throws the error.
  /// - Throws: Any error from sending the first message.
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

  /// Waits for a message, and then receives all available messages.
  ///
  /// - Parameters:
  ///   - count: The maximum number of messages, at most ``maximumBatch``.
  ///   - maxLength: The maximum length of each message in bytes.
  ///   - waitingForAll: Whether to wait until `count` messages have arrived or an error occurs. This cannot be combined
  ///     with a timeout, because the kernel limits only the wait for the first message.
  ///   - timeout: How long to wait for the first message.
  ///   - retryOnInterrupt: Whether to continue after a signal handler interrupts the call; if false, the call throws
  ///     `.interrupted`.
  /// - Returns: The received messages, and their lengths before truncation.
  /// - Throws: Any error from receiving the first message.
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
