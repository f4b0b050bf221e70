internal import IPC
internal import PeerProtocol
internal import SystemPackage

// Benchmark links over objects in shared memory: rings, queues, semaphores.

func runRing(_ benchmark: inout Benchmark, _ peer: Peer, _ ends: Ends) throws {
  try benchmark.run(
    peer, ends,
    send: { (ring, bytes) throws(IPCError) in try ring.send(bytes, retryOnInterrupt: false) },
    receive: { (ring, room) throws(IPCError) in try ring.receive(into: &room, retryOnInterrupt: false) })
}

/// How often a spinning link checks the memory before it checks whether the other end still exists.
private let spins = 1 << 20

func runSpinningRing(_ benchmark: inout Benchmark, _ peer: Peer, _ ends: Ends) throws {
  // Each record has an 8-byte header, and is padded to a multiple of 8.
  let needed = 8 + (benchmark.size + 7) & ~7
  try benchmark.run(
    peer, ends,
    send: { (ring, bytes) throws(IPCError) in
      var turns = 0
      while turns < spins, try ring.freeCapacity < needed { turns += 1 }
      try ring.send(bytes, retryOnInterrupt: false)
    },
    receive: { (ring, room) throws(IPCError) in
      var turns = 0
      while turns < spins, try ring.bytesAvailable == 0 { turns += 1 }
      return try ring.receive(into: &room, retryOnInterrupt: false)
    })
}

/// Builds and reads records in the ring without copying them; only byte 0 is stored and loaded.
func runRingInPlace(_ benchmark: inout Benchmark, _ peer: Peer, _ ends: Ends) throws {
  try benchmark.run(
    peer, ends,
    send: { (ring, bytes) throws(IPCError) in
      let number = bytes.first
      _ = try ring.send(maxLength: bytes.byteCount, retryOnInterrupt: false) { first, second in
        first.claim(number)
        second.claim(nil)
      }
    },
    receive: { (ring, room) throws(IPCError) in
      try ring.withNext(retryOnInterrupt: false) { first, second in
        room.append(first: first)
        return first.byteCount + second.byteCount
      }
    })
}

extension RawSpan {
  /// Byte 0, or nil if the span is empty.
  fileprivate var first: UInt8? { isEmpty ? nil : unsafe unsafeLoad(as: UInt8.self) }
}

extension OutputRawSpan {
  /// Extends the span to its full capacity.
  ///
  /// Only byte 0 is stored; the other bytes are not changed.
  fileprivate mutating func claim(_ first: UInt8?) {
    unsafe withUnsafeMutableBytes { buffer, filled in
      if let first, unsafe !buffer.isEmpty { unsafe buffer[0] = first }
      filled = buffer.count
    }
  }

  /// Appends a message's byte 0.
  fileprivate mutating func append(first message: RawSpan) {
    guard let first = message.first else { return }
    unsafe withUnsafeMutableBytes { buffer, filled in
      unsafe buffer[0] = first
      filled = 1
    }
  }
}

extension Benchmark {
  /// Runs the loop through the ring ends named in a request.
  @inline(__always)
  fileprivate mutating func run(
    _ peer: Peer, _ ends: Ends, send: (inout RecordRing.Producer, RawSpan) throws(IPCError) -> Void,
    receive: (inout RecordRing.Consumer, inout OutputRawSpan) throws(IPCError) -> Int?
  ) throws {
    switch loop {
    case .send:
      try peer.handles.find(ends.write, as: RecordProducer.self, "producer of records").use { to in
        try run(send: { (bytes) throws(IPCError) in try send(&to, bytes) }, receive: { (_) throws(IPCError) in nil })
      }
    case .receive:
      try peer.handles.find(ends.read, as: RecordConsumer.self, "consumer of records").use { from in
        try run(send: { (_) throws(IPCError) in }, receive: { (room) throws(IPCError) in try receive(&from, &room) })
      }
    case .ping, .pong:
      let from = try peer.handles.find(ends.read, as: RecordConsumer.self, "consumer of records")
      try peer.handles.find(ends.write, as: RecordProducer.self, "producer of records").use { to in
        try from.use { from in
          try run(
            send: { (bytes) throws(IPCError) in try send(&to, bytes) },
            receive: { (room) throws(IPCError) in try receive(&from, &room) })
        }
      }
    }
  }
}

func runQueue(_ benchmark: inout Benchmark, _ peer: Peer, _ ends: Ends) throws {
  let (to, from) = (try peer.sharedQueue(ends.write).sender, try peer.sharedQueue(ends.read).receiver)
  try benchmark.run(
    send: { (bytes) throws(IPCError) in try to.send(bytes, retryOnInterrupt: false) },
    receive: { (room) throws(IPCError) in try from.receive(into: &room, retryOnInterrupt: false) })
}

func runSpinningQueue(_ benchmark: inout Benchmark, _ peer: Peer, _ ends: Ends) throws {
  let (to, from) = (try peer.sharedQueue(ends.write).sender, try peer.sharedQueue(ends.read).receiver)
  try benchmark.run(
    send: { (bytes) throws(IPCError) in while try !to.trySend(bytes) {} },
    receive: { (room) throws(IPCError) in
      while true {
        switch try from.tryReceive(into: &room) {
        case .ready(let length): return length
        case .endOfStream: return nil
        case .wouldBlock: continue
        }
      }
    })
}

/// Builds and reads messages in their slots without copying them; only byte 0 is stored and loaded.
func runQueueInPlace(_ benchmark: inout Benchmark, _ peer: Peer, _ ends: Ends) throws {
  let (to, from) = (try peer.sharedQueue(ends.write).sender, try peer.sharedQueue(ends.read).receiver)
  try benchmark.run(
    send: { (bytes) throws(IPCError) in
      let (number, size) = (bytes.first, bytes.byteCount)
      try to.send(retryOnInterrupt: false) { slot in
        unsafe slot.withUnsafeMutableBytes { buffer, filled in
          if let number { unsafe buffer[0] = number }
          filled = size
        }
      }
    },
    receive: { (room) throws(IPCError) in
      try from.withNext(retryOnInterrupt: false) { message in
        room.append(first: message)
        return message.byteCount
      }
    })
}

func runSemaphore(_ benchmark: inout Benchmark, _ peer: Peer, _ ends: Ends) throws {
  let (to, from) = (try peer.semaphore(ends.write), try peer.semaphore(ends.read))
  try to.use { to in
    try from.use { from in
      try benchmark.run(
        send: { (_) throws(IPCError) in try to.post() },
        receive: { (_) throws(IPCError) in
          try from.wait(retryOnInterrupt: false)
          return 0
        })
    }
  }
}
