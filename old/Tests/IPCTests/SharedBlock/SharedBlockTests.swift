import IPC
import SystemPackage
import Testing

@Suite struct SharedBlockTests {
  private func region(_ size: Int = 4096) throws -> SharedRegion { SharedRegion(try scratchMemory(size).map()) }

  @Test func whatIsPublishedIsSeen() throws {
    let block = try SharedBlock(makingIn: try region(), at: 0)
    #expect(!block.isReady)
    #expect(try block.wait(patience: .none) == .wouldBlock)
    #expect(try block.wait(patience: .atMost(.milliseconds(2))) == .timedOut)
    #expect(try block.wait(patience: .atMost(.milliseconds(2)), .looking) == .timedOut)
    let data = Array("data".utf8)
    try block.publish(data.span)
    #expect(try block.wait() == .ready)
    #expect(block.add(2) == 2 && block.counter == 2)
    block.reset()
    #expect(try block.wait(until: false) == .ready)
  }

  @Test func whatDoesNotFitIsRefused() throws {
    let region = try region()
    #expect(reason { _ = try SharedBlock(makingIn: region, at: 88) } == .badAddress)
    #expect(reason { _ = try SharedBlock(makingIn: region, at: 4) } == .invalidArgument)
    let block = try SharedBlock(makingIn: region, at: 80)
    let tooLong = [UInt8](repeating: 0, count: 4001)
    #expect(reason { try block.publish(tooLong.span) } == .messageTooLong)
    #expect(!block.isReady)
  }

  @Test func anObjectThatIsShorterIsAnErrorAndNoSignal() throws {
    let object = try scratchMemory(8192)
    let region = SharedRegion(try object.map())
    try object.resize(to: 4096)
    #expect(reason { _ = try SharedBlock(in: region, at: 4096) } == .badAddress)
  }

  @Test func whatIsPublishedIsReadFromItsBeginning() throws {
    let block = try SharedBlock(makingIn: try region(), at: 0)
    try block.publish("other".utf8.span)
    try block.publish("data".utf8.span)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: SharedBlock.capacity + 1, alignment: 1)
    defer { unsafe buffer.deallocate() }
    unsafe buffer[0] = UInt8(ascii: ">")
    var room = unsafe OutputRawSpan(buffer: UnsafeMutableRawBufferPointer(rebasing: buffer[..<6]), initializedCount: 1)
    try block.read(into: &room)
    let left = room.freeCapacity
    #expect(left == 0)
    // The second is the shorter one, behind which the first stays.
    #expect(unsafe String(decoding: buffer[..<6], as: UTF8.self) == ">datar")
    var tooMuch = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
    do throws(IPCError) {
      try block.read(into: &tooMuch)
      Issue.record("more was read than there is")
    } catch {
      #expect(error.errno == .badAddress)
    }
    let appended = tooMuch.byteCount
    #expect(appended == 0)
  }

  @Test func theCounterWraps() throws {
    let block = try SharedBlock(makingIn: try region(), at: 0)
    block.setCounter(.max)
    #expect(block.counter == .max)
    #expect(block.add(2) == 1)
  }
}
