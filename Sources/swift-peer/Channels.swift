internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Message channels over byte streams.
let channelOperations: [Peer.Operation] = [
  .init("channel_stream", "reader writer over path") { peer, parameters in
    let (reader, writer) = (try parameters.text("reader"), try parameters.text("writer"))
    try peer.handles.require(free: reader, writer)
    let ends = try stream(over: try parameters.text("over"), FIFO(FilePath(try parameters.text("path"))))
    try peer.handles.add(ends.reader, as: reader)
    try peer.handles.add(ends.writer, as: writer)
    var fields = Fields()
    fields.append("fd", "\(ends.reader.descriptor.rawValue),\(ends.writer.descriptor.rawValue)")
    return fields
  },

  .init("channel_open", "handle read write limit") { peer, parameters in
    try peer.handles.require(free: parameters.handle)
    let (reader, writer) = (
      try peer.stream("read", parameters, as: HandleReader.self),
      try peer.stream("write", parameters, as: HandleWriter.self)
    )
    guard reader != nil || writer != nil else { throw Invalid("a channel has 'read' or 'write' or both") }
    let limit = parameters.has("limit") ? UInt32(try parameters.room("limit")) : MessageChannel.defaultMaximumLength
    try peer.handles.add(ChannelHandle(reading: reader, writing: writer, maximumLength: limit), as: parameters.handle)
    return Fields()
  },

  .init("channel_close", "handle") { peer, parameters in
    try peer.handles.close(parameters.handle, as: ChannelHandle.self, "channel")
    return Fields()
  },

  .init("channel_send", "handle msg msg_len pattern offset timeout eintr") { peer, parameters in
    let channel = try peer.channel(parameters)
    let message = try parameters.payload("msg", length: "msg_len")
    try channel.send(unsafe message.span.bytes, parameters)
    return Fields()
  },

  .init("channel_receive", "handle pattern offset timeout eintr") { peer, parameters in
    let channel = try peer.channel(parameters)
    var message: [UInt8] = []
    var fields = Fields()
    fields.append("eof", try channel.receive(&message, parameters) == nil ? "yes" : "no")
    fields.append("return", message.count)
    try parameters.report(message, as: "msg", in: &fields)
    return fields
  },
]

private func stream(over kind: String, _ fifo: FIFO) throws -> (reader: any ByteHandle, writer: any ByteHandle) {
  switch kind {
  case "pipe":
    let pipe = try AnonymousPipe()
    return (PipeHandle(pipe.reader), PipeHandle(pipe.writer))
  case "fifo":
    try fifo.create()
    do {
      // Opening the read end with an immediate timeout does not wait for a writer. After that, opening the write end
      // does not block either.
      let reader = try fifo.openForReading(timeout: .immediate)
      let writer = try fifo.openForWriting()
      try fifo.unlink()
      return (PipeHandle(reader), PipeHandle(writer))
    } catch {
      try? fifo.unlink()
      throw error
    }
  case "unix":
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    return (SocketHandle(pair.first), SocketHandle(pair.second))
  case "tcp":
    let listener = try TCP.Listener(at: SocketAddress(.loopback(.v4), port: 0))
    let writer = try TCP.Stream(.v4)
    // The kernel completes the connection before the listener accepts it, so neither call blocks.
    try writer.connect(to: try listener.address)
    let reader = try listener.accept()
    // Send small messages immediately.
    try writer.setNoDelay(true)
    try reader.setNoDelay(true)
    return (SocketHandle(reader), SocketHandle(writer))
  default: throw Invalid("over=\(kind): pipe, fifo, unix or tcp")
  }
}

extension Peer {
  /// Returns the channel named in a request.
  func channel(_ parameters: Parameters) throws -> ChannelHandle {
    try handles.find(parameters.handle, as: ChannelHandle.self, "channel")
  }

  /// Returns the handle to the stream for a channel or buffer, if the request names one.
  func stream<Direction>(_ key: String, _ parameters: Parameters, as type: Direction.Type) throws
    -> Direction?
  {
    guard parameters.has(key) else { return nil }
    return try handles.find(try parameters.text(key), as: type, "pipe, FIFO, socket or such end of a ring of bytes")
  }
}
