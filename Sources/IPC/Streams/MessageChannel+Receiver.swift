public import SystemPackage

extension MessageChannel {
  /// The receiving end of a channel.
  ///
  /// The receiver never reads past the current message. Therefore, `poll(2)` on the stream is reliable: the receiver
  /// never holds a complete message in a buffer.
  public struct Receiver<Source: ReadableStream & ~Copyable>: ~Copyable {
    @usableFromInline var source: Source
    @usableFromInline var frame: IncomingFrame

    /// Creates a receiver over a stream.
    ///
    /// - Parameters:
    ///   - source: The stream to read from; the receiver takes ownership.
    ///   - maximumLength: The maximum length of a message in bytes. A longer message is not read, and no memory is
    ///     allocated for it.
    public init(_ source: consuming Source, maximumLength: UInt32 = defaultMaximumLength) {
      self.source = source
      frame = IncomingFrame(maximumLength: maximumLength)
    }

    /// Whether a message has been partly received; if so, the next call resumes it.
    public var isWithinMessage: Bool { frame.isUnderWay }

    /// Receives the next message.
    ///
    /// - Parameters:
    ///   - message: The array to overwrite with the message; unchanged on error. Reusing an array avoids reallocation.
    ///   - timeout: How long to wait for the whole message, even if it arrives slowly.
    ///   - retryOnInterrupt: Whether to continue after a signal handler interrupts the call; if false, the call throws
    ///     `.interrupted`.
    /// - Returns: The length of the message; nil at end of file.
    /// - Throws: ``IPCError`` with `.messageTooLong` if the announced length exceeds the limit; `.protocolError` if the
    ///   stream ends within a message; `.timedOut`, `.wouldBlock` or `.interrupted`, after which another call resumes
    ///   the message.
    @inlinable
    public mutating func receive(
      into message: inout [UInt8], timeout: Timeout = .never, retryOnInterrupt: Bool = true
    ) throws(IPCError) -> Int? {
      guard let length = try frame.receive(from: &source, timeout, retryOnInterrupt) else { return nil }
      frame.move(length, to: &message)
      return length
    }

    /// Receives the next message, and passes it to `body` without copying it.
    ///
    /// Otherwise, this behaves like ``receive(into:timeout:retryOnInterrupt:)``.
    @inlinable
    public mutating func withNext<Result>(
      timeout: Timeout = .never, retryOnInterrupt: Bool = true, _ body: (RawSpan) -> Result
    ) throws(IPCError) -> Result? {
      guard let length = try frame.receive(from: &source, timeout, retryOnInterrupt) else { return nil }
      defer { frame.received = 0 }
      return frame.isShort(length)
        ? body(unsafe UnsafeRawBufferPointer(start: frame.stage + OutgoingFrame.headerSize, count: length).bytes)
        : body(unsafe frame.body.span.bytes)
    }

    /// Receives the next message if it has arrived.
    ///
    /// - Returns: The length of the message, `.wouldBlock` or `.endOfStream`. After `.wouldBlock`, ``isWithinMessage``
    ///   shows whether part of a message has arrived.
    public mutating func tryReceive(into message: inout [UInt8]) throws(IPCError) -> TryResult<Int> {
      guard
        let result = try nilIfWouldBlock({ () throws(IPCError) in
          try receive(into: &message, timeout: .immediate).map(TryResult.ready) ?? .endOfStream
        })
      else { return .wouldBlock }
      return result
    }

    /// Returns the stream.
    public consuming func release() -> Source { source }
  }
}

extension MessageChannel.Receiver where Source: DescriptorRepresentable & ~Copyable {
  package var descriptor: FileDescriptor { source.descriptor }
}

extension MessageChannel.Receiver: Sendable where Source: Sendable & ~Copyable {}

/// A partially received message.
@usableFromInline @safe
struct IncomingFrame: ~Copyable, @unchecked Sendable {
  /// The size in bytes of the fixed-size buffer for a header and a short message.
  ///
  /// Longer messages arrive in an array, which grows to at most twice the bytes that have arrived.
  @usableFromInline static let stageSize = 4096

  @usableFromInline let stage: UnsafeMutableRawPointer
  @usableFromInline let maximumLength: Int
  /// The number of bytes that have arrived, including the header.
  @usableFromInline var received = 0
  /// The part of a long message that has arrived.
  @usableFromInline var body: [UInt8] = []
  @usableFromInline var isBroken = false
  /// The error that made the channel unusable; nil if messages can be received.
  private var failure: IPCError?

  init(maximumLength: UInt32) {
    self.maximumLength = Int(maximumLength)
    unsafe stage = .allocate(byteCount: Self.stageSize, alignment: 8)
  }

