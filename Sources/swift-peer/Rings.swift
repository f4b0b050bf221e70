internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Rings in shared memory: creating rings and their ends, and single transfers.
let ringOperations: [Peer.Operation] = [
  .init("ring_make", "memory at content capacity") { peer, parameters in
    let (region, offset) = (try peer.region(parameters), try parameters.integer("at", default: 0) as Int)
    let capacity = try parameters.count("capacity")
    if try parameters.carriesRecords() {
      try RecordRing.create(capacity: capacity, in: region, at: offset)
    } else {
      try ByteRing.create(capacity: capacity, in: region, at: offset)
    }
    return Fields()
  },

  .init("ring_open", "handle memory at content end") { peer, parameters in
    try peer.handles.require(free: parameters.handle)
    let ring = try RingHandle.open(
      peer.region(parameters), parameters.integer("at", default: 0), records: parameters.carriesRecords(),
      end: parameters.text("end"))
    try peer.handles.add(ring, as: parameters.handle)
    var fields = Fields()
    fields.append("capacity", ring.capacity)
    return fields
  },

  .init("ring_close", "handle") { peer, parameters in
    try peer.handles.close(parameters.handle, as: RingHandle.self, "end of a ring")
    return Fields()
  },

  .init("ring_write", "handle buf count pattern offset timeout eintr") { peer, parameters in
    let bytes = try parameters.payload("buf", length: "count")
    let count = try peer.ring(parameters).write(
      unsafe bytes.span.bytes, try parameters.timeout(), try parameters.retryOnInterrupt())
    var fields = Fields()
    fields.append("return", count)
    return fields
  },

  .init("ring_read", "handle count pattern offset timeout eintr") { peer, parameters in
    let ring = try peer.ring(parameters)
    let (timeout, retry) = (try parameters.timeout(), try parameters.retryOnInterrupt())
    let bytes = try [UInt8](atMost: try parameters.integer("count")) { room in
      _ = try ring.read(into: &room, timeout, retry)
    }
    var fields = Fields()
    fields.append("return", bytes.count)
    try parameters.report(bytes, as: "buf", in: &fields)
    return fields
  },

  .init("ring_send", "handle msg msg_len pattern offset timeout eintr") { peer, parameters in
    let record = try parameters.payload("msg", length: "msg_len")
    try peer.ring(parameters).send(
      unsafe record.span.bytes, try parameters.timeout(), try parameters.retryOnInterrupt())
    return Fields()
  },

  .init("ring_receive", "handle msg_len pattern offset timeout eintr") { peer, parameters in
    let ring = try peer.ring(parameters)
    let (timeout, retry) = (try parameters.timeout(), try parameters.retryOnInterrupt())
    let record = try [UInt8](atMost: try parameters.integer("msg_len", default: ring.capacity)) { room in
      if try ring.receive(into: &room, timeout, retry) == nil { throw Failure(.noData) }
    }
    var fields = Fields()
    fields.append("return", record.count)
    try parameters.report(record, as: "msg", in: &fields)
    return fields
  },
]

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

/// A handle to one end of a ring.
///
/// A request is invalid if this end does not support it.
class RingHandle: Handle, StreamHandle {
  let capacity: Int

  fileprivate init(capacity: Int) { self.capacity = capacity }

  static func open(_ region: SharedRegion, _ offset: Int, records: Bool, end: String) throws -> RingHandle {
    switch (end, records) {
    case ("producer", false): ByteProducer(try ByteRing.Producer.open(in: region, at: offset))
    case ("consumer", false): ByteConsumer(try ByteRing.Consumer.open(in: region, at: offset))
    case ("producer", true): RecordProducer(try RecordRing.Producer.open(in: region, at: offset))
    case ("consumer", true): RecordConsumer(try RecordRing.Consumer.open(in: region, at: offset))
    default: throw Invalid("end=\(end): producer or consumer expected")
    }
  }

