internal import SystemPackage

extension MessageChannel {
  /// The receiving end of a channel.
  ///
  /// It reads only bytes of the message that is being received, never more: if `poll(2)` reports that the stream has
  /// nothing to read, no message is waiting here either.
  public struct Receiver<Source: ReadableStream & ~Copyable>: ~Copyable {
    @usableFromInline var source: Source
    @usableFromInline var frame: IncomingFrame

    /// Creates a receiver over a stream.
    ///
    /// - Parameter maximumLength: The maximum length of a message in bytes. Longer ones are not read, and no memory is
    ///   allocated for them.
    public init(_ source: consuming Source, maximumLength: UInt32 = defaultMaximumLength) {
      self.source = source
      frame = IncomingFrame(maximumLength: maximumLength)
    }

    /// Whether a part of a message has been received, and the next call continues.
    public var isWithinMessage: Bool { frame.isUnderWay }

    /// Receives the next message.
    ///
    /// - Parameters:
    ///   - message: Is replaced by the message, and otherwise unchanged. An array that is reused is not reallocated.
    ///   - timeout: For the whole message, however slowly it arrives.
    /// - Returns: The length of the message; nil at end of file.
    /// - Throws: ``IPCError`` with `.messageTooLong` if the announced length is above the limit; `.protocolError` if the
    ///   stream ends within a message; `.timedOut`, `.wouldBlock` or `.interrupted`, after which the next call continues.
    @inlinable
    public mutating func receive(
      into message: inout [UInt8], timeout: Timeout = .never, retryOnInterrupt: Bool = true
    ) throws(IPCError) -> Int? {
      guard try frame.receive(from: &source, timeout, retryOnInterrupt) else { return nil }
      frame.exchange(for: &message)
      return message.count
    }

    /// Receives the next message, and passes it to `body`. Nothing is copied.
    ///
    /// Like ``receive(into:timeout:retryOnInterrupt:)``.
    @inlinable
    public mutating func withNext<Result>(
      timeout: Timeout = .never, retryOnInterrupt: Bool = true, _ body: (RawSpan) -> Result
    ) throws(IPCError) -> Result? {
      guard try frame.receive(from: &source, timeout, retryOnInterrupt) else { return nil }
      defer { frame.begin() }
      return body(unsafe frame.body.span.bytes)
    }

    /// Receives the next message if it has arrived.
    ///
    /// - Returns: The length of the message, or why there is none. If ``isWithinMessage`` is true, a part has arrived.
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

extension MessageChannel.Receiver: Sendable where Source: Sendable & ~Copyable {}

/// A message that is being received, and how much of it has arrived.
@usableFromInline
struct IncomingFrame: Sendable {
  /// Memory that is allocated at once. Beyond it, the memory at most doubles with what has arrived.
  @usableFromInline static let firstRoom = 4096

  private let maximumLength: UInt32
  /// As it arrives: little-endian.
  @usableFromInline var header: UInt32 = 0
  @usableFromInline var headerCount = 0
  @usableFromInline var body: [UInt8] = []
  /// Why nothing more can be received.
  private var failure: IPCError?

  init(maximumLength: UInt32) { self.maximumLength = maximumLength }

  var isUnderWay: Bool { headerCount > 0 }

  /// Receives what is missing of a message, which is in `body` then.
  ///
  /// - Returns: false at end of file.
  @inlinable
  mutating func receive<Source: ReadableStream & ~Copyable>(
    from source: inout Source, _ timeout: Timeout, _ retryOnInterrupt: Bool
  ) throws(IPCError) -> Bool {
    try check()
    do throws(IPCError) {
      while headerCount < OutgoingFrame.headerSize {
        if try readHeader(from: &source, timeout, retryOnInterrupt) == 0 { return try end() }
      }
      let length = try length()
      while body.count < length {
        let missing = length - body.count
        let room = min(missing, max(body.capacity - body.count, body.count, Self.firstRoom))
        let count = try body.append(maxLength: room) { (bytes) throws(IPCError) in
          try source.read(into: &bytes, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
        }
        if count == 0 { return try end() }
      }
      return true
    } catch {
      noteFailure(error)
      throw error
    }
  }

  @inlinable
  mutating func readHeader<Source: ReadableStream & ~Copyable>(
    from source: inout Source, _ timeout: Timeout, _ retryOnInterrupt: Bool
  ) throws(IPCError) -> Int {
    let before = headerCount
    let result = try unsafe withUnsafeMutableBytes(of: &header) { (buffer) throws(IPCError) in
      var bytes = unsafe OutputRawSpan(buffer: buffer, initializedCount: before)
      return try source.read(into: &bytes, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
    }
    headerCount = before + result
    return result
  }

  @usableFromInline
  mutating func length() throws(IPCError) -> Int {
    let announced = UInt32(littleEndian: header)
    if announced > maximumLength { throw broken(.messageTooLong) }
    return Int(announced)
  }

  /// Passes the message on, in exchange for an array whose memory the next message uses.
  @usableFromInline
  mutating func exchange(for message: inout [UInt8]) {
    swap(&message, &body)
    begin()
  }

  @usableFromInline
  mutating func begin() {
    headerCount = 0
    body.removeAll(keepingCapacity: true)
  }

  @usableFromInline @inline(__always)
  func check() throws(IPCError) {
    if let failure { throw failure }
  }

  /// The stream has ended, which is an error within a message.
  @usableFromInline @inline(never)
  mutating func end() throws(IPCError) -> Bool {
    if isUnderWay { throw broken(.protocolError) }
    return false
  }

  private func broken(_ reason: Errno) -> IPCError {
    IPCError(.messageChannelReceive, reason, transferred: headerCount + body.count)
  }

  /// After a death, a successor begins with a message of its own.
  @usableFromInline @inline(never)
  mutating func noteFailure(_ error: IPCError) {
    guard error.call == .messageChannelReceive || error.errno == .ownerDied else { return }
    failure = error
    // The rest of this message will never arrive.
    body = []
  }
}
