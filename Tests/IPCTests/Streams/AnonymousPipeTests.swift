import Glibc
import IPC
import SystemPackage
import Testing

@Suite struct AnonymousPipeTests {
  @Test(arguments: [1, 4095, 4096, 4097, 65536])
  func `Bytes are read as they were written, and then the stream ends`(_ count: Int) throws {
    let pipe = try AnonymousPipe()
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    try pipe.writer.writeAll(bytes.span)
    #expect(try pipe.reader.bytesAvailable == count)
    try pipe.writer.close()
    var read: [UInt8] = []
    #expect(try pipe.reader.readToEnd(appendingTo: &read) == count)
    #expect(read == bytes)
    #expect(try pipe.reader.read(maxLength: 1, appendingTo: &read) == 0)
  }

  @Test func `A pipe of 64 KiB transfers a megabyte`() async throws {
    let pipe = try AnonymousPipe()
    let bytes = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 >> 8 ^ $0) }
    let reading = try duplicate(pipe.reader.descriptor)
    async let read = onThread {
      var all: [UInt8] = []
      try PipeReader(adopting: reading).readToEnd(appendingTo: &all)
      return all
    }
    let writing = try duplicate(pipe.writer.descriptor)
    try pipe.writer.close()
    try await onThread { try PipeWriter(adopting: writing).writeAll(bytes.span) }
    #expect(try await read == bytes)
  }

  @Test func `Two parts are one packet, and are written as a whole or not at all`() throws {
    let packets = try AnonymousPipe(packets: true)
    let (head, body): ([UInt8], [UInt8]) = (Array("head".utf8), Array("body".utf8))
    #expect(try packets.writer.write(head.span, then: body.span) == 8)
    try packets.writer.writeAll([UInt8]().span, then: body.span)
    var read: [UInt8] = []
    #expect(try packets.reader.read(maxLength: 100, appendingTo: &read) == 8)
    #expect(read == head + body)
    #expect(try packets.reader.read(maxLength: 100, appendingTo: &read) == 4)

    let pipe = try AnonymousPipe()
    try pipe.writer.setCapacity(4096)
    try pipe.writer.writeAll([UInt8](repeating: 0, count: 1).span)
    let rest = [UInt8](repeating: 1, count: 4092)
    #expect(
      reason { _ = try pipe.writer.write(head.span, then: rest.span, timeout: .immediate) } == .wouldBlock)
    #expect(try pipe.reader.bytesAvailable == 1)
  }

  @Test func `Both ends are close-on-exec, and each reports that the other was closed`() throws {
    let pipe = try AnonymousPipe()
    let numbers = (pipe.reader.descriptor.rawValue, pipe.writer.descriptor.rawValue)
    #expect(isCloseOnExec(numbers.0) == true)
    #expect(isCloseOnExec(numbers.1) == true)
    let writer = pipe.writer
    try pipe.reader.close()
    try waitUntilReadersAreGone(writer)
    #expect(reason { _ = try writer.write([1].span) } == .brokenPipe)
  }

  @Test func `A released descriptor stays open`() throws {
    let pipe = try AnonymousPipe()
    let descriptor = pipe.writer.release()
    #expect(isCloseOnExec(descriptor.rawValue) == true)
    try descriptor.close()
    var none: [UInt8] = []
    #expect(try pipe.reader.readToEnd(appendingTo: &none) == 0)
  }

  @Test func `Empty buffers transfer nothing`() throws {
    let pipe = try AnonymousPipe()
    var none: [UInt8] = []
    #expect(try pipe.reader.read(maxLength: 0, appendingTo: &none) == 0)
    #expect(try pipe.reader.readExactly(0, appendingTo: &none) == 0)
    #expect(try pipe.reader.readToEnd(appendingTo: &none, maxLength: 0) == 0)
    #expect(try pipe.writer.write(none.span) == 0)
    try pipe.writer.writeAll(none.span)
    #expect(try pipe.reader.bytesAvailable == 0)
  }

  @Test func `End of file before the requested length returns the available bytes`() throws {
    let pipe = try AnonymousPipe()
    try pipe.writer.writeAll([1, 2, 3].span)
    try pipe.writer.close()
    var bytes: [UInt8] = [0]
    #expect(try pipe.reader.readExactly(5, appendingTo: &bytes) == 3)
    #expect(bytes == [0, 1, 2, 3])
  }

  @Test func `Reading to the end stops at the maximum length`() throws {
    let pipe = try AnonymousPipe()
    try pipe.writer.writeAll([UInt8](repeating: 7, count: 1000).span)
    var bytes: [UInt8] = []
    #expect(try pipe.reader.readToEnd(appendingTo: &bytes, maxLength: 600) == 600)
    #expect(bytes.count == 600)
  }

  @Test func `A packet is read as it was written, and the part that does not fit is discarded`() throws {
    let pipe = try AnonymousPipe(packets: true)
    try pipe.writer.writeAll("first".utf8.span)
    try pipe.writer.writeAll("second".utf8.span)
    var bytes: [UInt8] = []
    #expect(try pipe.reader.read(maxLength: 2, appendingTo: &bytes) == 2)
    #expect(try pipe.reader.read(maxLength: 100, appendingTo: &bytes) == 6)
    #expect(bytes == Array("fisecond".utf8))
  }

  @Test func `An atomic write refuses more than PIPE_BUF before it writes`() throws {
    let pipe = try AnonymousPipe()
    let bytes = [UInt8](repeating: 1, count: AnonymousPipe.maximumAtomicWriteLength + 1)
    #expect(reason { try pipe.writer.writeAtomically(bytes.span) } == .messageTooLong)
    #expect(try pipe.reader.bytesAvailable == 0)
    try pipe.writer.writeAtomically(bytes.span.extracting(first: 4096))
    #expect(try pipe.reader.bytesAvailable == 4096)
  }

  @Test func `The error at the limit of descriptors names the limit`() async throws {
    // Runs in a separate process, because the limit applies to the whole process.
    await #expect(processExitsWith: .success) {
      var limit = rlimit()
      _ = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      limit.rlim_cur = 0
      _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      let error = failure { _ = try AnonymousPipe() }
      exit(error?.errno == .tooManyOpenFiles && "\(error, default: "")".contains("RLIMIT_NOFILE") ? 0 : 2)
    }
  }
}

