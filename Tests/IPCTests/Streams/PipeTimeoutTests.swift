import Glibc
import IPC
import SystemPackage
import Testing

@Suite struct PipeTimeoutTests {
  static let short = Duration.milliseconds(20)

  @Test(arguments: [false, true])
  func `Without waiting, an empty pipe and a full one would block`(_ nonBlocking: Bool) throws {
    let pipe = try AnonymousPipe(nonBlocking: nonBlocking)
    let reader = pipe.reader
    let writer = pipe.writer
    var bytes: [UInt8] = []
    #expect(reason { _ = try reader.read(maxLength: 9, appendingTo: &bytes, timeout: .immediate) } == .wouldBlock)
    let error = failure { try writer.writeAll([UInt8](repeating: 1, count: 100_000).span, timeout: .immediate) }
    #expect(error?.errno == .wouldBlock)
    #expect(error?.transferred == 65536)
    #expect(reason { _ = try writer.write([1].span, timeout: .immediate) } == .wouldBlock)
    #expect(try reader.read(maxLength: 9, appendingTo: &bytes, timeout: .immediate) == 9)
    #expect(try reader.isNonBlocking == nonBlocking)
  }

  @Test func `The non-waiting variants return nil instead of waiting`() throws {
    let pipe = try AnonymousPipe()
    let reader = pipe.reader
    let writer = pipe.writer
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 70_000, alignment: 8)
    defer { unsafe buffer.deallocate() }
    var room = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
    let message = [UInt8](repeating: 7, count: 65536)
    let nothing = try reader.tryRead(into: &room)
    #expect(nothing == nil)
    #expect(try writer.tryWrite(unsafe message.span.bytes) == 65536)
    #expect(try writer.tryWrite(unsafe message.span.bytes) == nil)
    let everything = try reader.tryRead(into: &room)
    #expect(everything == 65536)
    try writer.close()
    // If another test is starting a process, that process has the writer open until it executes its program.
    #expect(try reader.wait(for: .readable, timeout: .after(.seconds(3600))).contains(.hangUp))
    let end = try reader.tryRead(into: &room)
    #expect(end == 0)
  }

  @Test(arguments: [false, true])
  func `A read ends at its deadline, and not before`(_ nonBlocking: Bool) async throws {
    try await onThread {
      let pipe = try AnonymousPipe(nonBlocking: nonBlocking)
      var bytes: [UInt8] = []
      let timeout = Timeout.after(Self.short)
      let error = failure { _ = try pipe.reader.read(maxLength: 1, appendingTo: &bytes, timeout: timeout) }
      #expect(error?.errno == .timedOut)
      #expect(timeout.hasPassed)
    }
  }

  @Test(arguments: [false, true])
  func `A write ends at its deadline, and not before`(_ nonBlocking: Bool) async throws {
    try await onThread {
      let pipe = try AnonymousPipe(nonBlocking: nonBlocking)
      let timeout = Timeout.after(Self.short)
      let bytes = [UInt8](repeating: 1, count: 100_000)
      let error = failure { try pipe.writer.writeAll(bytes.span, timeout: timeout) }
      #expect(error?.errno == .timedOut)
      #expect(error?.transferred == 65536)
      #expect(timeout.hasPassed)
    }
  }

  @Test func `With a deadline in the past, a transfer that does not need to wait succeeds`() throws {
    let pipe = try AnonymousPipe()
    let reader = pipe.reader
    let writer = pipe.writer
    let past = Timeout.after(.seconds(-1))
    #expect(try writer.write([1, 2].span, timeout: past) == 2)
    var bytes: [UInt8] = []
    #expect(try reader.read(maxLength: 2, appendingTo: &bytes, timeout: past) == 2)
    #expect(reason { _ = try reader.read(maxLength: 2, appendingTo: &bytes, timeout: past) } == .timedOut)
  }

  @Test func `A write of up to PIPE_BUF bytes is complete or has no effect; a longer one can be partial`() throws {
    let pipe = try AnonymousPipe()
    let writer = pipe.writer
    let page = [UInt8](repeating: 1, count: 4096)
    try writer.writeAll([UInt8](repeating: 1, count: 65536 - 4096).span)
    #expect(try writer.write([UInt8](repeating: 2, count: 5000).span, timeout: .immediate) == 4096)
    #expect(reason { _ = try writer.write(page.span, timeout: .immediate) } == .wouldBlock)
  }

  @Test(arguments: [false, true])
  func `Without a timeout, a reader waits for a writer in another thread`(_ nonBlocking: Bool) async throws {
    let pipe = try AnonymousPipe(nonBlocking: nonBlocking)
    let reader = pipe.reader
    let writer = pipe.writer
    let reading = try duplicate(reader.descriptor)
    async let read = onThread {
      var bytes: [UInt8] = []
      _ = try PipeReader(adopting: reading).readExactly(3, appendingTo: &bytes)
      return bytes
    }
    for byte in [UInt8(1), 2, 3] { try writer.writeAll([byte].span) }
    #expect(try await read == [1, 2, 3])
  }

  @Test func `A competing reader does not delay a deadline`() async throws {
    // poll(2) reports the byte to both readers. One of them reads the byte, and the other must not wait past its
    // deadline.
    let pipe = try AnonymousPipe()
    let reader = pipe.reader
    let writer = pipe.writer
    let readings = try (0..<2).map { _ in try duplicate(reader.descriptor) }
    async let first = onThread { try Self.readByte(readings[0]) }
    async let second = onThread { try Self.readByte(readings[1]) }
    try writer.writeAll([1].span)
    let results = try await [first, second]
    #expect(results.contains(1))
    #expect(results.contains(nil))
  }

  /// Reads a byte; returns nil if none arrived.
  private static func readByte(_ descriptor: FileDescriptor) throws -> Int? {
    var bytes: [UInt8] = []
    let reader = try PipeReader(adopting: descriptor)
    let error = failure { _ = try reader.read(maxLength: 1, appendingTo: &bytes, timeout: .after(.milliseconds(50))) }
    return error?.errno == .timedOut ? nil : bytes.count
  }

  @Test func `Readiness is reported as poll reports it`() throws {
    let pipe = try AnonymousPipe()
    let reader = pipe.reader
    let writer = pipe.writer
    #expect(try readiness(of: reader, for: .readable) == [])
    #expect(try readiness(of: writer, for: .writable) == .writable)
    try writer.writeAll([1].span)
    #expect(try readiness(of: reader, for: .readable) == .readable)
    try writer.close()
    #expect(try readiness(of: reader, for: .readable) == [.readable, .hangUp])
  }
}

