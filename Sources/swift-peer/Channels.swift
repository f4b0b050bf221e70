internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Messages over streams of bytes.
let channelOperations: [Peer.Operation] = [
  .init("channel_stream") { peer, parameters in
    let (reader, writer) = (try parameters.text("reader"), try parameters.text("writer"))
    try peer.handles.require(free: reader, writer)
    let ends = try stream(over: try parameters.text("over"), FIFO(FilePath(try parameters.text("path"))))
    try peer.handles.add(ends.reader, as: reader)
    try peer.handles.add(ends.writer, as: writer)
    var fields = Fields()
    fields.append("fd", "\(ends.reader.descriptor.rawValue),\(ends.writer.descriptor.rawValue)")
    return fields
  },

  .init("channel_open") { peer, parameters in
    try peer.handles.require(free: parameters.handle)
    let (reader, writer) = (
      try peer.stream("read", parameters, as: ChannelSource.self),
      try peer.stream("write", parameters, as: ChannelSink.self)
    )
    guard reader != nil || writer != nil else { throw Invalid("a channel reads, or writes, or both") }
    let limit = parameters.has("limit") ? UInt32(try parameters.room("limit")) : Channel.defaultLimit
    try peer.handles.add(ChannelHandle(reading: reader, writing: writer, limit: limit), as: parameters.handle)
    return Fields()
  },

  .init("channel_close") { peer, parameters in
    try peer.handles.close(parameters.handle, as: ChannelHandle.self, "channel")
    return Fields()
  },

  .init("channel_send") { peer, parameters in
    let channel = try peer.channel(parameters)
    let message = try parameters.payload("msg", length: "msg_len")
    switch try channel.send(unsafe message.span.bytes, parameters) {
    case .sent: return Fields()
    case .nobodyReads: throw Failure(.brokenPipe)
    case .wouldBlock: throw Failure(.wouldBlock)
    case .timedOut: throw Failure(.timedOut)
    }
  },

  .init("channel_receive") { peer, parameters in
    let channel = try peer.channel(parameters)
    var message: [UInt8] = []
    var fields = Fields()
    switch try channel.receive(&message, parameters) {
    case .received: fields.append("eof", "no")
    case .endOfStream: fields.append("eof", "yes")
    case .wouldBlock: throw Failure(.wouldBlock)
    case .timedOut: throw Failure(.timedOut)
    }
    fields.append("return", message.count)
    try parameters.report(message, as: "msg", in: &fields)
    return fields
  },
]

private func stream(over kind: String, _ fifo: FIFO) throws -> (reader: any ByteHandle, writer: any ByteHandle) {
  switch kind {
  case "pipe":
    let pipe = try Pipe()
    return (PipeHandle.owning(pipe.reader), PipeHandle.owning(pipe.writer))
  case "fifo":
    try fifo.make(permissions: [.ownerReadWrite])
    do {
      // Once there is a reader, which waits for nobody, the writer need not wait either.
      guard let reader = try fifo.openForReading(patience: .none) else { throw Failure(.noSuchAddressOrDevice) }
      let writer = try fifo.openForWriting()
      try fifo.unlink()
      return (PipeHandle.owning(reader), PipeHandle.owning(writer))
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
    // The kernel connects before anybody accepts, and accepts what is connected: nothing waits.
    try writer.connect(to: try listener.address).connected()
    guard case .accepted(let reader, _) = try listener.accept() else { throw Failure(.wouldBlock, in: "accept4") }
    // What is small is sent at once: a message has nothing to wait for behind.
    try writer.setNoDelay(true)
    try reader.setNoDelay(true)
    return (SocketHandle(reader), SocketHandle(writer))
  default: throw Invalid("over=\(kind): pipe, fifo, unix or tcp")
  }
}

extension Peer {
  /// The channel that a request is about.
  func channel(_ parameters: Parameters) throws -> ChannelHandle {
    try handles.find(parameters.handle, as: ChannelHandle.self, "channel")
  }

  /// The handle that a channel is to run on, where one is given.
  fileprivate func stream<Direction>(_ key: String, _ parameters: Parameters, as type: Direction.Type) throws
    -> Direction?
  {
    guard parameters.has(key) else { return nil }
    return try handles.find(try parameters.text(key), as: type, "pipe, FIFO, socket or such end of a ring of bytes")
  }
}
