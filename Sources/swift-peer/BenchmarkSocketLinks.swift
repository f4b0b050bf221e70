internal import IPC
internal import PeerProtocol
internal import SystemPackage

// Benchmark links over streams and sockets, which transfer framed messages, buffered messages or descriptors, or
// establish connections.

func runChannel(_ benchmark: inout Benchmark, _ peer: Peer, _ ends: Ends) throws {
  let (sink, source) = (try peer.handles.find(ends.write), try peer.handles.find(ends.read))
  if let sink = sink as? PipeHandle, let source = source as? PipeHandle {
    try benchmark.runChannel(sink, source)
  } else if let sink = sink as? SocketHandle, let source = source as? SocketHandle {
    try benchmark.runChannel(sink, source)
  } else {
    throw Invalid("write and read are two pipes or FIFOs, or two sockets")
  }
}

func runBuffered(_ benchmark: inout Benchmark, _ peer: Peer, _ ends: Ends) throws {
  let (sink, source) = (try peer.handles.find(ends.write), try peer.handles.find(ends.read))
  if let sink = sink as? PipeHandle, let source = source as? PipeHandle {
    try benchmark.runBuffered(sink, source)
  } else if let sink = sink as? SocketHandle, let source = source as? SocketHandle {
    try benchmark.runBuffered(sink, source)
  } else {
    throw Invalid("write and read are two pipes or FIFOs, or two sockets")
  }
}

extension Benchmark {
  fileprivate mutating func runChannel(_ sink: some WritableStream, _ source: some ReadableStream) throws {
    var sender = MessageChannel.Sender(sink)
    var receiver = MessageChannel.Receiver(source)
    try run(
      send: { (bytes) throws(IPCError) in try sender.send(bytes, retryOnInterrupt: false) },
      receive: { (room) throws(IPCError) in
        try receiver.withNext(retryOnInterrupt: false) { message in
          room.append(copying: message)
          return message.byteCount
        }
      })
  }

  /// Runs the loop through buffers.
  ///
  /// If each message expects a reply, flushes the buffer after each message.
  fileprivate mutating func runBuffered(_ sink: some WritableStream, _ source: some ReadableStream) throws {
    let flushes = loop == .ping || loop == .pong
    var writer = BufferedWriter(sink)
    var reader = BufferedReader(source)
    try run(
      send: { (bytes) throws(IPCError) in
        try writer.write(bytes, retryOnInterrupt: false)
        if flushes { try writer.flush(retryOnInterrupt: false) }
      },
      receive: { [size] (room) throws(IPCError) in
        if size == 0 { return 0 }
        return try reader.readExactly(into: &room, retryOnInterrupt: false) == size ? size : nil
      })
    do throws(IPCError) { try writer.flush() } catch { throw Failure(error, progress) }
  }
}

extension OutputRawSpan {
  /// Appends as many bytes of a message as fit.
  fileprivate mutating func append(copying message: RawSpan) {
    unsafe withUnsafeMutableBytes { buffer, filled in
      let count = min(message.byteCount, buffer.count - filled)
      unsafe message.withUnsafeBytes { message in
        guard let source = message.baseAddress, let start = buffer.baseAddress else { return }
        unsafe (start + filled).copyMemory(from: source, byteCount: count)
      }
      filled += count
    }
  }
}

/// Sends the descriptor of standard error, which every process has, with each message.
func runDescriptor(_ benchmark: inout Benchmark, _ peer: Peer, _ ends: Ends) throws {
  let to = try peer.handles.find(ends.write, as: SocketHandle.self, "socket")
  let from = try peer.handles.find(ends.read, as: SocketHandle.self, "socket")
  let passed: [1 of FileDescriptor] = [.standardError]
  var ancillary = AncillaryData(maximumDescriptors: 1)
  try to.use(as: UnixSocket.StreamStyle.self) { to in
    try from.use(as: UnixSocket.StreamStyle.self) { from in
      try benchmark.run(
        send: { (bytes) throws(IPCError) in
          try to.send(bytes, descriptors: passed.span, retryOnInterrupt: false)
        },
        receive: { (room) throws(IPCError) in
          let length = try from.receive(into: &room, ancillary: &ancillary, retryOnInterrupt: false)?.length
          guard let length else { return nil }
          guard let descriptor = ancillary.takeDescriptor() else { throw IPCError(.recvmsg, .noData) }
          try descriptor.close()
          return length
        })
    }
  }
}

/// Connects to a listening socket that both sides have open.
///
/// The active side connects and reads until end of file; the other side accepts the connection and closes it.
func runConnection(_ benchmark: inout Benchmark, _ peer: Peer, _ ends: Ends) throws {
  let socket = try peer.handles.find(ends.read, as: SocketHandle.self, "socket")
  let isActive = benchmark.loop == .ping || benchmark.loop == .send
  if let version = socket.version {
    try socket.listener { listener in
      let (connection, address) = (Connection<TCP.Stream>(), try listener.address)
      try benchmark.run(
        connection, isActive: isActive,
        connect: { () throws(IPCError) in
          let stream = try TCP.Stream(version)
          try stream.connect(to: address, retryOnInterrupt: false)
          return stream
        },
        accept: { () throws(IPCError) in try listener.accept(retryOnInterrupt: false) })
    }
  } else {
    try socket.listener(of: UnixSocket.StreamStyle.self) { listener in
      let (connection, address) = (Connection<UnixSocket.Stream>(), try listener.address)
      try benchmark.run(
        connection, isActive: isActive,
        connect: { () throws(IPCError) in
          let stream = try UnixSocket.Stream()
          try stream.connect(to: address, retryOnInterrupt: false)
          return stream
        },
        accept: { () throws(IPCError) in try listener.accept(retryOnInterrupt: false) })
    }
  }
}

/// The most recently established or accepted connection.
private final class Connection<Stream: ReadableDescriptor & DescriptorOwner & ~Copyable> {
  private var stream: Stream?

  func replace(by next: consuming Stream) throws(IPCError) {
    try close()
    stream = consume next
  }

  /// Reads, expecting end of file.
  func readEnd() throws(IPCError) {
    var byte: [1 of UInt8] = [0]
    var bytes = byte.mutableSpan
    let count = try unsafe bytes.withUnsafeMutableBytes { (buffer) throws(IPCError) in
      var room = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
      return try stream?.read(into: &room, retryOnInterrupt: false)
    }
    guard count == 0 else { throw IPCError(.recv, .protocolError) }
  }

  func close() throws(IPCError) { try stream.take()?.close() }
}

extension Benchmark {
  @inline(__always)
  fileprivate mutating func run<Stream: ReadableDescriptor & DescriptorOwner & ~Copyable>(
    _ connection: Connection<Stream>, isActive: Bool, connect: () throws(IPCError) -> Stream,
    accept: () throws(IPCError) -> Stream
  ) throws {
    try run(
      send: { (_) throws(IPCError) in
        if isActive { try connection.replace(by: try connect()) } else { try connection.close() }
      },
      receive: { (_) throws(IPCError) in
        if isActive {
          try connection.readEnd()
          try connection.close()
        } else {
          try connection.replace(by: try accept())
        }
        return 0
      })
    try connection.close()
  }
}
