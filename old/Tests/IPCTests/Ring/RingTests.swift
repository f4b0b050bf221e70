import AllocationCount
import IPC
import SystemPackage
import Testing

@Suite struct RingTests {
  private func region(_ size: Int = 8192) throws -> SharedRegion { SharedRegion(try scratchMemory(size).map()) }

  private func receive(_ consumer: inout RecordRing.Consumer, _ count: Int = 4096) throws -> (RingResult, [UInt8]) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 8)
    defer { unsafe buffer.deallocate() }
    var room = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
    let result = try consumer.receive(into: &room, patience: .none)
    return (result, unsafe Array(buffer[..<room.byteCount]))
  }

  @Test func recordsComeWholeAndInOrder() throws {
    let region = try region()
    try RecordRing.make(capacity: 64, in: region, at: 0)
    var producer = try RecordRing.Producer(in: region, at: 0)
    var consumer = try RecordRing.Consumer(in: region, at: 0)
    for length in (0...56).map({ $0 }) + [56, 1, 56] {
      let record = [UInt8](repeating: UInt8(length), count: length)
      let sent = try producer.send(unsafe record.span.bytes, patience: .none)
      #expect(sent == .transferred(length))
      let (result, received) = try receive(&consumer)
      #expect(result == .transferred(length) && received == record)
    }
    #expect(try receive(&consumer).0 == .wouldBlock)
    producer.close()
    #expect(try receive(&consumer).0 == .closed)
  }

  @Test(arguments: [.min, -16, -1, 0, 1, 8, 15, 17, 100, .max - 1, .max] as [Int])
  func `a capacity that no ring has is an error`(_ capacity: Int) throws {
    let region = try region()
    #expect(reason { _ = try RecordRing.size(capacity: capacity) } == .invalidArgument)
    #expect(reason { try RecordRing.make(capacity: capacity, in: region, at: 0) } == .invalidArgument)
  }

  @Test func `a capacity that no memory has is an error of the memory`() throws {
    #expect(try RecordRing.size(capacity: 16) == 208)
    #expect(try RecordRing.size(capacity: 1 << 62) == (1 << 62) + 192)
    let region = try region()
    #expect(reason { try RecordRing.make(capacity: 1 << 62, in: region, at: 0) } == .badAddress)
    #expect(reason { try RecordRing.make(capacity: 16, in: region, at: .max) } == .badAddress)
    #expect(reason { try RecordRing.make(capacity: 16, in: region, at: .min) } == .badAddress)
    #expect(reason { try RecordRing.make(capacity: 16, in: region, at: 4) } == .invalidArgument)
  }

  @Test(arguments: [.seconds(Int64.min), .zero, .nanoseconds(1), .milliseconds(1)] as [Duration])
  func `a wait ends with its deadline, however short`(_ time: Duration) throws {
    let region = try region()
    try RecordRing.make(capacity: 64, in: region, at: 0)
    var consumer = try RecordRing.Consumer(in: region, at: 0)
    // More often than waits are slept through without a look.
    for _ in 0..<20 {
      var room = OutputRawSpan()
      #expect(try consumer.receive(into: &room, patience: .atMost(time)) == .timedOut)
    }
  }

  @Test func anEndHasOneOwner() throws {
    let region = try region()
    try ByteRing.make(capacity: 64, in: region, at: 0)
    let producer = try ByteRing.Producer(in: region, at: 0)
    #expect(reason { _ = try ByteRing.Producer(in: region, at: 0) } == .resourceBusy)
    #expect(reason { _ = try RecordRing.Consumer(in: region, at: 0) } == .invalidArgument)
    producer.close()
    #expect(reason { _ = try ByteRing.Producer(in: region, at: 0) } == .brokenPipe)
  }

  // Whatever it says, what comes of it is a result or an error: anything else ends the test program.
  @Test(arguments: 0..<8 as Range<UInt64>)
  func aHeaderOfArbitraryBytesIsAnErrorAtMost(_ seed: UInt64) throws {
    let memory = try scratchMemory(448).map()
    let region = SharedRegion(try memory.mapAgain())
    let record = [UInt8](repeating: 1, count: 16)
    var state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1
    func random() -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state
    }
    for _ in 0..<2_000 {
      try RecordRing.make(capacity: 256, in: region, at: 0)
      for _ in 0..<1 + random() % 3 {
        let place = Int([0, 8, 16, 24, 32, 64, 72, 128, 136, 192][Int(random() % 10)])
        let value = random() % 2 == 0 ? random() : random() % 512
        let bytes: [UInt8] = (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        try memory.write(bytes.span, at: place)
      }
      do {
        var consumer = try RecordRing.Consumer(in: region, at: 0)
        _ = try receive(&consumer)
      } catch {}
      do {
        var producer = try RecordRing.Producer(in: region, at: 0)
        _ = try producer.send(unsafe record.span.bytes, patience: .none)
      } catch {}
    }
  }

  @Test func recordsCostNoAllocation() throws {
    let region = try region()
    try RecordRing.make(capacity: 1024, in: region, at: 0)
    var producer = try RecordRing.Producer(in: region, at: 0)
    var consumer = try RecordRing.Consumer(in: region, at: 0)
    let record = [UInt8](repeating: 7, count: 64)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 8)
    defer { unsafe buffer.deallocate() }
    var before = 0
    for round in 0...1_000 {
      if round == 1 { before = allocation_count() }
      var room = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
      _ = try producer.send(unsafe record.span.bytes)
      _ = try consumer.receive(into: &room)
    }
    #expect(allocation_count() - before == 0)
  }

  @Test func aBlockedProducerGoesOnInAnotherThread() async throws {
    let region = try region()
    try ByteRing.make(capacity: 64, in: region, at: 0)
    let total = 10_000
    async let written = onThread {
      var producer = try ByteRing.Producer(in: region, at: 0)
      let bytes = [UInt8](repeating: 9, count: 61)
      var done = 0
      while done < total {
        guard case .wrote(let count) = try producer.write(bytes.span.extracting(first: min(61, total - done)))
        else { break }
        done += count
      }
      return done
    }
    let read = try await onThread {
      var consumer = try ByteRing.Consumer(in: region, at: 0)
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 7, alignment: 8)
      defer { unsafe buffer.deallocate() }
      var done = 0
      while true {
        var room = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
        guard case .read(let count) = try consumer.read(into: &room) else { return done }
        done += count
      }
    }
    #expect(try await written == total)
    #expect(read == total)
  }
}
