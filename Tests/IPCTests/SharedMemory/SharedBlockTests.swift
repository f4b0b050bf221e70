import IPC
import SystemPackage
import Testing

@Suite struct SharedBlockTests {
  private func region(_ size: Int = 4096) throws -> SharedRegion { SharedRegion(try scratchMemory(size).map()) }

  @Test func `Published data can be read`() throws {
    let block = try SharedBlock.create(in: try region(), at: 0)
    #expect(!block.isReady)
    for method in [SharedBlock.WaitMethod.futex, .polling] {
      #expect(reason { try block.wait(by: method, timeout: .immediate) } == .wouldBlock)
      #expect(reason { try block.wait(by: method, timeout: .after(.milliseconds(2))) } == .timedOut)
    }
    let data = Array("data".utf8)
    try block.publish(data.span)
    try block.wait()
    #expect(block.add(2) == 2 && block.counter == 2)
    block.reset()
    try block.wait(until: false)
  }

  @Test func `A block outside the region, and data beyond its capacity, are refused`() throws {
    let region = try region()
    #expect(reason { _ = try SharedBlock.create(in: region, at: 88) } == .badAddress)
    #expect(reason { _ = try SharedBlock.create(in: region, at: 4) } == .invalidArgument)
    let block = try SharedBlock.create(in: region, at: 80)
    let tooLong = [UInt8](repeating: 0, count: 4001)
    #expect(reason { try block.publish(tooLong.span) } == .messageTooLong)
    #expect(!block.isReady)
  }

  @Test func `A block beyond the end of the object is an error, not a signal`() throws {
    let object = try scratchMemory(8192)
    let region = SharedRegion(try object.map())
    try object.resize(to: 4096)
    #expect(reason { _ = try SharedBlock.open(in: region, at: 4096) } == .badAddress)
  }

  @Test func `Data is read from its beginning`() throws {
    let block = try SharedBlock.create(in: try region(), at: 0)
    try block.publish("other".utf8.span)
    try block.publish("data".utf8.span)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: block.capacity + 1, alignment: 1)
    defer { unsafe buffer.deallocate() }
    unsafe buffer[0] = UInt8(ascii: ">")
    var room = unsafe OutputRawSpan(buffer: UnsafeMutableRawBufferPointer(rebasing: buffer[..<6]), initializedCount: 1)
    try block.read(into: &room)
    let left = room.freeCapacity
    #expect(left == 0)
    // The second text is shorter, so the buffer still ends with part of the first text.
    #expect(unsafe String(decoding: buffer[..<6], as: UTF8.self) == ">datar")
    var tooMuch = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
    do throws(IPCError) {
      try block.read(into: &tooMuch)
      Issue.record("more bytes than the capacity were read")
    } catch {
      #expect(error.errno == .badAddress)
    }
    let appended = tooMuch.byteCount
    #expect(appended == 0)
  }

  @Test(arguments: [0, 1, 8, 100, 100_000])
  func `A block can have any capacity`(_ capacity: Int) throws {
    let region = try region(200_000)
    let size = SharedBlock.size(capacity: capacity)
    #expect(size == 16 + capacity)
    let block = try SharedBlock.create(in: region, at: 64, capacity: capacity)
    let data = [UInt8](repeating: 7, count: capacity)
    try block.publish(data.span)
    let other = try SharedBlock.open(in: region, at: 64, capacity: capacity)
    #expect(other.isReady)
    #expect(reason { try other.publish([UInt8](repeating: 0, count: capacity + 1).span) } == .messageTooLong)
    #expect(try region.copyBytes(at: 64 + 16, count: capacity) == data)
    for (offset, capacity) in [(0, 200_000 - 15), (0, -1), (0, Int.max), (8, Int.min), (200_000 - 8, 0)] {
      #expect(reason { _ = try SharedBlock.open(in: region, at: offset, capacity: capacity) } == .badAddress)
    }
  }

  @Test func `The counter wraps`() throws {
    let block = try SharedBlock.create(in: try region(), at: 0)
    block.setCounter(.max)
    #expect(block.counter == .max)
    #expect(block.add(2) == 1)
  }
}
