internal import CIPC
internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Blocks in shared memory: a flag, a counter, and data.
let sharedBlockOperations: [Peer.Operation] = [
  .init("block_init", "memory at") { peer, parameters in
    _ = try SharedBlock.create(in: try peer.region(parameters), at: try parameters.integer("at", default: 0))
    return Fields()
  },

  .init("block_layout", "") { _, _ in
    var fields = Fields()
    fields.append("size", SharedBlock.size())
    fields.append("alignment", SharedBlock.alignment)
    fields.append("ready", SharedBlock.flagOffset)
    fields.append("counter", SharedBlock.counterOffset)
    fields.append("buffer", SharedBlock.dataOffset)
    return fields
  },

  .init("block_publish", "memory at buf count pattern offset") { peer, parameters in
    let block = try peer.block(parameters)
    let bytes = try parameters.payload("buf", length: "count")
    try block.publish(bytes.span)
    return Fields()
  },

  .init("block_reset", "memory at") { peer, parameters in
    try peer.block(parameters).reset()
    return Fields()
  },

  .init("block_ready", "memory at") { peer, parameters in
    var fields = Fields()
    fields.append("ready", try peer.block(parameters).isReady ? "yes" : "no")
    return fields
  },

  .init("block_wait", "memory at by timeout eintr") { peer, parameters in
    try peer.block(parameters).wait(
      by: try parameters.waitMethod(), timeout: try parameters.timeout(),
      retryOnInterrupt: try parameters.retryOnInterrupt())
    return Fields()
  },

  .init("block_read", "memory at count pattern offset") { peer, parameters in
    let block = try peer.block(parameters)
    let count = try parameters.count()
    guard count <= block.capacity else { throw Failure(.badAddress) }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 8)
    defer { unsafe buffer.deallocate() }
    var room = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
    try block.read(into: &room)
    let bytes = unsafe Array(buffer)
    var fields = Fields()
    try parameters.report(bytes, as: "buf", in: &fields)
    return fields
  },

  .init("block_add", "memory at count") { peer, parameters in
    let block = try peer.block(parameters)
    let count = try parameters.count()
    for _ in 0..<count { block.add(1) }
    var fields = Fields()
    fields.append("return", count)
    return fields
  },

  .init("block_counter", "memory at") { peer, parameters in
    var fields = Fields()
    fields.append("counter", try peer.block(parameters).counter)
    return fields
  },

  // If a process waits in short intervals, it is briefly awake between them. Therefore, this operation tries again
  // until it wakes a process.
  .init("futex_wake", "memory at") { peer, parameters in
    let region = try peer.region(parameters)
    defer { extendLifetime(region) }
    let word = try unsafe region.place(bytes: 4, alignment: 4, at: try parameters.integer("at", default: 0))
    var backoff = Backoff()
    while unsafe cipc_futex_wake(word, 1) == 0 { _ = try backoff.sleep(before: .never, retryOnInterrupt: false) }
    return Fields()
  },

  // Each round stores the round number in the counter, then data that depends on that number, and finally the flag.
  .init("block_publish_rounds", "memory at count by timeout") { peer, parameters in
    let block = try peer.block(parameters)
    return try rounds(parameters, block, whenReady: false) { round, room in
      block.setCounter(round)
      Pattern(seed: round).append(block.capacity, to: &room)
      try block.publish(room.bytes)
      return true
    }
  },

  .init("block_check_rounds", "memory at count by timeout") { peer, parameters in
    let block = try peer.block(parameters)
    return try rounds(parameters, block, whenReady: true) { round, room in
      try block.read(into: &room)
      let isWhole = block.counter == round && Pattern(seed: round).firstDifference(in: room.bytes) == nil
      block.reset()
      return isWhole
    }
  },
]

/// Performs rounds, each of which waits until the flag has the expected value.
///
/// `perform` returns whether the data was intact.
private func rounds(
  _ parameters: Parameters, _ block: SharedBlock, whenReady: Bool,
  _ perform: (_ round: UInt64, _ room: inout OutputRawSpan) throws -> Bool
) throws -> Fields {
  let count = UInt64(try parameters.count())
  let (timeout, method) = (try parameters.timeout(), try parameters.waitMethod())
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: block.capacity, alignment: 8)
  defer { unsafe buffer.deallocate() }
  var (done, torn): (UInt64, UInt64) = (0, 0)
  func fields() -> Fields {
    var fields = Fields()
    fields.append("return", done)
    if whenReady { fields.append("torn", torn) }
    return fields
  }
  do {
    while done < count {
      try block.wait(until: whenReady, by: method, timeout: timeout, retryOnInterrupt: false)
      done += 1
      var room = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
      if try !perform(done, &room) { torn += 1 }
    }
  } catch let error as IPCError {
    throw Failure(error, fields())
  }
  return fields()
}

extension Parameters {
  fileprivate func waitMethod() throws -> SharedBlock.WaitMethod {
    guard has("by") else { return .futex }
    switch try text("by") {
    case "futex": return .futex
    case "poll": return .polling
    case let other: throw Invalid("by=\(other): futex or poll expected")
    }
  }
}

extension Peer {
  fileprivate func block(_ parameters: Parameters) throws -> SharedBlock {
    try SharedBlock.open(in: try region(parameters), at: try parameters.integer("at", default: 0))
  }
}
