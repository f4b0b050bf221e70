internal import CIPC
public import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// The descriptors and credentials received with a message (control messages, `cmsg(3)`).
///
/// Descriptors that the program does not take are closed when the value is destroyed or used for the next message.
///
/// ```swift
/// var ancillary = AncillaryData(maximumDescriptors: 1)
/// _ = try connection.receive(maxLength: 64, appendingTo: &bytes, ancillary: &ancillary)
/// let file = ancillary.takeDescriptor()
/// ```
public struct AncillaryData: ~Copyable, Sendable {
  /// The maximum number of descriptors that a message can carry (`SCM_MAX_FD`).
  public static let maximumDescriptorCount = Int(CIPC_MAXIMUM_DESCRIPTORS)

  /// The maximum number of descriptors to accept from a message; the rest are closed.
  public let maximumDescriptors: Int

  /// The sender's credentials; nil unless ``UnixSocket/Socket/setPassCredentials(_:)`` was called before the message
  /// was received.
  public private(set) var credentials: UnixSocket.Credentials?

  /// Whether some descriptors were closed because the message contained more than ``maximumDescriptors``, or more than
  /// this process may open (`MSG_CTRUNC`).
  public private(set) var isControlTruncated = false

  private var sender: OwnedDescriptor?
  /// The descriptors that have not been taken, in reverse order.
  private var descriptors: [FileDescriptor] = []

  /// Creates an empty value for a receive call to fill.
  public init(maximumDescriptors: Int = AncillaryData.maximumDescriptorCount) {
    self.maximumDescriptors = max(0, maximumDescriptors)
  }

  deinit {
    for descriptor in descriptors { _ = OwnedDescriptor(taking: descriptor) }
  }

  /// The number of descriptors that have not been taken.
  public var descriptorCount: Int { descriptors.count }

  /// Returns the next descriptor, which is close-on-exec; nil if none is left.
  ///
  /// The descriptor can refer to any kind of object. Adopt it as the type that you expect, for example with
  /// `PipeReader(adopting:)`; the initializer checks what the descriptor refers to.
  public mutating func takeDescriptor() -> OwnedDescriptor? {
    guard let descriptor = descriptors.popLast() else { return nil }
    return OwnedDescriptor(taking: descriptor)
  }

  /// Takes the descriptor for the process that sent the message; nil if it has already been taken, or if
  /// ``UnixSocket/Socket/setPassProcess(_:)`` was not called before the message was received.
  public mutating func takeSender() -> PIDFD? {
    guard let sender = sender.take() else { return nil }
    return PIDFD(sender)
  }

  fileprivate mutating func removeAll() {
    while takeDescriptor() != nil {}
    _ = sender.take()
    credentials = nil
    isControlTruncated = false
  }

  /// Stores what was received into an empty value.
  @inline(__always)
  fileprivate mutating func store(_ received: cipc_received, _ numbers: UnsafeBufferPointer<Int32>) {
    let kept = min(received.descriptor_count, maximumDescriptors)
    for index in kept..<received.descriptor_count { _ = OwnedDescriptor(taking: unsafe numbers[index]) }
    for index in (0..<kept).reversed() { descriptors.append(FileDescriptor(rawValue: unsafe numbers[index])) }
    sender = received.process >= 0 ? OwnedDescriptor(taking: received.process) : nil
    credentials = received.has_credentials != 0 ? UnixSocket.Credentials(received.credentials) : nil
    isControlTruncated =
      received.flags & Int32(MSG_CTRUNC) != 0 || received.descriptor_count > maximumDescriptors
  }
}

