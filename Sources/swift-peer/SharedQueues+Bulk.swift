internal import IPC
internal import PeerProtocol
internal import Synchronization
internal import SystemPackage

/// Operations that send or receive many messages in tight loops in several threads, and check that each message was
/// received exactly once.
let sharedQueueBulkOperations: [Peer.Operation] = [
  .init("queue_produce", "handle producer count size threads") { peer, parameters in
    let sender = try peer.sharedQueue(parameters.handle).sender
    let (producer, count): (UInt32, UInt32) = (try parameters.integer("producer"), try parameters.integer("count"))
    let size = try parameters.room("size")
    guard size >= Record.headerSize else { throw Invalid("a record has at least \(Record.headerSize) bytes") }
    let workers = try inThreads(try parameters.integer("threads", default: 1)) { index in
      try produce(count, by: producer &+ UInt32(index), size: size, to: sender)
    }
    var fields = Fields()
    fields.append("return", workers.reduce(0, +))
    return fields
  },

  .init("queue_consume", "handle handles memory at producers count threads") { peer, parameters in
    let names = parameters.has("handles") ? try parameters.text("handles") : parameters.handle
    let receivers = try names.split(separator: ",").map { try peer.sharedQueue(String($0)).receiver }
    let (producers, count): (UInt32, UInt32) = (
      try parameters.integer("producers"), try parameters.integer("count")
    )
    guard 1...1 << 16 ~= producers, count > 0 else { throw Invalid("1 to 65536 producers of 1 or more expected") }
    let tally = try Tally(
      in: try peer.region(parameters), at: try parameters.integer("at", default: 0), producers: producers, count: count)
    let workers = try inThreads(try parameters.integer("threads", default: 1)) { _ in
      var found = Findings(tally: tally)
      try found.consume(receivers)
      return found
    }
    var fields = Fields()
    fields.append("messages", workers.reduce(0) { $0 + $1.messages })
    fields.append("torn", workers.reduce(0) { $0 + $1.torn })
    fields.append("disordered", workers.reduce(0) { $0 + $1.disordered })
    fields.append("repeated", workers.reduce(0) { $0 + $1.repeated })
    return fields
  },

  .init("queue_tally", "memory at count") { peer, parameters in
    let count = try parameters.count()
    let bytes = try peer.handles.find(try parameters.text("memory"), as: (any MemoryHandle).self, "memory")
      .bytes(at: try parameters.integer("at", default: 0), count: count)
    let (missing, once) = bytes.reduce((0, 0)) { ($0.0 + ($1 == 0 ? 1 : 0), $0.1 + ($1 == 1 ? 1 : 0)) }
    var fields = Fields()
    fields.append("missing", missing)
    fields.append("once", once)
    fields.append("repeated", count - missing - once)
    return fields
  },
]

private func produce(
  _ count: UInt32, by producer: UInt32, size: Int, to sender: SharedQueue.Sender
) throws -> Int {
  let frame = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 8)
  defer { unsafe frame.deallocate() }
  for sequence in 0..<count {
    var record = unsafe OutputRawSpan(buffer: frame, initializedCount: 0)
    Record.append(writer: producer, sequence: sequence, size: size, to: &record)
    try sender.send(record.bytes)
  }
  return Int(count)
}

/// Counts how many times each message was received, with one byte per message, in memory shared by all consumers.
@safe private struct Tally: @unchecked Sendable {
  let region: SharedRegion
  let base: UnsafeMutableRawPointer
  let producers: UInt32
  let count: UInt32

  init(in region: SharedRegion, at offset: Int, producers: UInt32, count: UInt32) throws {
    unsafe base = try region.place(bytes: Int(producers) * Int(count), alignment: 8, at: offset)
    self.region = region
    self.producers = producers
    self.count = count
  }

  /// Counts a message, and returns the number of times that it was received before.
  func add(_ producer: UInt32, _ sequence: UInt32) -> UInt8 {
    let offset = Int(producer) * Int(count) + Int(sequence)
    return unsafe (base + offset).assumingMemoryBound(to: Atomic<UInt8>.self).pointee
      .wrappingAdd(1, ordering: .relaxed).oldValue
  }
}

/// The check results for the messages that one thread received.
private struct Findings: Sendable {
  let tally: Tally
  var messages = 0
  var torn = 0
  var disordered = 0
  var repeated = 0
  private var last: [Int64]

  init(tally: Tally) {
    self.tally = tally
    last = Array(repeating: -1, count: Int(tally.producers))
  }

  mutating func consume(_ receivers: [SharedQueue.Receiver]) throws {
    let size = receivers.reduce(0) { max($0, $1.slotSize) }
    let frame = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 8)
    defer { unsafe frame.deallocate() }
    var selection = receivers.count > 1 ? try SharedQueue.Selection(of: receivers) : nil
    while true {
      var record = unsafe OutputRawSpan(buffer: frame, initializedCount: 0)
      let length: Int?
      if selection == nil {
        length = try receivers[0].receive(into: &record)
      } else {
        length = try selection?.receive(into: &record)?.length
      }
      if length == nil { return }
      count(record.bytes)
    }
  }

  private mutating func count(_ record: RawSpan) {
    guard let (producer, sequence) = Record.check(record), producer < tally.producers, sequence < tally.count else {
      torn += 1
      return
    }
    messages += 1
    if Int64(sequence) <= last[Int(producer)] { disordered += 1 }
    last[Int(producer)] = Int64(sequence)
    if tally.add(producer, sequence) != 0 { repeated += 1 }
  }
}
