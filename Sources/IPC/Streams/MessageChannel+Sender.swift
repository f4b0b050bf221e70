package import SystemPackage

extension MessageChannel {
  /// The sending end of a channel.
  public struct Sender<Sink: WritableStream & ~Copyable>: ~Copyable {
    @usableFromInline var sink: Sink
    @usableFromInline var frame: OutgoingFrame

    /// Creates a sender over a stream.
    ///
    /// - Parameters:
    ///   - sink: The stream to write to; the sender takes ownership.
    ///   - maximumLength: The maximum length of a message in bytes.
    public init(_ sink: consuming Sink, maximumLength: UInt32 = defaultMaximumLength) {
      self.sink = sink
      frame = OutgoingFrame(maximumLength: maximumLength)
    }

    /// Whether a message has been partly sent; if so, sending the same message again resumes it.
    public var isWithinMessage: Bool { frame.isUnderWay }

    /// Sends a message.
    ///
    /// In a pipe, a message of up to ``AnonymousPipe/maximumAtomicWriteLength`` − 4 bytes is never interleaved with
    /// other messages, even if several processes send to the pipe.
    ///
    /// - Parameters:
    ///   - message: The bytes of the message; may be empty.
    ///   - timeout: How long to wait for the whole message to be sent.
    ///   - retryOnInterrupt: Whether to continue after a signal handler interrupts the call; if false, the call throws
    ///     `.interrupted`.
    /// - Throws: ``IPCError`` with `.messageTooLong` if the message exceeds the limit, in which case nothing is sent;
    ///   `.alreadyInProcess` if a different message has been partly sent; `.brokenPipe` if all readers are
    ///   gone; `.timedOut`, `.wouldBlock` or `.interrupted`, after which sending the same message again resumes it.
    @inlinable
    public mutating func send(
      _ message: RawSpan, timeout: Timeout = .never, retryOnInterrupt: Bool = true
    ) throws(IPCError) {
      try frame.send(message, to: &sink, timeout, retryOnInterrupt)
    }

    /// Sends the bytes of an array or a string, like ``send(_:timeout:retryOnInterrupt:)-(RawSpan,_,_)``.
    @inlinable
    public mutating func send(
      _ message: Span<UInt8>, timeout: Timeout = .never, retryOnInterrupt: Bool = true
    ) throws(IPCError) {
      try frame.send(unsafe message.bytes, to: &sink, timeout, retryOnInterrupt)
    }

    /// Sends a message without waiting.
    ///
    /// - Returns: false if the call would block. If ``isWithinMessage`` is then true, call again with the
    ///   same message to continue.
    public mutating func trySend(_ message: RawSpan) throws(IPCError) -> Bool {
      try nilIfWouldBlock { () throws(IPCError) in try send(message, timeout: .immediate) } != nil
    }

    /// Returns the stream.
    public consuming func release() -> Sink { sink }
  }
}

extension MessageChannel.Sender where Sink: DescriptorRepresentable & ~Copyable {
  package var descriptor: FileDescriptor { sink.descriptor }

  /// Sends as much of a message as possible without waiting.
  ///
  /// The next attempt must have the same message, until ``recordUnfinished(_:)`` is called.
  package mutating func attemptSend(_ message: RawSpan) throws(IPCError) {
    try frame.send(message, to: &sink, .immediate, true, recording: false)
  }

  /// Records which message is partly sent after the last attempt, so that a later call can resume only this message.
  package mutating func recordUnfinished(_ message: RawSpan) { frame.record(message) }
}

extension MessageChannel.Sender: Sendable where Sink: Sendable & ~Copyable {}

/// Identifies a message without keeping its bytes.
struct MessageFingerprint {
  private let length: Int
  private let hash: Int

  init(_ message: RawSpan) {
    length = message.byteCount
    var hasher = Hasher()
    unsafe message.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
    hash = hasher.finalize()
  }

  func matches(_ message: RawSpan) -> Bool {
    length == message.byteCount && hash == MessageFingerprint(message).hash
  }
}

/// A message that is being sent, and the number of bytes that the stream has accepted.
@usableFromInline @safe
struct OutgoingFrame: ~Copyable, @unchecked Sendable {
  /// The size of the length prefix in bytes.
  @usableFromInline static let headerSize = 4
  /// The size of the stage, a buffer for the length prefix and the start of a message.
  ///
  /// One call sends the whole stage, so a pipe does not interleave short messages with other messages.
  @usableFromInline static let stageSize = AnonymousPipe.maximumAtomicWriteLength

  @usableFromInline let stage: UnsafeMutableRawPointer
  private let maximumLength: Int
  /// The maximum length of a message that fits in the stage together with its length prefix.
  @usableFromInline let maximumShortLength: Int
  @usableFromInline var length = 0
  /// The number of bytes that the stream has accepted, including the header.
  @usableFromInline var sent = 0
  /// Whether a new message can be sent: no message has been partly sent, and the channel is not broken.
  @usableFromInline var isReady = true
  /// Identifies the partly sent message that the last call left unfinished.
  ///
  /// This is nil during a call, and between attempts to send the same message.
  private var unfinished: MessageFingerprint?
  /// The error that made the channel unusable; nil if messages can be sent.
  private var failure: IPCError?

