internal import Glibc
internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Rings in shared memory: making them, their ends, and single transfers.
let ringOperations: [Peer.Operation] = [
  .init("ring_make") { peer, parameters in
    let (region, offset) = (try peer.region(parameters), try parameters.integer("at", default: 0) as Int)
    let capacity = try parameters.count("capacity")
    if try parameters.carriesRecords() {
      try RecordRing.make(capacity: capacity, in: region, at: offset)
    } else {
      try ByteRing.make(capacity: capacity, in: region, at: offset)
    }
    return Fields()
  },

  .init("ring_open") { peer, parameters in
    try peer.handles.require(free: parameters.handle)
    let ring = try RingHandle.open(
      peer.region(parameters), parameters.integer("at", default: 0), records: parameters.carriesRecords(),
      end: parameters.text("end"))
    try peer.handles.add(ring, as: parameters.handle)
    var fields = Fields()
    fields.append("capacity", ring.capacity)
    return fields
  },

  .init("ring_close") { peer, parameters in
    try peer.handles.close(parameters.handle, as: RingHandle.self, "end of a ring")
    return Fields()
  },

  .init("ring_write") { peer, parameters in
    let bytes = try parameters.payload("buf", length: "count")
    var fields = Fields()
    fields.append(
      "return",
      try peer.ring(parameters).write(
        unsafe bytes.span.bytes, try parameters.patience(), try parameters.interruption()))
    return fields
  },

  .init("ring_read") { peer, parameters in
    let ring = try peer.ring(parameters)
    let (patience, interruption) = (try parameters.patience(), try parameters.interruption())
    let bytes = try [UInt8](atMost: try parameters.integer("count")) { room in
      _ = try ring.read(into: &room, patience, interruption)
    }
    var fields = Fields()
    fields.append("return", bytes.count)
    try parameters.report(bytes, as: "buf", in: &fields)
    return fields
  },

  .init("ring_send") { peer, parameters in
    let record = try parameters.payload("msg", length: "msg_len")
    try peer.ring(parameters).send(unsafe record.span.bytes, try parameters.patience(), try parameters.interruption())
    return Fields()
  },

  .init("ring_receive") { peer, parameters in
    let ring = try peer.ring(parameters)
    let (patience, interruption) = (try parameters.patience(), try parameters.interruption())
    let record = try [UInt8](atMost: try parameters.integer("msg_len", default: ring.capacity)) { room in
      _ = try ring.receive(into: &room, patience, interruption)
    }
    var fields = Fields()
    fields.append("return", record.count)
    try parameters.report(record, as: "msg", in: &fields)
    return fields
  },
]

/// How many bytes a record has that went through, or the failure that C would have seen.
private func count(of result: RingResult?, closed: Errno) throws -> Int {
  switch result {
  case .transferred(let count): return count
  case .closed: throw Failure(closed)
  case .partnerDied: throw Failure(Errno(rawValue: EOWNERDEAD))
  case .wouldBlock: throw Failure(.wouldBlock)
  case .timedOut: throw Failure(.timedOut)
  case nil: throw Invalid("the end is closed")
  }
}

extension Parameters {
  fileprivate func carriesRecords() throws -> Bool {
    switch try text("content") {
    case "bytes": return false
    case "records": return true
    case let other: throw Invalid("content=\(other): bytes or records expected")
    }
  }
}

extension Peer {
  func ring(_ parameters: Parameters) throws -> RingHandle {
    try handles.find(parameters.handle, as: RingHandle.self, "end of a ring")
  }
}

/// One end of a ring. What an end cannot do, and nobody asks for by a type, is refused.
class RingHandle: Handle, StreamHandle {
  let capacity: Int

  fileprivate init(capacity: Int) { self.capacity = capacity }

  static func open(_ region: SharedRegion, _ offset: Int, records: Bool, end: String) throws -> RingHandle {
    switch (end, records) {
    case ("producer", false): ByteProducer(try ByteRing.Producer(in: region, at: offset))
    case ("consumer", false): ByteConsumer(try ByteRing.Consumer(in: region, at: offset))
    case ("producer", true): RecordProducer(try RecordRing.Producer(in: region, at: offset))
    case ("consumer", true): RecordConsumer(try RecordRing.Consumer(in: region, at: offset))
    default: throw Invalid("end=\(end): producer or consumer expected")
    }
  }

