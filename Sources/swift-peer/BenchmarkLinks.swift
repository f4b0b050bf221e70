internal import Glibc
internal import IPC
internal import PeerProtocol
internal import SystemPackage

extension Benchmark {
  /// Runs the loop through the objects named in a request, with the calls that its parameter `by` selects.
  mutating func run(_ peer: Peer, _ parameters: Parameters) throws {
    let name = try parameters.text("by")
    guard let link = Self.links[name] else { throw Invalid("by=\(name) is not a way to send messages") }
    guard link.hasBytes || size == 0 else { throw Invalid("by=\(name) has no bytes, so 'size' is 0") }
    try link.run(&self, peer, try Ends(parameters, of: link.needsEnds ? loop : nil))
  }

  /// A mechanism for sending messages.
  struct Link {
    var hasBytes = true
    var needsEnds = true
    let run: @Sendable (inout Benchmark, Peer, Ends) throws -> Void
  }

  private static let links: [String: Link] = [
    "none": Link(hasBytes: false, needsEnds: false) { benchmark, _, _ in
      try benchmark.run(send: { (_) throws(IPCError) in }, receive: { (_) throws(IPCError) in 0 })
    },
    "stream": Link { benchmark, peer, ends in try ignoringSIGPIPE { try runStream(&benchmark, peer, ends) } },
    "stream-raw": Link { benchmark, peer, ends in try ignoringSIGPIPE { try runRawStream(&benchmark, peer, ends) } },
    "stream-nosignal": Link(run: runStream),
    "packet": Link(run: runPacket), "mq": Link(run: runMessageQueue), "msg": Link(run: runSystemVMessages),
    "ring": Link(run: runRing), "ring-spin": Link(run: runSpinningRing), "ring-place": Link(run: runRingInPlace),
    "queue": Link(run: runQueue), "queue-spin": Link(run: runSpinningQueue), "queue-place": Link(run: runQueueInPlace),
    "sem": Link(hasBytes: false, run: runSemaphore), "semop": Link(hasBytes: false, run: runSystemVSemaphores),
    "eventfd": Link(hasBytes: false, run: runEventFD), "signal": Link(hasBytes: false, run: runSignal),
    "mutex": Link(hasBytes: false, run: runMutex), "mailbox": Link(run: runMailbox), "block": Link(run: runBlock),
    "record-lock": Link(hasBytes: false, run: runRecordLock), "file-lock": Link(hasBytes: false, run: runFileLock),
    "channel": Link { benchmark, peer, ends in try ignoringSIGPIPE { try runChannel(&benchmark, peer, ends) } },
    "buffered": Link { benchmark, peer, ends in try ignoringSIGPIPE { try runBuffered(&benchmark, peer, ends) } },
    "descriptor": Link(run: runDescriptor), "connection": Link(hasBytes: false, run: runConnection),
  ]

  /// Runs `body` while the process ignores `SIGPIPE`, which the C peer always does.
  private static func ignoringSIGPIPE(_ body: () throws -> Void) throws {
    try Signal.brokenPipe.ignore()
    let result = Result { try body() }
    try Signal.brokenPipe.resetToDefault()
    try result.get()
  }
}

/// The parameters that name the objects to send to and receive from.
///
/// A request for a one-way loop has only one of these parameters. In that case, both properties have its value.
struct Ends {
  let parameters: Parameters
  let write: String
  let read: String

  init(_ parameters: Parameters, of loop: Benchmark.Loop?) throws {
    self.parameters = parameters
    switch loop {
    case nil: (write, read) = ("", "")
    case .send:
      write = try parameters.text("write")
      read = write
    case .receive:
      read = try parameters.text("read")
      write = read
    case .ping, .pong: (write, read) = (try parameters.text("write"), try parameters.text("read"))
    }
  }

  /// Parses the parameters as numbers.
  func numbers<Number: FixedWidthInteger>(_: Number.Type) throws -> (write: Number, read: Number) {
    guard let write = Number(write), let read = Number(read) else { throw Invalid("write and read are numbers here") }
    return (write, read)
  }
}

private func runStream(_ benchmark: inout Benchmark, _ peer: Peer, _ ends: Ends) throws {
  let (sink, source) = (try peer.handles.find(ends.write), try peer.handles.find(ends.read))
  if let sink = sink as? PipeHandle, let source = source as? PipeHandle {
    try benchmark.run(sink, source)
  } else if let sink = sink as? SocketHandle, let source = source as? SocketHandle {
    try benchmark.run(sink, source)
  } else {
    throw Invalid("write and read are two pipes or FIFOs, or two sockets")
  }
}

extension Benchmark {
  @inline(__always)
  fileprivate mutating func run(_ sink: some WritableDescriptor, _ source: some ReadableDescriptor) throws {
    try run(
      send: { (bytes) throws(IPCError) in try sink.writeAll(bytes, retryOnInterrupt: false) },
      receive: { [size] (room) throws(IPCError) in
        while room.byteCount < size { if try source.read(into: &room, retryOnInterrupt: false) == 0 { return nil } }
        return room.byteCount
      })
  }
}

