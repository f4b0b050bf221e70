import IPC
import SystemPackage
import Testing

@Suite(.serialized) struct PipeInterruptionTests {
  @Test(arguments: [Patience.forever, .atMost(.seconds(3600))])
  func `An interruption that was asked for is an error`(_ patience: Patience) async throws {
    try await onThread {
      let pipe = try Pipe()
      let nagging = Nagging()
      defer { nagging.end() }
      var bytes: [UInt8] = []
      #expect(
        reason { _ = try pipe.reader.read(atMost: 1, appendingTo: &bytes, patience: patience, interruption: .report) }
          == .interrupted)
    }
  }

  @Test func `An interruption that was not asked for changes nothing`() async throws {
    try await onThread {
      let pipe = try Pipe()
      let nagging = Nagging()
      defer { nagging.end() }
      var bytes: [UInt8] = []
      let result = try pipe.reader.read(atMost: 1, appendingTo: &bytes, patience: .atMost(.milliseconds(30)))
      #expect(result == .timedOut(after: 0))
    }
  }

  @Test func `An interrupted write of all loses no count`() async throws {
    try await onThread {
      let pipe = try Pipe()
      let nagging = Nagging()
      defer { nagging.end() }
      let much = [UInt8](repeating: 1, count: 1 << 20)
      do {
        try pipe.writer.writeAll(much.span, interruption: .report)
        Issue.record("nobody reads, and a pipe does not hold that much")
      } catch let error as IPCError {
        #expect(error.errno == .interrupted)
        #expect(error.transferred == (try pipe.reader.bytesWaiting))
        #expect(error.transferred > 0)
      }
    }
  }

  @Test func `An interrupted read of n keeps what it has read`() async throws {
    try await onThread {
      let pipe = try Pipe()
      try pipe.writer.writeAll([1, 2, 3].span)
      let nagging = Nagging()
      defer { nagging.end() }
      var bytes: [UInt8] = []
      do {
        _ = try pipe.reader.readExactly(5, appendingTo: &bytes, interruption: .report)
        Issue.record("nobody writes more")
      } catch let error as IPCError {
        #expect(error.errno == .interrupted)
        #expect(error.transferred == 3)
      }
      #expect(bytes == [1, 2, 3])
    }
  }
}