@Suite struct PipeCapacityTests {
  @Test func `A capacity is rounded up, and both ends report it`() throws {
    let pipe = try AnonymousPipe()
    #expect(try pipe.reader.setCapacity(5000) == 8192)
    #expect(try pipe.writer.capacity == 8192)
    let error = failure { try pipe.writer.writeAll([UInt8](repeating: 1, count: 9000).span, timeout: .immediate) }
    #expect(error?.errno == .wouldBlock)
    #expect(error?.transferred == 8192)
  }

  @Test func `A capacity below the size of the contents is refused`() throws {
    let pipe = try AnonymousPipe()
    try pipe.writer.writeAll([UInt8](repeating: 1, count: 20_000).span)
    #expect(reason { try pipe.reader.setCapacity(4096) } == .resourceBusy)
  }

  @Test(arguments: [-1, Int.max, Int.min])
  func `An impossible capacity is refused`(_ capacity: Int) throws {
    let pipe = try AnonymousPipe()
    #expect(reason { try pipe.reader.setCapacity(capacity) } == .invalidArgument)
  }

  @Test func `The error for a capacity above the limit for users names the limit`() async {
    await #expect(processExitsWith: .success) {
      let pipe = try AnonymousPipe()
      if geteuid() == 0 { guard setuid(65534) == 0 else { exit(2) } }
      guard try pipe.reader.setCapacity(1 << 20) == 1 << 20 else { exit(3) }
      let error = failure { try pipe.reader.setCapacity(1 << 30) }
      exit(error?.errno == .notPermitted && "\(error, default: "")".contains("pipe-max-size") ? 0 : 4)
    }
  }
}

@Suite struct PipeAdoptionTests {
  @Test func `An adopted end becomes close-on-exec`() throws {
    let pipe = try AnonymousPipe()
    let inherited = FileDescriptor(rawValue: dup(pipe.writer.descriptor.rawValue))
    #expect(isCloseOnExec(inherited.rawValue) == false)
    let writer = try PipeWriter(adopting: inherited)
    #expect(isCloseOnExec(inherited.rawValue) == true)
    #expect(try writer.write([1].span) == 1)
  }

  @Test func `An end of the opposite direction is refused, and stays open`() throws {
    let pipe = try AnonymousPipe()
    #expect(reason { _ = try PipeReader(adopting: pipe.writer.descriptor) } == .badFileDescriptor)
    #expect(reason { _ = try PipeWriter(adopting: pipe.reader.descriptor) } == .badFileDescriptor)
    #expect(try pipe.writer.write([1].span) == 1)
  }

  @Test func `A descriptor opened with O_PATH is refused`() throws {
    let pipe = try AnonymousPipe()
    let path = "/proc/self/fd/\(pipe.reader.descriptor.rawValue)"
    let located = FileDescriptor(rawValue: unsafe open(path, 0o10_000_000 | O_CLOEXEC))
    defer { try? located.close() }
    #expect(reason { _ = try PipeReader(adopting: located) } == .badFileDescriptor)
    #expect(reason { _ = try PipeWriter(adopting: located) } == .badFileDescriptor)
  }

  @Test func `A descriptor of a different kind is refused, and stays open`() throws {
    let file = try unsafe FileDescriptor.open("/dev/null", .readOnly)
    defer { try? file.close() }
    #expect(reason { _ = try PipeReader(adopting: file) } == .invalidArgument)
    #expect(isCloseOnExec(file.rawValue) != nil)
  }

  @Test func `A descriptor that is not open is refused`() throws {
    let pipe = try AnonymousPipe()
    // Use a number far above the descriptors that other threads open in the meantime.
    let descriptor = FileDescriptor(rawValue: fcntl(pipe.reader.descriptor.rawValue, F_DUPFD_CLOEXEC, 900))
    try descriptor.close()
    #expect(reason { _ = try PipeReader(adopting: descriptor) } == .badFileDescriptor)
  }
}
