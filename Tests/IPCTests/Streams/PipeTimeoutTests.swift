import Glibc
import IPC
import SystemPackage
import Testing

@Suite struct PipeTimeoutTests {
  static let short = Duration.milliseconds(20)

  @Test(arguments: [false, true])
  func `Without waiting, an empty pipe and a full one would block`(_ nonBlocking: Bool) throws {
    let pipe = try AnonymousPipe(nonBlocking: nonBlocking)
    var bytes: [UInt8] = []
    #expect(reason { _ = try pipe.reader.read(maxLength: 9, appendingTo: &bytes, timeout: .immediate) } == .wouldBlock)
    let error = failure { try pipe.writer.writeAll([UInt8](repeating: 1, count: 100_000).span, timeout: .immediate) }
    #expect(error?.errno == .wouldBlock)
    #expect(error?.transferred == 65536)
    #expect(reason { _ = try pipe.writer.write([1].span, timeout: .immediate) } == .wouldBlock)
    #expect(try pipe.reader.read(maxLength: 9, appendingTo: &bytes, timeout: .immediate) == 9)
    #expect(try pipe.reader.isNonBlocking == nonBlocking)
  }

  @Test func `The non-waiting variants return nil instead of waiting`() throws {
    let pipe = try AnonymousPipe()
    var bytes = [UInt8](repeating: 0, count: 70_000)
    let message = [UInt8](repeating: 7, count: 65536)
    try unsafe bytes.withUnsafeMutableBytes { buffer in
      var room = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
      #expect(try pipe.reader.tryRead(into: &room) == nil)
      #expect(try pipe.writer.tryWrite(unsafe message.span.bytes) == 65536)
      #expect(try pipe.writer.tryWrite(unsafe message.span.bytes) == nil)
      #expect(try pipe.reader.tryRead(into: &room) == 65536)
      try pipe.writer.close()
      #expect(try pipe.reader.tryRead(into: &room) == 0)
    }
  }

  @Test(arguments: [false, true])
  func `A deadline ends a wait, not before its time`(_ nonBlocking: Bool) async throws {
    try await onThread {
      let pipe = try AnonymousPipe(nonBlocking: nonBlocking)
      var bytes: [UInt8] = []
      var timeout = Timeout.after(Self.short)
      #expect(reason { _ = try pipe.reader.read(maxLength: 1, appendingTo: &bytes, timeout: timeout) } == .timedOut)
      #expect(timeout.hasPassed)
      timeout = .after(Self.short)
      let error = failure { try pipe.writer.writeAll([UInt8](repeating: 1, count: 100_000).span, timeout: timeout) }
      #expect(error?.errno == .timedOut)
      #expect(error?.transferred == 65536)
      #expect(timeout.hasPassed)
    }
  }

  @Test func `A deadline in the past transfers what needs no wait`() throws {
    let pipe = try AnonymousPipe()
    let past = Timeout.after(.seconds(-1))
    #expect(try pipe.writer.write([1, 2].span, timeout: past) == 2)
    var bytes: [UInt8] = []
    #expect(try pipe.reader.read(maxLength: 2, appendingTo: &bytes, timeout: past) == 2)
    #expect(reason { _ = try pipe.reader.read(maxLength: 2, appendingTo: &bytes, timeout: past) } == .timedOut)
  }

  @Test func `A write of up to PIPE_BUF bytes is whole or not at all, a longer one is partial`() throws {
    let pipe = try AnonymousPipe()
    let page = [UInt8](repeating: 1, count: 4096)
    try pipe.writer.writeAll([UInt8](repeating: 1, count: 65536 - 4096).span)
    #expect(try pipe.writer.write([UInt8](repeating: 2, count: 5000).span, timeout: .immediate) == 4096)
    #expect(reason { _ = try pipe.writer.write(page.span, timeout: .immediate) } == .wouldBlock)
  }