  @inlinable deinit { unsafe stage.deallocate() }

  var isUnderWay: Bool { received > 0 }

  /// Whether the message fits in the fixed-size buffer.
  @inlinable @inline(__always)
  func isShort(_ length: Int) -> Bool { length <= IncomingFrame.stageSize &- OutgoingFrame.headerSize }

  /// Receives the rest of a message, and returns the length of the message; nil at end of file.
  @inlinable @inline(__always)
  mutating func receive<Source: ReadableStream & ~Copyable>(
    from source: inout Source, _ timeout: Timeout, _ retryOnInterrupt: Bool
  ) throws(IPCError) -> Int? {
    if isBroken { try throwFailure() }
    do throws(IPCError) {
      while received < OutgoingFrame.headerSize {
        if try read(upTo: OutgoingFrame.headerSize, from: &source, timeout, retryOnInterrupt) == 0 { return try end() }
      }
      let length = Int(UInt32(littleEndian: unsafe stage.load(as: UInt32.self)))
      if length > maximumLength { throw broken(.messageTooLong) }
      if !isShort(length) { return try receiveLong(length, from: &source, timeout, retryOnInterrupt) }
      while received < OutgoingFrame.headerSize &+ length {
        if try read(upTo: OutgoingFrame.headerSize &+ length, from: &source, timeout, retryOnInterrupt) == 0 {
          return try end()
        }
      }
      return length
    } catch {
      note(error)
      throw error
    }
  }

  /// Reads once into the fixed-size buffer.
  @inlinable @inline(__always)
  mutating func read<Source: ReadableStream & ~Copyable>(
    upTo end: Int, from source: inout Source, _ timeout: Timeout, _ retryOnInterrupt: Bool
  ) throws(IPCError) -> Int {
    let room = unsafe UnsafeMutableRawBufferPointer(start: stage + received, count: end &- received)
    var bytes = unsafe OutputRawSpan(buffer: room, initializedCount: 0)
    _ = try source.read(into: &bytes, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
    // Do not trust the returned count, because any type can be a stream.
    let count = bytes.byteCount
    received &+= count
    return count
  }

  @inlinable @inline(never)
  mutating func receiveLong<Source: ReadableStream & ~Copyable>(
    _ length: Int, from source: inout Source, _ timeout: Timeout, _ retryOnInterrupt: Bool
  ) throws(IPCError) -> Int? {
    if received == OutgoingFrame.headerSize { body.removeAll(keepingCapacity: true) }
    while body.count < length {
      let missing = length - body.count
      let room = min(missing, max(body.capacity - body.count, body.count, IncomingFrame.stageSize))
      let before = body.count
      _ = try body.append(maxLength: room) { (bytes) throws(IPCError) in
        try source.read(into: &bytes, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
      }
      if body.count == before { return try end() }
      received += body.count - before
    }
    return length
  }

  /// Replaces the contents of `message` with the received message.
  ///
  /// For a long message, this swaps the two arrays, so that the next message reuses the memory of the caller's array.
  @inlinable @inline(__always)
  mutating func move(_ length: Int, to message: inout [UInt8]) {
    if isShort(length) {
      let bytes = unsafe UnsafeRawBufferPointer(start: stage + OutgoingFrame.headerSize, count: length)
      if message.count == length {
        // A message with the same length as the previous one, the most common case, costs only a copy.
        unsafe message.withUnsafeMutableBytes { unsafe $0.copyMemory(from: bytes) }
      } else {
        message.removeAll(keepingCapacity: true)
        unsafe message.append(contentsOf: bytes)
      }
    } else {
      swap(&message, &body)
    }
    received = 0
  }

  /// Handles the end of the stream, which is an error within a message.
  @usableFromInline @inline(never)
  func end() throws(IPCError) -> Int? {
    if isUnderWay { throw broken(.protocolError) }
    return nil
  }

  @usableFromInline @inline(never)
  func broken(_ reason: Errno) -> IPCError { IPCError(.messageChannelReceive, reason, transferred: received) }

  @usableFromInline @inline(never)
  func throwFailure() throws(IPCError) {
    if let failure { throw failure }
  }

  /// Makes the channel unusable after a protocol error or the sender's death.
  ///
  /// The successor of a sender that died starts with a new message.
  @usableFromInline @inline(never)
  mutating func note(_ error: IPCError) {
    guard error.call == .messageChannelReceive || error.errno == .ownerDied else { return }
    (failure, isBroken) = (error, true)
    // The rest of this message will never arrive.
    body = []
  }
}
