import IPC
import SystemPackage
import Testing

@Suite struct VectorsTests {
  private static let timeouts: [Timeout] = [.never, .immediate, .after(.seconds(600))]

  @Test(arguments: timeouts) func `Parts arrive in order, and empty ones add nothing`(_ timeout: Timeout) throws {
    let pipe = try AnonymousPipe()
    #expect(try pipe.writer.write(parts: [[1, 2], [], [3], [4, 5, 6]], timeout: timeout) == 6)
    var parts: [[UInt8]] = [[], [0], [0, 0], [9, 9, 9, 9]]
    #expect(try pipe.reader.read(into: &parts, timeout: timeout) == 6)
    #expect(parts == [[], [1], [2, 3], [4, 5, 6, 9]])
    #expect(try pipe.writer.write(parts: [[], []], timeout: timeout) == 0)
    #expect(try pipe.writer.write(parts: [], timeout: timeout) == 0)
  }

  @Test func `Arrays that share their storage are filled separately`() throws {
    let pipe = try AnonymousPipe()
    let empty: [UInt8] = [0, 0]
    var parts = [empty, empty]
    _ = try pipe.writer.write(parts: [[1, 2, 3, 4]])
    #expect(try pipe.reader.read(into: &parts) == 4)
    #expect(parts == [[1, 2], [3, 4]])
    #expect(empty == [0, 0])
  }

  @Test func `More than 1024 parts are an error`() throws {
    let pipe = try AnonymousPipe()
    let sockets = try UnixSocket.Pair<UnixSocket.SequencedPacketStyle>()
    var parts = Array(repeating: [UInt8](repeating: 7, count: 1), count: 1025)
    #expect(reason { _ = try pipe.writer.write(parts: parts) } == .invalidArgument)
    #expect(reason { _ = try pipe.reader.read(into: &parts) } == .invalidArgument)
    #expect(reason { try sockets.first.send(parts: parts) } == .messageTooLong)
    parts.removeLast()
    #expect(try pipe.writer.write(parts: parts) == 1024)
    #expect(try pipe.reader.read(into: &parts) == 1024)
  }

  @Test func `Timeouts and broken pipes are errors`() throws {
    let pipe = try AnonymousPipe()
    let reader = pipe.reader
    let writer = pipe.writer
    var parts: [[UInt8]] = [[0], [0]]
    #expect(reason { _ = try reader.read(into: &parts, timeout: .immediate) } == .wouldBlock)
    #expect(reason { _ = try reader.read(into: &parts, timeout: .after(.milliseconds(5))) } == .timedOut)
    try reader.close()
    try waitUntilReadersAreGone(writer)
    let error = failure { _ = try writer.write(parts: [[1], [2]]) }
    #expect(error?.errno == .brokenPipe)
    #expect(error?.call == .writev)
  }

  @Test func `A message in parts is one message`() throws {
    let sockets = try UnixSocket.Pair<UnixSocket.DatagramStyle>()
    try sockets.first.send(parts: [[1, 2], [], [3]])
    try sockets.first.send(parts: [[4]])
    var parts: [[UInt8]] = [[0], [0]]
    let packet = try sockets.second.receive(into: &parts)
    #expect(parts == [[1], [2]])
    #expect(packet.length == 2 && packet.originalLength == 3 && packet.isTruncated)
    #expect(try sockets.second.receive(into: &parts, timeout: .immediate).length == 1)
    #expect(reason { _ = try sockets.second.receive(into: &parts, timeout: .immediate) } == .wouldBlock)
  }

  @Test func `Parts at an offset do not move the descriptor's offset`() throws {
    let object = try scratchMemory(0)
    let descriptor = object.descriptor
    #expect(try descriptor.write(toAbsoluteOffset: 3, parts: [[1, 2], [], [3]]) == 3)
    #expect(try descriptor.seek(offset: 0, from: .current) == 0)
    var parts: [[UInt8]] = [[9], [9, 9], [], [9, 9, 9, 9]]
    #expect(try descriptor.read(fromAbsoluteOffset: 2, into: &parts) == 4)
    #expect(parts == [[0], [1, 2], [], [3, 9, 9, 9]])
    #expect(try descriptor.read(fromAbsoluteOffset: 6, into: &parts) == 0)
    #expect(try descriptor.seek(offset: 0, from: .current) == 0)
  }

  @Test func `Parts at an offset need a file, an offset, and at most 1024 parts`() throws {
    let object = try scratchMemory(0)
    let pipe = try AnonymousPipe()
    let (file, reader, writer) = (object.descriptor, pipe.reader.descriptor, pipe.writer.descriptor)
    var parts: [[UInt8]] = [[1]]
    #expect(reason { _ = try reader.read(fromAbsoluteOffset: 0, into: &parts) } == .illegalSeek)
    #expect(reason { _ = try writer.write(toAbsoluteOffset: 0, parts: parts) } == .illegalSeek)
    #expect(reason { _ = try file.read(fromAbsoluteOffset: -1, into: &parts) } == .invalidArgument)
    #expect(reason { _ = try file.write(toAbsoluteOffset: -1, parts: parts) } == .invalidArgument)
    parts = Array(repeating: [1], count: 1025)
    #expect(reason { _ = try file.read(fromAbsoluteOffset: 0, into: &parts) } == .invalidArgument)
    let error = failure { _ = try file.write(toAbsoluteOffset: 0, parts: parts) }
    #expect(error?.errno == .invalidArgument)
    #expect(error?.call == .pwritev)
  }
}
