import FuzzedC
import Testing

@testable import IPC

@Suite("An empty record")
struct EmptyRecordTests {
  @Test("needs no address in C, to send it or to receive it")
  func null() throws {
    let memory = try SharedRegion(size: 4096)
    #expect(unsafe fuzzed_ring_of_nothing(try memory.place(bytes: 4096, alignment: 8, at: 0), 4096) == 0)
  }
}