  @Test(arguments: [false, true])
  func `Without a timeout, a reader waits for a writer in another thread`(_ nonBlocking: Bool) async throws {
    let pipe = try AnonymousPipe(nonBlocking: nonBlocking)
    let reading = try duplicate(pipe.reader.descriptor)
    async let read = onThread {
      var bytes: [UInt8] = []
      _ = try PipeReader(adopting: reading).readExactly(3, appendingTo: &bytes)
      return bytes
    }
    for byte in [UInt8(1), 2, 3] { try pipe.writer.writeAll([byte].span) }
    #expect(try await read == [1, 2, 3])
  }

  @Test func `A competing reader does not delay a deadline`() async throws {
    // poll(2) announces the byte to both readers. One reads it, and the other must not wait beyond its deadline.
    let pipe = try AnonymousPipe()
    let readings = try (0..<2).map { _ in try duplicate(pipe.reader.descriptor) }
    let read: @Sendable (FileDescriptor) throws -> Int? = { reading in
      var bytes: [UInt8] = []
      let reader = try PipeReader(adopting: reading)
      do throws(IPCError) {
        return try reader.read(maxLength: 1, appendingTo: &bytes, timeout: .after(.milliseconds(50)))
      } catch where error.errno == .timedOut {
        return nil
      }
    }
    async let first = onThread { try read(readings[0]) }
    async let second = onThread { try read(readings[1]) }
    try pipe.writer.writeAll([1].span)
    #expect(try await Set([first, second]) == [1, nil])
  }

  @Test func `Readiness is reported as poll reports it`() throws {
    let pipe = try AnonymousPipe()
    #expect(try readiness(of: pipe.reader, for: .readable) == [])
    #expect(try readiness(of: pipe.writer, for: .writable) == .writable)
    try pipe.writer.writeAll([1].span)
    #expect(try readiness(of: pipe.reader, for: .readable) == .readable)
    try pipe.writer.close()
    #expect(try readiness(of: pipe.reader, for: .readable) == [.readable, .hangUp])
  }
}

@Suite(.serialized) struct PipeInterruptionTests {
  @Test(arguments: [Timeout.never, .after(.seconds(3600))])
  func `An interruption is an error if it is not to be retried`(_ timeout: Timeout) async throws {
    try await onThread {
      let pipe = try AnonymousPipe()
      let interruptions = Interruptions()
      defer { interruptions.end() }
      var bytes: [UInt8] = []
      let error = reason {
        _ = try pipe.reader.read(maxLength: 1, appendingTo: &bytes, timeout: timeout, retryOnInterrupt: false)
      }
      #expect(error == .interrupted)
    }
  }

  @Test func `By default an interruption does not end a call, and does not extend its deadline`() async throws {
    try await onThread {
      let pipe = try AnonymousPipe()
      let interruptions = Interruptions()
      defer { interruptions.end() }
      var bytes: [UInt8] = []
      let timeout = Timeout.after(.milliseconds(30))
      #expect(reason { _ = try pipe.reader.read(maxLength: 1, appendingTo: &bytes, timeout: timeout) } == .timedOut)
      #expect(timeout.hasPassed)
    }
  }

  @Test func `An interrupted write of a whole buffer reports what was written`() async throws {
    try await onThread {
      let pipe = try AnonymousPipe()
      let interruptions = Interruptions()
      defer { interruptions.end() }
      let error = failure {
        try pipe.writer.writeAll([UInt8](repeating: 1, count: 1 << 20).span, retryOnInterrupt: false)
      }
      #expect(error?.errno == .interrupted)
      #expect(error?.transferred == (try pipe.reader.bytesAvailable))
      #expect(error?.transferred ?? 0 > 0)
    }
  }

  @Test func `An interrupted read of n bytes keeps what it has read`() async throws {
    try await onThread {
      let pipe = try AnonymousPipe()
      try pipe.writer.writeAll([1, 2, 3].span)
      let interruptions = Interruptions()
      defer { interruptions.end() }
      var bytes: [UInt8] = []
      let error = failure { _ = try pipe.reader.readExactly(5, appendingTo: &bytes, retryOnInterrupt: false) }
      #expect(error?.errno == .interrupted)
      #expect(error?.transferred == 3)
      #expect(bytes == [1, 2, 3])
    }
  }
}
