import AllocationCount
import IPC
import SystemPackage
import Testing

@Suite struct RingTests {
  private func region() throws -> SharedRegion { try SharedRegion(size: 8192) }

  private func receive(_ consumer: inout RecordRing.Consumer, _ count: Int = 4096) throws -> (TryResult<Int>, [UInt8]) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 8)
    defer { unsafe buffer.deallocate() }
    var room = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
    let result = try consumer.tryReceive(into: &room)
    return (result, unsafe Array(buffer[..<room.byteCount]))
  }

  @Test func `Records are received whole and in order`() throws {
    let region = try region()
    try RecordRing.create(capacity: 64, in: region, at: 0)
    var producer = try RecordRing.Producer.open(in: region, at: 0)
    var consumer = try RecordRing.Consumer.open(in: region, at: 0)
    for length in (0...56).map({ $0 }) + [56, 1, 56] {
      let record = [UInt8](repeating: UInt8(length), count: length)
      #expect(try producer.trySend(unsafe record.span.bytes) == true)
      let (result, received) = try receive(&consumer)
      #expect(result == .ready(length) && received == record)
    }
    #expect(try receive(&consumer).0 == .wouldBlock)
    producer.close()
    #expect(try receive(&consumer).0 == .endOfStream)
  }

  @Test(arguments: [.min, -16, -1, 0, 1, 8, 15, 17, 100, .max - 1, .max] as [Int])
  func `An impossible capacity is an error`(_ capacity: Int) throws {
    let region = try region()
    #expect(reason { _ = try RecordRing.size(capacity: capacity) } == .invalidArgument)
    #expect(reason { try RecordRing.create(capacity: capacity, in: region, at: 0) } == .invalidArgument)
  }

  @Test func `A capacity larger than the memory is an error of the memory`() throws {
    #expect(try RecordRing.size(capacity: 16) == 208)
    #expect(try RecordRing.size(capacity: 1 << 62) == (1 << 62) + 192)
    let region = try region()
    #expect(reason { try RecordRing.create(capacity: 1 << 62, in: region, at: 0) } == .badAddress)
    #expect(reason { try RecordRing.create(capacity: 16, in: region, at: .max) } == .badAddress)
    #expect(reason { try RecordRing.create(capacity: 16, in: region, at: .min) } == .badAddress)
    #expect(reason { try RecordRing.create(capacity: 16, in: region, at: 4) } == .invalidArgument)
  }

  @Test(arguments: [.seconds(Int64.min), .zero, .nanoseconds(1), .milliseconds(1)] as [Duration])
  func `A wait ends at its timeout, even if it is short`(_ time: Duration) throws {
    let region = try region()
    try RecordRing.create(capacity: 64, in: region, at: 0)
    var consumer = try RecordRing.Consumer.open(in: region, at: 0)
    // The first wait spins, but some later waits do not.
    for _ in 0..<20 {
      var room = OutputRawSpan()
      #expect(reason { _ = try consumer.receive(into: &room, timeout: .after(time)) } == .timedOut)
    }
  }

  @Test func `An end has one owner`() throws {
    let region = try region()
    try ByteRing.create(capacity: 64, in: region, at: 0)
    let producer = try ByteRing.Producer.open(in: region, at: 0)
    #expect(reason { _ = try ByteRing.Producer.open(in: region, at: 0) } == .resourceBusy)
    #expect(reason { _ = try RecordRing.Consumer.open(in: region, at: 0) } == .invalidArgument)
    producer.close()
    #expect(reason { _ = try ByteRing.Producer.open(in: region, at: 0) } == .brokenPipe)
  }

  // With a corrupted header, each call must return a result or throw an error; a crash would end the test program.
  @Test(arguments: 0..<8 as Range<UInt64>)
  func `A header of arbitrary bytes does not crash the process`(_ seed: UInt64) throws {
    let region = try SharedRegion(size: 448)
    let record = [UInt8](repeating: 1, count: 16)
    var state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1
    func random() -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state
    }
    for _ in 0..<2_000 {
      try RecordRing.create(capacity: 256, in: region, at: 0)
      for _ in 0..<1 + random() % 3 {
        let place = Int([0, 8, 16, 24, 32, 64, 72, 128, 136, 192][Int(random() % 10)])
        let value = random() % 2 == 0 ? random() : random() % 512
        let bytes: [UInt8] = (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        try region.copy(bytes.span, at: place)
      }
      do {
        var consumer = try RecordRing.Consumer.open(in: region, at: 0)
        _ = try receive(&consumer)
      } catch {}
      do {
        var producer = try RecordRing.Producer.open(in: region, at: 0)
        _ = try producer.trySend(unsafe record.span.bytes)
      } catch {}
    }
  }

  @Test func `A record does not allocate`() throws {
    let region = try region()
    try RecordRing.create(capacity: 1024, in: region, at: 0)
    var producer = try RecordRing.Producer.open(in: region, at: 0)
    var consumer = try RecordRing.Consumer.open(in: region, at: 0)
    let record = [UInt8](repeating: 7, count: 64)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 8)
    defer { unsafe buffer.deallocate() }
    var before = 0
    for round in 0...1_000 {
      if round == 1 { before = allocation_count() }
      var room = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
      try producer.send(record.span)
      _ = try consumer.receive(into: &room)
    }
    #expect(allocation_count() - before == 0)
  }

  @Test func `A producer continues when a consumer in another thread reads`() async throws {
    let region = try region()
    try ByteRing.create(capacity: 64, in: region, at: 0)
    let total = 10_000
    async let written = onThread {
      var producer = try ByteRing.Producer.open(in: region, at: 0)
      let bytes = [UInt8](repeating: 9, count: 61)
      var done = 0
      while done < total {
        done += try producer.write(bytes.span.extracting(first: min(61, total - done)))
      }
      return done
    }
    let read = try await onThread {
      var consumer = try ByteRing.Consumer.open(in: region, at: 0)
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 7, alignment: 8)
      defer { unsafe buffer.deallocate() }
      var done = 0
      while true {
        var room = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
        let count = try consumer.read(into: &room)
        if count == 0 { return done }
        done += count
      }
    }
    #expect(try await written == total)
    #expect(read == total)
  }

  @Test func `Records are built and received in place, even across the end of the ring`() throws {
    let region = try region()
    try RecordRing.create(capacity: 64, in: region, at: 0)
    var producer = try RecordRing.Producer.open(in: region, at: 0)
    var consumer = try RecordRing.Consumer.open(in: region, at: 0)
    var splits = 0
    for round in 0..<20 {
      let record = (0..<13).map { UInt8($0 + round) }
      let length = try producer.send(maxLength: 16) { first, second in
        for byte in record {
          if first.freeCapacity > 0 { first.append(byte) } else { second.append(byte) }
        }
      }
      #expect(length == 13)
      let received = try consumer.withNext { first, second in
        if second.byteCount > 0 { splits += 1 }
        return unsafe first.withUnsafeBytes { unsafe Array($0) } + second.withUnsafeBytes { unsafe Array($0) }
      }
      #expect(received == record)
    }
    #expect(splits > 0)
    producer.close()
    #expect(try consumer.withNext { _, _ in true } == nil)
  }

  @Test func `Bytes are written and read in place`() throws {
    let region = try region()
    try ByteRing.create(capacity: 16, in: region, at: 0)
    var producer = try ByteRing.Producer.open(in: region, at: 0)
    var consumer = try ByteRing.Consumer.open(in: region, at: 0)
    var (written, read): ([UInt8], [UInt8]) = ([], [])
    for round in 0..<40 {
      let count = try producer.write(maxLength: 7) { room in
        while room.freeCapacity > 0 { room.append(UInt8(round)) }
      }
      #expect(1...7 ~= count)
      written += Array(repeating: UInt8(round), count: count)
      // Leave some bytes in the ring for the next round.
      _ = try consumer.read { bytes in
        let count = max(1, bytes.byteCount - 2)
        unsafe bytes.extracting(first: count).withUnsafeBytes { unsafe read.append(contentsOf: $0) }
        return count
      }
    }
    producer.close()
    while try consumer.read(maxLength: 3, appendingTo: &read) > 0 {}
    #expect(read == written)
    #expect(try consumer.read { $0.byteCount } == nil)
  }

  @Test func `Bytes are written as a whole, and a closed consumer is a broken pipe`() throws {
    let region = try region()
    try ByteRing.create(capacity: 16, in: region, at: 0)
    var producer = try ByteRing.Producer.open(in: region, at: 0)
    let consumer = try ByteRing.Consumer.open(in: region, at: 0)
    let bytes = [UInt8](repeating: 1, count: 100)
    let error = failure { try producer.writeAll(unsafe bytes.span.bytes, timeout: .after(.milliseconds(1))) }
    #expect(error?.errno == .timedOut)
    #expect(error?.transferred == 16)
    consumer.close()
    let nothing: [UInt8] = []
    #expect(reason { _ = try producer.write(nothing.span) } == .brokenPipe)
    #expect(reason { _ = try producer.tryWrite(unsafe bytes.span.bytes) } == .brokenPipe)
  }
}
