// Uses a ring, a queue and a block in two threads. `orders 7` makes one of the library's atomic operations relaxed, and
// `orders none` leaves them all unchanged.
import Foundation
import IPC
import Synchronization

let records = 200
let size = 16384
/// The progress of a thread.
///
/// Its accesses are relaxed, so that they do not order any other access.
let reached = Atomic(0)

func reach(_ step: Int) { reached.store(step, ordering: .relaxed) }

func wait(for step: Int) {
  while reached.load(ordering: .relaxed) < step { sched_yield() }
}

func run(_ first: @escaping @Sendable () throws -> Void, _ second: @escaping @Sendable () throws -> Void) {
  reach(0)
  let ended = DispatchSemaphore(value: 0)
  for body in [first, second] {
    Thread {
      do { try body() } catch { fatalError("\(error)") }
      ended.signal()
    }.start()
  }
  ended.wait()
  ended.wait()
}

func exchangeRecords() throws {
  let region = try SharedRegion(size: size)
  run {
    // The magic number publishes everything that was stored before it.
    unsafe try region.place(bytes: 8, alignment: 8, at: 8192).storeBytes(of: 1, as: UInt64.self)
    try RecordRing.create(capacity: 64, in: region, at: 0)
    reach(1)
    wait(for: 2)
    var producer = try RecordRing.Producer.open(in: region, at: 0)
    let record = [UInt8](repeating: 1, count: 24)
    for _ in 0..<records { try producer.send(record.span) }
  } _: {
    wait(for: 1)
    var consumer = try RecordRing.Consumer.open(in: region, at: 0)
    guard unsafe try region.place(bytes: 8, alignment: 8, at: 8192).load(as: UInt64.self) == 1 else {
      fatalError("a store before the ring is missing")
    }
    reach(2)
    for _ in 0..<records {
      var record: [UInt8] = []
      guard try consumer.receive(appendingTo: &record) == 24 else { fatalError("a record is missing") }
    }
  }
}

/// Sends the first message from a thread that keeps the lock until the receiver sleeps on it.
///
/// For later messages, neither thread waits for the lock.
func exchangeMessages() throws {
  let region = try SharedRegion(size: size)
  run {
    let queue = try SharedQueue.create(in: region, at: 0, slotCount: 2, slotSize: 24)
    let message = [UInt8](repeating: 1, count: 10)
    try queue.lock(.sharedQueueSend)
    reach(1)
    let word = try region.place(bytes: 4, alignment: 4, at: 64).assumingMemoryBound(to: Atomic<UInt32>.self)
    while word.pointee.load(ordering: .relaxed) < 1 << 31 { sched_yield() }
    queue.place(message.span.bytes)
    queue.publish()
    queue.unlock()
    for round in 0..<records {
      wait(for: 2 * round + 2)
      try queue.sender.send(message.span)
      reach(2 * round + 3)
    }
  } _: {
    wait(for: 1)
    let queue = try SharedQueue.open(in: region, at: 0)
    for round in 0...records {
      wait(for: 2 * round + 1)
      var message: [UInt8] = []
      guard try queue.receiver.receive(appendingTo: &message) == 10 else { fatalError("a message is missing") }
      reach(2 * round + 2)
    }
  }
}

/// The flag publishes everything that was stored before it, including data outside the block.
func exchangeRounds() throws {
  let region = try SharedRegion(size: size)
  let block = try SharedBlock.create(in: region, at: 0)
  run {
    reach(1)
    let place = unsafe try region.place(bytes: 8, alignment: 8, at: 8192)
    for round in 0..<records {
      try block.wait(until: false)
      unsafe place.storeBytes(of: round, as: Int.self)
      try block.publish([1].span)
    }
  } _: {
    wait(for: 1)
    let place = unsafe try region.place(bytes: 8, alignment: 8, at: 8192)
    for round in 0..<records {
      // The library has two ways to read the flag.
      if round % 2 == 0 { try block.wait() } else { while !block.isReady { sched_yield() } }
      guard unsafe place.load(as: Int.self) == round else { fatalError("a block of another round") }
      block.reset()
    }
  }
}

relaxedSite = Int(CommandLine.arguments[1]) ?? -1
alarm(120)
try exchangeRecords()
try exchangeMessages()
try exchangeRounds()
