import IPC
import Testing

@Suite struct MappingAllocationTests {
  @Test func `bytes through a mapping cost no allocation`() throws {
    let memory = try scratchMemory(4096).map()
    let message = [UInt8](repeating: 7, count: 64)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 8)
    defer { unsafe buffer.deallocate() }
    let count = try allocations(in: 1_000) {
      var room = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
      try memory.write(message.span, at: 36)
      try memory.read(at: 36, into: &room)
    }
    #expect(count == 0)
  }
}
