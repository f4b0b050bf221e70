import Glibc
import IPC
import SystemPackage
import Testing

@Suite struct PipePatienceTests {
  static let short = Duration.milliseconds(20)

  @Test(arguments: [false, true])
  func `Without patience, an empty pipe would block and a full one too`(_ nonBlocking: Bool) throws {
    let pipe = try Pipe(nonBlocking: nonBlocking)
    var bytes: [UInt8] = []
    #expect(try pipe.reader.read(atMost: 9, appendingTo: &bytes, patience: .none) == .wouldBlock(after: 0))
    let much = [UInt8](repeating: 1, count: 100_000)
    #expect(try pipe.writer.writeAll(much.span, patience: .none) == .wouldBlock(after: 65536))
    #expect(try pipe.writer.write([1].span, patience: .none) == .wouldBlock(after: 0))
    #expect(try pipe.reader.read(atMost: 9, appendingTo: &bytes, patience: .none) == .read(9))
    #expect(try pipe.reader.isNonBlocking == nonBlocking)
  }

  @Test(arguments: [false, true])
  func `A deadline ends a wait, not before its time`(_ nonBlocking: Bool) async throws {
    try await onThread {
      let pipe = try Pipe(nonBlocking: nonBlocking)
      var bytes: [UInt8] = []
      var deadline = Deadline.after(Self.short)
      #expect(try pipe.reader.read(atMost: 1, appendingTo: &bytes, patience: .until(deadline)) == .timedOut(after: 0))
      #expect(deadline.hasPassed)
      deadline = .after(Self.short)
      let much = [UInt8](repeating: 1, count: 100_000)
      #expect(try pipe.writer.writeAll(much.span, patience: .until(deadline)) == .timedOut(after: 65536))
      #expect(deadline.hasPassed)
    }
  }

  @Test func `A deadline in the past takes what is there`() throws {
    let pipe = try Pipe()
    let past = Patience.until(.after(.seconds(-1)))
    #expect(try pipe.writer.write([1, 2].span, patience: past) == .wrote(2))
    var bytes: [UInt8] = []
    #expect(try pipe.reader.read(atMost: 2, appendingTo: &bytes, patience: past) == .read(2))
    #expect(try pipe.reader.read(atMost: 2, appendingTo: &bytes, patience: past) == .timedOut(after: 0))
  }

  @Test func `Up to the limit a write is whole or not at all, above it is partial`() throws {
    let pipe = try Pipe()
    let page = [UInt8](repeating: 1, count: 4096)
    try pipe.writer.writeAll([UInt8](repeating: 1, count: 65536 - 4096).span)
    #expect(try pipe.writer.write([UInt8](repeating: 2, count: 5000).span, patience: .none) == .wrote(4096))
    #expect(try pipe.writer.write(page.span, patience: .none) == .wouldBlock(after: 0))
  }

  @Test(arguments: [false, true])
  func `A reader waits for ever for a writer in another thread`(_ nonBlocking: Bool) async throws {
    let pipe = try Pipe(nonBlocking: nonBlocking)
    let reading = try duplicate(pipe.reader.descriptor)
    async let read = onThread {
      var bytes: [UInt8] = []
      _ = try Pipe.Reader(adopting: reading).readExactly(3, appendingTo: &bytes)
      return bytes
    }
    for byte in [UInt8(1), 2, 3] { try pipe.writer.writeAll([byte].span) }
    #expect(try await read == [1, 2, 3])
  }

  @Test func `A competing reader cannot make a deadline late`() async throws {
    // Both see the byte announced; one of them gets it, and the other one must not wait beyond its time.
    let pipe = try Pipe()
    let readings = try (0..<2).map { _ in try duplicate(pipe.reader.descriptor) }
    async let results = onThread2(readings) { reading in
      var bytes: [UInt8] = []
      let reader = try Pipe.Reader(adopting: reading)
      return try reader.read(atMost: 1, appendingTo: &bytes, patience: .atMost(.milliseconds(50)))
    }
    try pipe.writer.writeAll([1].span)
    #expect(try await Set(results) == [.read(1), .timedOut(after: 0)])
  }

  private func onThread2<Value: Sendable>(
    _ descriptors: [FileDescriptor], _ body: @escaping @Sendable (FileDescriptor) throws -> Value
  ) async throws -> [Value] {
    async let first = onThread { try body(descriptors[0]) }
    async let second = onThread { try body(descriptors[1]) }
    return try await [first, second]
  }

  @Test func `What a descriptor is ready for is told`() throws {
    let pipe = try Pipe()
    #expect(try Readiness.of(pipe.reader.descriptor, for: .readable) == [])
    #expect(try Readiness.of(pipe.writer.descriptor, for: .writable) == .writable)
    try pipe.writer.writeAll([1].span)
    #expect(try Readiness.of(pipe.reader.descriptor, for: .readable) == .readable)
    try pipe.writer.close()
    #expect(try Readiness.of(pipe.reader.descriptor, for: .readable) == [.readable, .hangUp])
  }
}