  func write(_ bytes: RawSpan, _ patience: Patience, _ interruption: Interruption) throws -> Int { throw mistaken }
  /// 0 when the producer has closed.
  func read(into room: inout OutputRawSpan, _ patience: Patience, _ interruption: Interruption) throws -> Int {
    throw mistaken
  }
  func send(_ record: RawSpan, _ patience: Patience, _ interruption: Interruption) throws { throw mistaken }
  func receive(into room: inout OutputRawSpan, _ patience: Patience, _ interruption: Interruption) throws -> Int {
    throw mistaken
  }
  func patience(_ parameters: Parameters) throws -> Patience { try parameters.patience() }
  func close() {}

  private var mistaken: Invalid { Invalid("the operation is not for this end of this ring") }
}

/// A channel is still open on the end of a ring.
private var closedEnd: IPCError { IPCError(call: "ring", errno: .badFileDescriptor) }

private final class ByteProducer: RingHandle, ByteSink {
  private var end: ByteRing.Producer?

  init(_ end: consuming ByteRing.Producer) {
    let capacity = end.capacity
    self.end = consume end
    super.init(capacity: capacity)
  }

  override func write(_ bytes: RawSpan, _ patience: Patience, _ interruption: Interruption) throws -> Int {
    switch try write(bytes, patience: patience, interruption: interruption) {
    case .wrote(let count): return count
    case .nobodyReads: throw Failure(.brokenPipe)
    case .wouldBlock: throw Failure(.wouldBlock)
    case .timedOut: throw Failure(.timedOut)
    }
  }

  func write(_ bytes: RawSpan, patience: Patience, interruption: Interruption) throws(IPCError) -> WriteResult {
    guard let result = try end?.write(bytes, patience: patience, interruption: interruption) else { throw closedEnd }
    return result
  }

  override func close() { end.take()?.close() }
}

private final class ByteConsumer: RingHandle, ByteSource {
  private var end: ByteRing.Consumer?

  init(_ end: consuming ByteRing.Consumer) {
    let capacity = end.capacity
    self.end = consume end
    super.init(capacity: capacity)
  }

  override func read(
    into room: inout OutputRawSpan, _ patience: Patience, _ interruption: Interruption
  ) throws -> Int {
    switch try read(into: &room, patience: patience, interruption: interruption) {
    case .read(let count): return count
    case .endOfFile: return 0
    case .wouldBlock: throw Failure(.wouldBlock)
    case .timedOut: throw Failure(.timedOut)
    }
  }

  func read(
    into room: inout OutputRawSpan, patience: Patience, interruption: Interruption
  ) throws(IPCError) -> ReadResult {
    guard let result = try end?.read(into: &room, patience: patience, interruption: interruption) else {
      throw closedEnd
    }
    return result
  }

  override func close() { end.take()?.close() }
}

private final class RecordProducer: RingHandle {
  private var end: RecordRing.Producer?

  init(_ end: consuming RecordRing.Producer) {
    let capacity = end.capacity
    self.end = consume end
    super.init(capacity: capacity)
  }

  override func send(_ record: RawSpan, _ patience: Patience, _ interruption: Interruption) throws {
    let result = try end?.send(record, patience: patience, interruption: interruption)
    _ = try count(of: result, closed: .brokenPipe)
  }

  override func close() { end.take()?.close() }
}

private final class RecordConsumer: RingHandle {
  private var end: RecordRing.Consumer?

  init(_ end: consuming RecordRing.Consumer) {
    let capacity = end.capacity
    self.end = consume end
    super.init(capacity: capacity)
  }

  override func receive(
    into room: inout OutputRawSpan, _ patience: Patience, _ interruption: Interruption
  ) throws -> Int {
    let result = try end?.receive(into: &room, patience: patience, interruption: interruption)
    return try count(of: result, closed: .noData)
  }

  override func close() { end.take()?.close() }
}
