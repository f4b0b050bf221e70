internal import IPC

typealias HandleReader = any ReadableStream & StreamHandle
typealias HandleWriter = any WritableStream & StreamHandle

/// A handle to a channel over other handles; closing the channel does not close them.
final class ChannelHandle: Handle {
  private let reader: HandleReader?
  private let writer: HandleWriter?
  private let maximumLength: UInt32
  private var receiver: MessageChannel.Receiver<HandleSource>?
  private var sender: MessageChannel.Sender<HandleSink>?

  init(reading reader: HandleReader?, writing writer: HandleWriter?, maximumLength: UInt32) {
    self.reader = reader
    self.writer = writer
    self.maximumLength = maximumLength
    if let reader { receiver = .init(HandleSource(handle: reader), maximumLength: maximumLength) }
    if let writer { sender = .init(HandleSink(handle: writer), maximumLength: maximumLength) }
  }

  func close() {}

  func send(_ message: RawSpan, _ parameters: Parameters) throws {
    guard let writer else { throw Invalid("the channel has no 'write'") }
    try sender?.send(
      message, timeout: try writer.timeout(parameters), retryOnInterrupt: try parameters.retryOnInterrupt())
  }

  /// Receives a message and returns its length, or nil at end of file.
  func receive(_ message: inout [UInt8], _ parameters: Parameters) throws -> Int? {
    guard let reader else { throw Invalid("the channel has no 'read'") }
    return try receiver?.receive(
      into: &message, timeout: try reader.timeout(parameters), retryOnInterrupt: try parameters.retryOnInterrupt())
      ?? nil
  }

  /// Returns a bidirectional channel, for requests and replies.
  func connection() throws -> MessageChannel.Connection<StreamPair<HandleSource, HandleSink>> {
    guard let reader, let writer else { throw Invalid("the channel does not have both directions") }
    return MessageChannel.Connection(
      reading: HandleSource(handle: reader), writing: HandleSink(handle: writer), maximumLength: maximumLength)
  }
}

/// A stream that reads from a handle.
struct HandleSource: ReadableStream {
  var handle: HandleReader

  mutating func read(
    into bytes: inout OutputRawSpan, timeout: Timeout, retryOnInterrupt: Bool
  ) throws(IPCError) -> Int {
    try handle.read(into: &bytes, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
  }
}

/// A stream that writes to a handle.
struct HandleSink: WritableStream {
  var handle: HandleWriter

  mutating func write(_ bytes: RawSpan, timeout: Timeout, retryOnInterrupt: Bool) throws(IPCError) -> Int {
    try handle.write(bytes, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
  }
}