  func write(_ bytes: RawSpan, _ timeout: Timeout, _ retryOnInterrupt: Bool) throws -> Int { throw unsupported }
  func read(into room: inout OutputRawSpan, _ timeout: Timeout, _ retryOnInterrupt: Bool) throws -> Int {
    throw unsupported
  }
  func send(_ record: RawSpan, _ timeout: Timeout, _ retryOnInterrupt: Bool) throws { throw unsupported }
  func receive(into room: inout OutputRawSpan, _ timeout: Timeout, _ retryOnInterrupt: Bool) throws -> Int? {
    throw unsupported
  }
  func timeout(_ parameters: Parameters) throws -> Timeout { try parameters.timeout() }
  func close() {}

  private var unsupported: Invalid { Invalid("the operation is not for this end of this ring") }
}

private final class ByteProducer: RingHandle, WritableStream {
  private var end: ByteRing.Producer?

  init(_ end: consuming ByteRing.Producer) {
    let capacity = end.capacity
    self.end = consume end
    super.init(capacity: capacity)
  }

  override func write(_ bytes: RawSpan, _ timeout: Timeout, _ retryOnInterrupt: Bool) throws -> Int {
    try write(bytes, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
  }

  func write(_ bytes: RawSpan, timeout: Timeout, retryOnInterrupt: Bool) throws(IPCError) -> Int {
    guard let count = try end?.write(bytes, timeout: timeout, retryOnInterrupt: retryOnInterrupt) else {
      // A channel or a buffer may outlive the handle of its ring.
      throw IPCError(.write, .badFileDescriptor)
    }
    return count
  }

  override func close() { end.take()?.close() }
}

private final class ByteConsumer: RingHandle, ReadableStream {
  private var end: ByteRing.Consumer?

  init(_ end: consuming ByteRing.Consumer) {
    let capacity = end.capacity
    self.end = consume end
    super.init(capacity: capacity)
  }

  override func read(into room: inout OutputRawSpan, _ timeout: Timeout, _ retryOnInterrupt: Bool) throws -> Int {
    try read(into: &room, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
  }

  func read(into room: inout OutputRawSpan, timeout: Timeout, retryOnInterrupt: Bool) throws(IPCError) -> Int {
    guard let count = try end?.read(into: &room, timeout: timeout, retryOnInterrupt: retryOnInterrupt) else {
      throw IPCError(.read, .badFileDescriptor)
    }
    return count
  }

  override func close() { end.take()?.close() }
}

final class RecordProducer: RingHandle {
  private var end: RecordRing.Producer?

  init(_ end: consuming RecordRing.Producer) {
    let capacity = end.capacity
    self.end = consume end
    super.init(capacity: capacity)
  }

  override func send(_ record: RawSpan, _ timeout: Timeout, _ retryOnInterrupt: Bool) throws {
    try end?.send(record, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
  }

  /// Calls `body` with this end of the ring.
  func use(_ body: (inout RecordRing.Producer) throws -> Void) throws {
    guard var end = end.take() else { throw Invalid("the end of the ring is closed") }
    let result = Result { try body(&end) }
    self.end = consume end
    try result.get()
  }

  override func close() { end.take()?.close() }
}

final class RecordConsumer: RingHandle {
  private var end: RecordRing.Consumer?

  init(_ end: consuming RecordRing.Consumer) {
    let capacity = end.capacity
    self.end = consume end
    super.init(capacity: capacity)
  }

  override func receive(
    into room: inout OutputRawSpan, _ timeout: Timeout, _ retryOnInterrupt: Bool
  ) throws -> Int? {
    try end?.receive(into: &room, timeout: timeout, retryOnInterrupt: retryOnInterrupt) ?? nil
  }

  /// Calls `body` with this end of the ring.
  func use(_ body: (inout RecordRing.Consumer) throws -> Void) throws {
    guard var end = end.take() else { throw Invalid("the end of the ring is closed") }
    let result = Result { try body(&end) }
    self.end = consume end
    try result.get()
  }

  override func close() { end.take()?.close() }
}
