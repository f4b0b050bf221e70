internal import IPC
internal import SystemPackage

/// A handle that bytes go through, and that a channel can run on.
protocol StreamHandle: AnyObject {
  /// How long a call waits: until its `timeout`, or else as it is the handle's way.
  func patience(_ parameters: Parameters) throws -> Patience
}

typealias ChannelSource = any ByteSource & StreamHandle
typealias ChannelSink = any ByteSink & StreamHandle

/// A handle of a channel, over handles that stay open when it is closed.
final class ChannelHandle: Handle {
  private let reader: ChannelSource?
  private let writer: ChannelSink?
  private let limit: UInt32
  private var receiver: Channel.Receiver<HandleStream>
  private var sender: Channel.Sender<HandleStream>

  init(reading reader: ChannelSource?, writing writer: ChannelSink?, limit: UInt32) {
    self.reader = reader
    self.writer = writer
    self.limit = limit
    receiver = Channel.Receiver(HandleStream(reader: reader, writer: nil), limit: limit)
    sender = Channel.Sender(HandleStream(reader: nil, writer: writer), limit: limit)
  }

  func close() {}

  func send(_ message: RawSpan, _ parameters: Parameters) throws -> Channel.SendResult {
    let patience = try Self.patience(of: writer, "write", parameters)
    return try sender.send(message, patience: patience, interruption: try parameters.interruption())
  }

  func receive(_ message: inout [UInt8], _ parameters: Parameters) throws -> Channel.ReceiveResult {
    let patience = try Self.patience(of: reader, "read", parameters)
    return try receiver.receive(&message, patience: patience, interruption: try parameters.interruption())
  }

  /// Both directions, for requests and replies.
  func connection() throws -> Channel.Connection<HandleStream> {
    guard reader != nil, writer != nil else { throw Invalid("the channel has not both directions") }
    return Channel.Connection(HandleStream(reader: reader, writer: writer), limit: limit)
  }

  private static func patience(
    of end: (any StreamHandle)?, _ direction: String, _ parameters: Parameters
  ) throws -> Patience {
    guard let end else { throw Invalid("the channel has no '\(direction)'") }
    return try end.patience(parameters)
  }
}

/// Handles as the library takes the streams of others: whatever can be read from and written to.
struct HandleStream: ByteSource, ByteSink {
  var reader: ChannelSource?
  var writer: ChannelSink?

  mutating func read(
    into bytes: inout OutputRawSpan, patience: Patience, interruption: Interruption
  ) throws(IPCError) -> ReadResult {
    guard let result = try reader?.read(into: &bytes, patience: patience, interruption: interruption) else {
      throw IPCError(call: "read", errno: .badFileDescriptor)
    }
    return result
  }

  mutating func write(
    _ bytes: RawSpan, patience: Patience, interruption: Interruption
  ) throws(IPCError) -> WriteResult {
    guard let result = try writer?.write(bytes, patience: patience, interruption: interruption) else {
      throw IPCError(call: "write", errno: .badFileDescriptor)
    }
    return result
  }
}
