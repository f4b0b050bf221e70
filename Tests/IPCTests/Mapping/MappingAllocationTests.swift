import AllocationCount
import IPC
import Testing

@Suite struct MappingAllocationTests {
  @Test func `bytes through a mapping cost no allocation`() throws {
    let memory = try scratchMemory(4096).map()
    let message = [UInt8](repeating: 7, count: 64)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 8)
    defer { unsafe buffer.deallocate() }
    var before = 0
    for round in 0...1_000 {
      // The first round also makes what the runtime makes once.
      if round == 1 { before = allocation_count() }
      var room = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
      try memory.write(message.span, at: 36)
      try memory.read(at: 36, into: &room)
    }
    #expect(allocation_count() - before == 0)
  }
}