extension UnixSocket.Socket {
  /// Sends bytes together with duplicates of descriptors.
  ///
  /// The descriptors stay open in this process. The call sends all bytes; the descriptors arrive with the first byte.
  /// If a stream has room for only some of the bytes, the call waits for more room to send the rest, without sending
  /// the descriptors again.
  ///
  /// - Parameters:
  ///   - bytes: The bytes to send; at least one for a stream.
  ///   - descriptors: The descriptors to duplicate, at most ``AncillaryData/maximumDescriptorCount``.
  ///   - credentials: The credentials that the receiver sees. Sending the credentials of another process, user or group
  ///     requires privileges. If nil, the kernel adds this process's credentials.
  ///   - timeout: How long to wait for room.
  ///   - retryOnInterrupt: Whether to continue after a signal handler interrupts the call; if false, the call throws
  ///     `.interrupted`.
  /// - Throws: Any error from ``WritableDescriptor/writeAll(_:timeout:retryOnInterrupt:)-(RawSpan,_,_)``; for a stream,
  ///   ``IPCError/transferred`` is the number of bytes sent. If it is above 0, the descriptors were also sent.
  ///   `.invalidArgument` if there are too many descriptors, or no bytes on a stream; `.badFileDescriptor`;
  ///   `.notPermitted` if the credentials require privileges; `.tooManyReferences` if too many descriptors are in
  ///   transit.
  ///
  /// Calls `sendmsg(2)` with `SCM_RIGHTS` and `SCM_CREDENTIALS`, and `send(2)` for the remaining bytes.
  public func send(
    _ bytes: RawSpan, descriptors: Span<FileDescriptor>, credentials: UnixSocket.Credentials? = nil,
    timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) {
    try SocketTransfer.send(descriptor, Style.type, bytes, descriptors, credentials, timeout, retryOnInterrupt)
  }

  /// Sends the bytes of an array or a string together with descriptors, like
  /// ``send(_:descriptors:credentials:timeout:retryOnInterrupt:)-(RawSpan,_,_,_,_)``.
  public func send(
    _ bytes: Span<UInt8>, descriptors: Span<FileDescriptor>, credentials: UnixSocket.Credentials? = nil,
    timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) {
    try send(
      unsafe bytes.bytes, descriptors: descriptors, credentials: credentials, timeout: timeout,
      retryOnInterrupt: retryOnInterrupt)
  }