@Suite(.serialized) struct PipeInterruptionTests {
  @Test(arguments: [Timeout.never, .after(.seconds(3600))])
  func `An interruption is an error if it must not be retried`(_ timeout: Timeout) async throws {
    try await onThread {
      let pipe = try AnonymousPipe()
      let reader = pipe.reader
      let interruptions = Interruptions()
      defer { interruptions.end() }
      var bytes: [UInt8] = []
      let error = reason {
        _ = try reader.read(maxLength: 1, appendingTo: &bytes, timeout: timeout, retryOnInterrupt: false)
      }
      #expect(error == .interrupted)
    }
  }

  @Test func `By default an interruption does not end a call, and does not extend its deadline`() async throws {
    try await onThread {
      let pipe = try AnonymousPipe()
      let reader = pipe.reader
      let interruptions = Interruptions()
      defer { interruptions.end() }
      var bytes: [UInt8] = []
      let timeout = Timeout.after(.milliseconds(30))
      #expect(reason { _ = try reader.read(maxLength: 1, appendingTo: &bytes, timeout: timeout) } == .timedOut)
      #expect(timeout.hasPassed)
    }
  }

  @Test func `An interrupted write of a whole buffer reports the number of written bytes`() async throws {
    try await onThread {
      let pipe = try AnonymousPipe()
      let reader = pipe.reader
      let writer = pipe.writer
      let interruptions = Interruptions()
      defer { interruptions.end() }
      let error = failure {
        try writer.writeAll([UInt8](repeating: 1, count: 1 << 20).span, retryOnInterrupt: false)
      }
      #expect(error?.errno == .interrupted)
      #expect(error?.transferred == (try reader.bytesAvailable))
      #expect(error?.transferred ?? 0 > 0)
    }
  }

  @Test func `An interrupted read of n bytes keeps the bytes that it has read`() async throws {
    try await onThread {
      let pipe = try AnonymousPipe()
      let reader = pipe.reader
      let writer = pipe.writer
      try writer.writeAll([1, 2, 3].span)
      let interruptions = Interruptions()
      defer { interruptions.end() }
      var bytes: [UInt8] = []
      let error = failure { _ = try reader.readExactly(5, appendingTo: &bytes, retryOnInterrupt: false) }
      #expect(error?.errno == .interrupted)
      #expect(error?.transferred == 3)
      #expect(bytes == [1, 2, 3])
    }
  }
}