  init(maximumLength: UInt32) {
    self.maximumLength = Int(maximumLength)
    maximumShortLength = min(Int(maximumLength), Self.stageSize - Self.headerSize)
    unsafe stage = .allocate(byteCount: Self.stageSize, alignment: 8)
  }

  @inlinable deinit { unsafe stage.deallocate() }

  var isUnderWay: Bool { sent > 0 }

  @inlinable @inline(__always)
  mutating func send<Sink: WritableStream & ~Copyable>(
    _ message: RawSpan, to sink: inout Sink, _ timeout: Timeout, _ retryOnInterrupt: Bool, recording: Bool = true
  ) throws(IPCError) {
    let count = message.byteCount
    guard isReady, count <= maximumShortLength else {
      return try sendSlowly(message, to: &sink, timeout, retryOnInterrupt, recording)
    }
    unsafe fill(message, count)
    do throws(IPCError) {
      let bytes = unsafe UnsafeRawBufferPointer(start: stage, count: OutgoingFrame.headerSize &+ count).bytes
      let taken = try sink.write(bytes, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
      if taken == OutgoingFrame.headerSize &+ count { return }
      note(taken, count)
    } catch {
      note(error)
      throw error
    }
    try sendSlowly(message, to: &sink, timeout, retryOnInterrupt, recording)
  }

  /// Sends a long message, or the rest of a partly sent one.
  ///
  /// If the call fails, it calls ``record(_:)``, unless `recording` is false.
  @inlinable @inline(never)
  mutating func sendSlowly<Sink: WritableStream & ~Copyable>(
    _ message: RawSpan, to sink: inout Sink, _ timeout: Timeout, _ retryOnInterrupt: Bool, _ recording: Bool
  ) throws(IPCError) {
    let staged = try begin(message)
    do throws(IPCError) {
      while sent < staged {
        let bytes = unsafe UnsafeRawBufferPointer(start: stage + sent, count: staged - sent).bytes
        let taken = try sink.write(bytes, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
        precondition(0...bytes.byteCount ~= taken, "a stream must not return more than the number of bytes passed")
        sent += taken
      }
      while sent < OutgoingFrame.headerSize + length {
        let rest = message.extracting(droppingFirst: sent - OutgoingFrame.headerSize)
        let taken = try sink.write(rest, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
        precondition(0...rest.byteCount ~= taken, "a stream must not return more than the number of bytes passed")
        sent += taken
      }
    } catch {
      note(error)
      if recording { record(message) }
      throw error
    }
    (sent, isReady) = (0, true)
  }

  /// Prepares the message unless part of it has been sent, and returns the number of bytes used in the stage.
  @usableFromInline
  mutating func begin(_ message: RawSpan) throws(IPCError) -> Int {
    if let failure { throw failure }
    let count = message.byteCount
    let staged = min(count, OutgoingFrame.stageSize - OutgoingFrame.headerSize)
    if sent > 0 {
      guard count == length, unfinished?.matches(message) ?? true else {
        throw IPCError(.messageChannelSend, .alreadyInProcess)
      }
      unfinished = nil
    } else {
      if count > maximumLength { throw IPCError(.messageChannelSend, .messageTooLong) }
      length = count
      unsafe fill(message, staged)
    }
    return OutgoingFrame.headerSize + staged
  }

  /// Stores the length and the message's first `staged` bytes.
  @inlinable @inline(__always) @unsafe
  func fill(_ message: RawSpan, _ staged: Int) {
    unsafe stage.storeBytes(of: UInt32(truncatingIfNeeded: message.byteCount).littleEndian, as: UInt32.self)
    unsafe message.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return }
      unsafe (stage + OutgoingFrame.headerSize).copyMemory(from: start, byteCount: staged)
    }
  }

  /// Records how much of a message the stream has accepted.
  @usableFromInline @inline(never)
  mutating func note(_ taken: Int, _ count: Int) {
    precondition(
      0...OutgoingFrame.headerSize + count ~= taken, "a stream must not return more than the number of bytes passed")
    (sent, length, isReady) = (taken, count, false)
  }

  /// Records which message is partly sent, so that only the same message can resume it.
  ///
  /// This reads the whole message, so call it once when a caller stops sending, not after each attempt.
  @usableFromInline @inline(never)
  mutating func record(_ message: RawSpan) {
    if sent > 0, unfinished == nil { unfinished = MessageFingerprint(message) }
  }

  /// Makes the channel unusable after a failure.
  ///
  /// After a broken pipe, a new reader could not determine where a message starts. The successor of a receiver that
  /// died cannot determine which message its predecessor was reading.
  @usableFromInline @inline(never)
  mutating func note(_ error: IPCError) {
    if error.errno == .brokenPipe || error.errno == .ownerDied { failure = error }
    isReady = failure == nil && sent == 0
  }
}