  /// Receives a message or stream bytes with the ancillary data.
  ///
  /// On a stream, a call that returns bytes sent with descriptors does not return any of the bytes that follow them.
  ///
  /// - Parameters:
  ///   - bytes: The buffer to append the bytes to. Bytes of a message that do not fit are lost; see
  ///     ``ReceivedMessage/isTruncated``.
  ///   - ancillary: The received descriptors and credentials. Descriptors that were not taken from an earlier message
  ///     are closed.
  ///   - peeking: Whether to leave the message in the receive queue. If true, its descriptors are duplicated.
  ///   - timeout: How long to wait for a message.
  ///   - retryOnInterrupt: Whether to continue after a signal handler interrupts the call; if false, the call throws
  ///     `.interrupted`.
  /// - Returns: The received message; nil at end of stream, but never for datagrams.
  /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock`; `.connectionReset`;
  ///   `.interrupted` if `retryOnInterrupt` is false and a signal handler ran.
  ///
  /// Calls `recvmsg(2)` with `MSG_CMSG_CLOEXEC`.
  public func receive(
    into bytes: inout OutputRawSpan, ancillary: inout AncillaryData, peeking: Bool = false, timeout: Timeout = .never,
    retryOnInterrupt: Bool = true
  ) throws(IPCError) -> ReceivedMessage<UnixSocket.Address>? {
    try SocketTransfer.receive(
      descriptor, Style.type, into: &bytes, &ancillary, peeking: peeking, timeout, retryOnInterrupt)
  }

  /// Receives a message or stream bytes with the ancillary data, and appends the bytes to an array, which is
  /// reallocated only if its capacity is too small.
  ///
  /// Otherwise, this behaves like ``receive(into:ancillary:peeking:timeout:retryOnInterrupt:)``.
  ///
  /// - Parameters:
  ///   - maxLength: The maximum number of bytes to append.
  ///   - bytes: The array to append the bytes to.
  ///   - ancillary: The received descriptors and credentials. Untaken descriptors from an earlier message are closed.
  ///   - peeking: Whether to leave the message in the receive queue. If true, its descriptors are duplicated.
  ///   - timeout: How long to wait for a message.
  ///   - retryOnInterrupt: Whether to continue after a signal handler interrupts the call; if false, the call throws
  ///     `.interrupted`.
  /// - Returns: The received message; nil at end of stream, but never for datagrams.
  /// - Throws: Any error from ``receive(into:ancillary:peeking:timeout:retryOnInterrupt:)``.
  public func receive(
    maxLength: Int, appendingTo bytes: inout [UInt8], ancillary: inout AncillaryData, peeking: Bool = false,
    timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> ReceivedMessage<UnixSocket.Address>? {
    try bytes.append(maxLength: maxLength) { (span) throws(IPCError) in
      try receive(
        into: &span, ancillary: &ancillary, peeking: peeking, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
    }
  }
}

extension SocketTransfer {
  /// Sends bytes with descriptors and credentials through a socket of a type (`SOCK_STREAM`).
  fileprivate static func send(
    _ descriptor: FileDescriptor, _ type: Int32, _ bytes: RawSpan, _ descriptors: Span<FileDescriptor>,
    _ credentials: UnixSocket.Credentials?, _ timeout: Timeout, _ retryOnInterrupt: Bool
  ) throws(IPCError) {
    let isStream = type == UnixSocket.StreamStyle.type
    if isStream, bytes.isEmpty, !descriptors.isEmpty || credentials != nil {
      // The kernel would send nothing, and report success.
      throw IPCError(.sendmsg, .invalidArgument, on: .socket(descriptor))
    }
    var count = -1
    if timeout.isNever {
      count = attemptSend(descriptor, bytes, descriptors, credentials, 0)
      if count < 0 { try Transfer.recover(.sendmsg, descriptor, .socket, retryOnInterrupt) }
    }
    if count < 0 {
      count = try wait(.sendmsg, descriptor, .writable, 0, timeout, retryOnInterrupt) {
        attemptSend(descriptor, bytes, descriptors, credentials, $0)
      }
    }
    if isStream, count < bytes.byteCount {
      try Transfer.writeRest(descriptor, .socket, bytes, after: count, timeout, retryOnInterrupt)
    }
  }

  /// Calls `sendmsg(2)` once.
  @inline(__always)
  private static func attemptSend(
    _ descriptor: FileDescriptor, _ bytes: RawSpan, _ descriptors: Span<FileDescriptor>,
    _ credentials: UnixSocket.Credentials?, _ flags: Int32
  ) -> Int {
    unsafe bytes.withUnsafeBytes { bytes in
      unsafe descriptors.withUnsafeBytes { numbers in
        let numbers = unsafe numbers.assumingMemoryBound(to: Int32.self)
        guard var credentials = credentials?.raw else {
          return unsafe cipc_send_ancillary(
            descriptor.rawValue, bytes.baseAddress, bytes.count, flags, numbers.baseAddress, numbers.count, nil)
        }
        return unsafe cipc_send_ancillary(
          descriptor.rawValue, bytes.baseAddress, bytes.count, flags, numbers.baseAddress, numbers.count, &credentials)
      }
    }
  }

  /// Receives bytes and ancillary data through a socket of a type (`SOCK_STREAM`), and appends the bytes.
  fileprivate static func receive(
    _ descriptor: FileDescriptor, _ type: Int32, into bytes: inout OutputRawSpan, _ ancillary: inout AncillaryData,
    peeking: Bool, _ timeout: Timeout, _ retryOnInterrupt: Bool
  ) throws(IPCError) -> ReceivedMessage<UnixSocket.Address>? {
    ancillary.removeAll()
    // Do not use MSG_TRUNC for a stream: a stream has no message length to report, and the flag would discard bytes.
    let isStream = type == UnixSocket.StreamStyle.type
    let room = bytes.freeCapacity
    if isStream, room == 0 { return ReceivedMessage(returned: 0, room: 0, from: .unnamed) }
    let flags = (isStream ? 0 : Int32(MSG_TRUNC)) | (peeking ? Int32(MSG_PEEK) : 0)
    var received = cipc_received()
    let count = try unsafe bytes.withUnsafeMutableBytes { (buffer, filled) throws(IPCError) in
      let start = unsafe buffer.baseAddress.map { unsafe $0 + filled }
      return try unsafe withUnsafeTemporaryAllocation(of: Int32.self, capacity: AncillaryData.maximumDescriptorCount) {
        (numbers) throws(IPCError) in
        var count = -1
        if timeout.isNever {
          count = unsafe cipc_receive_ancillary(
            descriptor.rawValue, start, room, flags, numbers.baseAddress, &received)
          if count < 0 { try Transfer.recover(.recvmsg, descriptor, .socket, retryOnInterrupt) }
        }
        if count < 0 {
          count = try wait(.recvmsg, descriptor, .readable, flags, timeout, retryOnInterrupt) {
            unsafe cipc_receive_ancillary(descriptor.rawValue, start, room, $0, numbers.baseAddress, &received)
          }
        }
        unsafe ancillary.store(received, UnsafeBufferPointer(numbers))
        filled += min(count, room)
        return count
      }
    }
    if count == 0, type != UnixSocket.DatagramStyle.type { return nil }
    return ReceivedMessage(returned: count, room: room, from: UnixSocket.Address(received.from))
  }
}

extension UnixSocket.Socket where Style == UnixSocket.StreamStyle {
  /// Sends a duplicate of one descriptor, together with a single zero byte.
  ///
  /// - Throws: Any error from ``send(_:descriptors:credentials:timeout:retryOnInterrupt:)-(RawSpan,_,_,_,_)``.
  ///
  /// Calls `sendmsg(2)` with `SCM_RIGHTS`.
  public func send(
    _ descriptor: FileDescriptor, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) {
    let (byte, descriptors): ([1 of UInt8], [1 of FileDescriptor]) = ([0], [descriptor])
    try send(byte.span, descriptors: descriptors.span, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
  }

  /// Sends a duplicate of a value's descriptor, such as one end of a pipe, like
  /// ``send(_:timeout:retryOnInterrupt:)-(FileDescriptor,_,_)``.
  ///
  /// The value stays open in this process.
  public func send(
    _ owner: borrowing some DescriptorRepresentable & ~Copyable, timeout: Timeout = .never,
    retryOnInterrupt: Bool = true
  ) throws(IPCError) {
    try send(owner.descriptor, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
  }

  /// Receives one descriptor, and discards the bytes that were sent with it.
  ///
  /// - Parameters:
  ///   - payloadLength: The number of bytes that the sender sends with the descriptor, 1 to 32768. The sender must send
  ///     them in one call. Any further bytes stay in the stream.
  ///   - timeout: How long to wait for the descriptor.
  ///   - retryOnInterrupt: Whether to continue after a signal handler interrupts the call; if false, the call throws
  ///     `.interrupted`.
  /// - Returns: The descriptor, which is close-on-exec.
  /// - Throws: ``IPCError`` with `.noData` if the peer sent bytes without a descriptor, or closed the connection;
  ///   `.messageTooLong` if the peer sent several descriptors, all of which are closed; any error from
  ///   ``receive(into:ancillary:peeking:timeout:retryOnInterrupt:)``.
  ///
  /// Calls `recvmsg(2)` with `MSG_CMSG_CLOEXEC`.
  public func receiveDescriptor(
    payloadLength: Int = 1, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> OwnedDescriptor {
    // The kernel splits a longer message, and one call receives only its first part.
    precondition(1...32768 ~= payloadLength, "payloadLength must be 1 to 32768")
    var payload: [UInt8] = []
    var ancillary = AncillaryData(maximumDescriptors: 1)
    _ = try receive(
      maxLength: payloadLength, appendingTo: &payload, ancillary: &ancillary, timeout: timeout,
      retryOnInterrupt: retryOnInterrupt)
    if ancillary.isControlTruncated { throw IPCError(.recvmsg, .messageTooLong, on: .socket(descriptor)) }
    guard let received = ancillary.takeDescriptor() else {
      throw IPCError(.recvmsg, .noData, on: .socket(descriptor))
    }
    return received
  }
}