/// Calls the C library directly, for comparison with the library's calls.
private func runRawStream(_ benchmark: inout Benchmark, _ peer: Peer, _ ends: Ends) throws {
  let to = try peer.handles.find(ends.write, as: (any DescriptorHandle).self, "descriptor").descriptor.rawValue
  let from = try peer.handles.find(ends.read, as: (any DescriptorHandle).self, "descriptor").descriptor.rawValue
  try benchmark.run(
    send: { (bytes) throws(IPCError) in
      var written = 0
      while written < bytes.byteCount {
        let count = unsafe bytes.withUnsafeBytes { bytes in
          unsafe bytes.baseAddress.map { unsafe write(to, $0 + written, bytes.count - written) } ?? 0
        }
        if count == -1 { throw IPCError(.write, Errno(rawValue: errno)) }
        written += count
      }
    },
    receive: { [size = benchmark.size] (room) throws(IPCError) in
      while room.byteCount < size {
        let count = unsafe room.withUnsafeMutableBytes { buffer, filled in
          let count = unsafe buffer.baseAddress.map { unsafe read(from, $0 + filled, size - filled) } ?? 0
          filled += max(count, 0)
          return count
        }
        if count == -1 { throw IPCError(.read, Errno(rawValue: errno)) }
        if count == 0 { return nil }
      }
      return size
    })
}

private func runPacket(_ benchmark: inout Benchmark, _ peer: Peer, _ ends: Ends) throws {
  let to = try peer.handles.find(ends.write, as: SocketHandle.self, "socket")
  let from = try peer.handles.find(ends.read, as: SocketHandle.self, "socket")
  guard to.type == from.type, (to.version == nil) == (from.version == nil) else {
    throw Invalid("write and read are sockets of the same kind")
  }
  switch to.type {
  case SOCK_SEQPACKET:
    try to.use(as: UnixSocket.SequencedPacketStyle.self) { to in
      try from.use(as: UnixSocket.SequencedPacketStyle.self) { from in
        try benchmark.run(
          send: { (bytes) throws(IPCError) in try to.send(bytes, retryOnInterrupt: false) },
          receive: { (room) throws(IPCError) in try from.receive(into: &room, retryOnInterrupt: false)?.length })
      }
    }
  case SOCK_DGRAM where to.version == nil:
    try to.use(as: UnixSocket.DatagramStyle.self) { to in
      try from.use(as: UnixSocket.DatagramStyle.self) { from in
        try benchmark.run(
          send: { (bytes) throws(IPCError) in try to.send(bytes, retryOnInterrupt: false) },
          receive: { (room) throws(IPCError) in
            try from.receiveWithoutAddress(into: &room, retryOnInterrupt: false).length
          })
      }
    }
  case SOCK_DGRAM:
    try to.datagrams { to in
      try from.datagrams { from in
        try benchmark.run(
          send: { (bytes) throws(IPCError) in try to.send(bytes, retryOnInterrupt: false) },
          receive: { (room) throws(IPCError) in
            try from.receiveWithoutAddress(into: &room, retryOnInterrupt: false).length
          })
      }
    }
  default: throw Invalid("write and read are sockets that preserve message boundaries")
  }
}

private func runMessageQueue(_ benchmark: inout Benchmark, _ peer: Peer, _ ends: Ends) throws {
  try peer.withQueue(ends.write) { to in
    try peer.withQueue(ends.read) { from in
      try benchmark.run(
        room: max(benchmark.size, from.attributes.maximumMessageSize),
        send: { (bytes) throws(IPCError) in try to.send(bytes, retryOnInterrupt: false) },
        receive: { (room) throws(IPCError) in try from.receive(into: &room, retryOnInterrupt: false).length })
    }
  }
}

private func runSystemVMessages(_ benchmark: inout Benchmark, _ peer: Peer, _ ends: Ends) throws {
  let queue: SystemVMessageQueue = try ends.parameters.object("msqid", latest: peer.latestQueue)
  let (write, read) = try ends.numbers(Int.self)
  let to = try SystemVMessageQueue.MessageType(validating: write)
  let from = SystemVMessageQueue.Selection.type(try .init(validating: read))
  try benchmark.run(
    send: { (bytes) throws(IPCError) in try queue.send(bytes, type: to, retryOnInterrupt: false) },
    receive: { (room) throws(IPCError) in try queue.receive(from, into: &room, retryOnInterrupt: false).length })
}

private func runSystemVSemaphores(_ benchmark: inout Benchmark, _ peer: Peer, _ ends: Ends) throws {
  let set: SystemVSemaphores = try ends.parameters.object("semid", latest: peer.latestSemaphores)
  let (to, from) = try ends.numbers(UInt16.self)
  try benchmark.run(
    send: { (_) throws(IPCError) in try set.perform(.release(to), retryOnInterrupt: false) },
    receive: { (_) throws(IPCError) in
      try set.perform(.acquire(from), retryOnInterrupt: false)
      return 0
    })
}

private func runEventFD(_ benchmark: inout Benchmark, _ peer: Peer, _ ends: Ends) throws {
  let to = try peer.handles.find(ends.write, as: OwnerHandle<EventFD>.self, "event counter")
  let from = try peer.handles.find(ends.read, as: OwnerHandle<EventFD>.self, "event counter")
  try to.use { to in
    try from.use { from in
      try benchmark.run(
        send: { (_) throws(IPCError) in try to.write(1, retryOnInterrupt: false) },
        receive: { (_) throws(IPCError) in
          _ = try from.read(retryOnInterrupt: false)
          return 0
        })
    }
  }
}

private func runSignal(_ benchmark: inout Benchmark, _ peer: Peer, _ ends: Ends) throws {
  let parameters = ends.parameters
  let to = try benchmark.loop == .receive ? nil : parameters.known("write")
  let from = try benchmark.loop == .send ? nil : parameters.known("read")
  let process = try benchmark.loop == .receive ? ProcessID(rawValue: 1) : parameters.process()
  let awaited = SignalSet(from.map { [$0] } ?? [])
  let sent = to ?? .user1
  try benchmark.run(
    send: { (_) throws(IPCError) in try sent.queue(value: 0, to: process, retryOnInterrupt: false) },
    receive: { (_) throws(IPCError) in
      _ = try awaited.wait(retryOnInterrupt: false)
      return 0
    })
}
