internal import IPC
internal import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

private let capacity = 1 << 16
private let size = 192 + capacity
private let second = 1 << 17

/// A ring in shared memory: records within one process, and between two processes.
let ringCosts = [
  Cost(name: "ring") { run in
    let region = try run.map(size)
    try RecordRing.create(capacity: capacity, in: region, at: 0)
    var producer = try RecordRing.Producer.open(in: region, at: 0)
    var consumer = try RecordRing.Consumer.open(in: region, at: 0)
    if run.usesArrays {
      let message = [UInt8](repeating: 1, count: messageLength)
      var room: [UInt8] = []
      for _ in 0..<run.count {
        try producer.send(message.span)
        room.removeAll(keepingCapacity: true)
        require(try consumer.receive(appendingTo: &room) == messageLength)
      }
    } else {
      let buffers = Buffers()
      for _ in 0..<run.count {
        try producer.send(unsafe UnsafeRawBufferPointer(buffers.message).bytes)
        var room = unsafe OutputRawSpan(buffer: buffers.room, initializedCount: 0)
        require(try consumer.receive(into: &room) == messageLength)
      }
    }
  },

  Cost(name: "ring-ping-pong", kind: .pair(100_000)) { run in
    let region = try run.map(2 * second)
    let buffers = Buffers()
    if run.isFirst {
      try RecordRing.create(capacity: capacity, in: region, at: 0)
      try RecordRing.create(capacity: capacity, in: region, at: second)
      var there = try RecordRing.Producer.open(in: region, at: 0)
      var back = try RecordRing.Consumer.open(in: region, at: second)
      for _ in 0..<run.count {
        try there.send(unsafe UnsafeRawBufferPointer(buffers.message).bytes)
        var room = unsafe OutputRawSpan(buffer: buffers.room, initializedCount: 0)
        require(try back.receive(into: &room) == messageLength)
      }
    } else {
      try untilCreated(in: region, at: second)
      var there = try RecordRing.Consumer.open(in: region, at: 0)
      var back = try RecordRing.Producer.open(in: region, at: second)
      for _ in 0..<run.count {
        var room = unsafe OutputRawSpan(buffer: buffers.room, initializedCount: 0)
        require(try there.receive(into: &room) == messageLength)
        try back.send(unsafe UnsafeRawBufferPointer(buffers.message).bytes)
      }
    }
  },

  Cost(name: "ring-throughput", kind: .pair(2_000_000)) { run in
    let region = try run.map(size)
    let buffers = Buffers()
    if run.isFirst {
      try RecordRing.create(capacity: capacity, in: region, at: 0)
      var producer = try RecordRing.Producer.open(in: region, at: 0)
      for _ in 0..<run.count { try producer.send(unsafe UnsafeRawBufferPointer(buffers.message).bytes) }
    } else {
      try untilCreated(in: region, at: 0)
      var consumer = try RecordRing.Consumer.open(in: region, at: 0)
      for _ in 0..<run.count {
        var room = unsafe OutputRawSpan(buffer: buffers.room, initializedCount: 0)
        require(try consumer.receive(into: &room) == messageLength)
      }
    }
  },
]

/// Calls `sched_yield(2)` until the other process has created the ring.
///
/// The ring is complete once its magic number has been stored.
private func untilCreated(in region: SharedRegion, at offset: Int) throws {
  while try region.loadAcquiring(as: UInt64.self, at: offset) == 0 { sched_yield() }
}
