import Glibc
import IPC
import SystemPackage
import Testing

@Suite struct PipeTests {
  @Test(arguments: [1, 4095, 4096, 4097, 65536])
  func `What is written is read, and then the file ends`(_ count: Int) throws {
    let pipe = try Pipe()
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    #expect(try pipe.writer.writeAll(bytes.span) == .wrote(count))
    #expect(try pipe.reader.bytesWaiting == count)
    try pipe.writer.close()
    var read: [UInt8] = []
    #expect(try pipe.reader.readToEnd(appendingTo: &read) == .endOfFile(after: count))
    #expect(read == bytes)
    #expect(try pipe.reader.read(atMost: 1, appendingTo: &read) == .endOfFile(after: 0))
  }

  @Test func `A megabyte passes through a pipe that holds less`() async throws {
    let pipe = try Pipe()
    let bytes = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 >> 8 ^ $0) }
    let reading = try duplicate(pipe.reader.descriptor)
    async let read = onThread {
      var all: [UInt8] = []
      let reader = try Pipe.Reader(adopting: reading)
      try reader.readToEnd(appendingTo: &all)
      return all
    }
    let writing = try duplicate(pipe.writer.descriptor)
    try pipe.writer.close()
    let result = try await onThread { try Pipe.Writer(adopting: writing).writeAll(bytes.span) }
    #expect(result == .wrote(1 << 20))
    #expect(try await read == bytes)
  }

  @Test func `An end is closed when its owner goes, or says so`() throws {
    let pipe = try Pipe()
    let numbers = (pipe.reader.descriptor.rawValue, pipe.writer.descriptor.rawValue)
    #expect(isCloseOnExec(numbers.0) == true)
    #expect(isCloseOnExec(numbers.1) == true)
    try pipe.reader.close()
    try untilNobodyReads(pipe.writer.descriptor)
    #expect(try pipe.writer.write([1].span) == .nobodyReads(after: 0))
  }

  @Test func `A descriptor that is released stays open`() throws {
    let pipe = try Pipe()
    let descriptor = pipe.writer.release()
    #expect(fcntl(descriptor.rawValue, F_GETFD) == FD_CLOEXEC)
    try descriptor.close()
    var none: [UInt8] = []
    #expect(try pipe.reader.readToEnd(appendingTo: &none) == .endOfFile(after: 0))
  }

  @Test func `Nothing is read into no room, and nothing is written of nothing`() throws {
    let pipe = try Pipe()
    var none: [UInt8] = []
    #expect(try pipe.reader.read(atMost: 0, appendingTo: &none) == .read(0))
    #expect(try pipe.reader.readExactly(0, appendingTo: &none) == .read(0))
    #expect(try pipe.reader.readToEnd(appendingTo: &none, limit: 0) == .read(0))
    #expect(try pipe.writer.writeAll(none.span) == .wrote(0))
  }

  @Test func `The end of file in the middle of what was wanted tells how much there was`() throws {
    let pipe = try Pipe()
    try pipe.writer.writeAll([1, 2, 3].span)
    try pipe.writer.close()
    var bytes: [UInt8] = [0]
    #expect(try pipe.reader.readExactly(5, appendingTo: &bytes) == .endOfFile(after: 3))
    #expect(bytes == [0, 1, 2, 3])
  }

  @Test func `Reading to the end stops at the limit`() throws {
    let pipe = try Pipe()
    try pipe.writer.writeAll([UInt8](repeating: 7, count: 1000).span)
    var bytes: [UInt8] = []
    #expect(try pipe.reader.readToEnd(appendingTo: &bytes, limit: 600) == .read(600))
    #expect(bytes.count == 600)
  }

  @Test func `A packet is read as it was written, and what has no room is lost`() throws {
    let pipe = try Pipe(packets: true)
    try pipe.writer.writeAll("first".utf8.span)
    try pipe.writer.writeAll("second".utf8.span)
    var bytes: [UInt8] = []
    #expect(try pipe.reader.read(atMost: 2, appendingTo: &bytes) == .read(2))
    #expect(try pipe.reader.read(atMost: 100, appendingTo: &bytes) == .read(6))
    #expect(bytes == Array("fisecond".utf8))
  }

  @Test func `An atomic write refuses more than the limit before it writes`() throws {
    let pipe = try Pipe()
    let bytes = [UInt8](repeating: 1, count: Pipe.atomicWriteLimit + 1)
    #expect(reason { try pipe.writer.writeAtomically(bytes.span) } == .messageTooLong)
    #expect(try pipe.reader.bytesWaiting == 0)
    #expect(try pipe.writer.writeAtomically(bytes.span.extracting(first: 4096)) == .wrote(4096))
  }

  @Test func `Reading what is no longer open is an error of the call`() throws {
    let pipe = try Pipe()
    // A number far above those that other threads open meanwhile, who get the lowest that is free.
    let descriptor = FileDescriptor(rawValue: fcntl(pipe.reader.descriptor.rawValue, F_DUPFD_CLOEXEC, 900))
    try descriptor.close()
    #expect(reason { _ = try Pipe.Reader(adopting: descriptor) } == .badFileDescriptor)
  }

  @Test func `No room for another descriptor is an error that names the limit`() async throws {
    // In a process of its own: the limit is everybody's.
    await #expect(processExitsWith: .success) {
      var limit = rlimit()
      _ = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      limit.rlim_cur = 0
      _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      do {
        _ = try Pipe()
        exit(1)
      } catch let error as IPCError {
        exit(error.errno == .tooManyOpenFiles && error.description.contains("RLIMIT_NOFILE") ? 0 : 2)
      }
    }
  }
}
