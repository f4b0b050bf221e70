import Glibc
import IPC
import SystemPackage
import Testing

@Suite struct UnixSocketEnclosureTests {
  @Test func `A descriptor arrives as another of the same file, close-on-exec`() throws {
    let stream = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    let packets = try UnixSocket.Pair<UnixSocket.SequencedPacketStyle>()
    let datagrams = try UnixSocket.Pair<UnixSocket.DatagramStyle>()
    try expectPassing(from: stream.first, to: stream.second)
    try expectPassing(from: packets.first, to: packets.second)
    try expectPassing(from: datagrams.first, to: datagrams.second)
  }

  private func expectPassing<Style: UnixSocket.Style>(
    from sender: borrowing UnixSocket.End<Style>, to receiver: borrowing UnixSocket.End<Style>
  ) throws {
    let pipe = try Pipe()
    #expect(try send([pipe.writer.descriptor, pipe.reader.descriptor], by: sender) == .sent)
    var bytes = [UInt8]()
    var enclosure = UnixSocket.Enclosure()
    _ = try receiver.receive(atMost: 9, appendingTo: &bytes, enclosure: &enclosure)
    #expect(bytes == [1])
    let (count, lost) = (enclosure.descriptorCount, enclosure.descriptorsWereLost)
    #expect((count, lost) == (2, false))
    let (first, second) = (enclosure.takeDescriptor(), enclosure.takeDescriptor())
    let (writer, reader) = (try #require(first), try #require(second))
    let nothing = enclosure.takeDescriptor()
    #expect(nothing == nil)
    #expect(isCloseOnExec(writer.rawValue) == true)
    #expect(isCloseOnExec(reader.rawValue) == true)
    #expect(status(of: writer)?.st_ino == status(of: pipe.writer.descriptor)?.st_ino)
    #expect(writer != pipe.writer.descriptor)
    #expect(try Pipe.Writer(adopting: writer).write([7].span) == .wrote(1))
    #expect(try Pipe.Reader(adopting: reader).read(atMost: 9, appendingTo: &bytes) == .read(1))
    #expect(bytes == [1, 7])
  }

  @Test func `A stream that has no room for all of a message gets the rest, or it is told how far it came`()
    async throws
  {
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    let receiver = pair.second.release()
    let bytes = [UInt8](repeating: 7, count: 8 << 20)
    let descriptors = [FileDescriptor.standardError]
    var transferred = 0
    do {
      _ = try pair.first.send(unsafe bytes.span.bytes, enclosing: descriptors.span, patience: .none)
    } catch {
      #expect((error.call, error.errno) == ("send", .wouldBlock))
      transferred = error.transferred
    }
    #expect(0 < transferred && transferred < bytes.count)
    let early = transferred
    async let received = onThread {
      let end = try UnixSocket.Stream(adopting: receiver)
      var bytes: [UInt8] = []
      _ = try end.readToEnd(appendingTo: &bytes, limit: .max)
      return bytes.count
    }
    #expect(try pair.first.send(unsafe bytes.span.bytes, enclosing: descriptors.span) == .sent)
    try pair.first.close()
    #expect(try await received == early + bytes.count)
  }

  @Test func `Descriptors that nobody takes are closed`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    let pipe = try Pipe()
    #expect(try send([pipe.writer.descriptor], by: pair.first) == .sent)
    try pipe.writer.close()
    do {
      var bytes = [UInt8]()
      var enclosure = UnixSocket.Enclosure()
      _ = try pair.second.receive(atMost: 9, appendingTo: &bytes, enclosure: &enclosure)
      let count = enclosure.descriptorCount
      #expect(count == 1)
    }
    try expectNobodyWrites(to: pipe.reader)
  }

  @Test func `Descriptors of an earlier message are closed by the next`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.DatagramStyle>()
    let pipe = try Pipe()
    #expect(try send([pipe.writer.descriptor], by: pair.first) == .sent)
    try pipe.writer.close()
    var bytes = [UInt8]()
    var enclosure = UnixSocket.Enclosure()
    _ = try pair.second.receive(atMost: 9, appendingTo: &bytes, enclosure: &enclosure)
    let result = try pair.second.receive(
      atMost: 9, appendingTo: &bytes, enclosure: &enclosure, patience: .none)
    #expect(result == .wouldBlock)
    let count = enclosure.descriptorCount
    #expect(count == 0)
    try expectNobodyWrites(to: pipe.reader)
  }

  @Test(arguments: [0, 1, 2])
  func `Descriptors that there is no room for are closed, and that is told`(_ room: Int) throws {
    let pair = try UnixSocket.Pair<UnixSocket.SequencedPacketStyle>()
    let kept = try Pipe()
    let first = try Pipe()
    let second = try Pipe()
    #expect(
      try send([first.writer.descriptor, kept.writer.descriptor, second.writer.descriptor], by: pair.first) == .sent)
    try first.writer.close()
    try second.writer.close()
    var bytes = [UInt8]()
    var enclosure = UnixSocket.Enclosure()
    _ = try pair.second.receive(atMost: 9, appendingTo: &bytes, enclosure: &enclosure, room: room)
    let (count, lost) = (enclosure.descriptorCount, enclosure.descriptorsWereLost)
    #expect((count, lost) == (room, true))
    try expectNobodyWrites(to: second.reader)
    if room == 0 { try expectNobodyWrites(to: first.reader) }
  }

  @Test func `Descriptors that nobody receives are closed`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    let first = try Pipe()
    let second = try Pipe()
    #expect(try send([first.writer.descriptor], by: pair.first) == .sent)
    try first.writer.close()
    var bytes: [UInt8] = []
    #expect(try pair.second.read(atMost: 9, appendingTo: &bytes) == .read(1))
    try expectNobodyWrites(to: first.reader)
    #expect(try send([second.writer.descriptor], by: pair.first) == .sent)
    try second.writer.close()
    try pair.second.close()
    try expectNobodyWrites(to: second.reader)
  }

  @Test func `A message that was peeked at has its descriptors still`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.DatagramStyle>()
    let pipe = try Pipe()
    #expect(try send([pipe.writer.descriptor], by: pair.first) == .sent)
    try pipe.writer.close()
    var bytes = [UInt8]()
    var enclosure = UnixSocket.Enclosure()
    for peeking in [true, false] {
      _ = try pair.second.receive(atMost: 9, appendingTo: &bytes, enclosure: &enclosure, peeking: peeking)
      let count = enclosure.descriptorCount
      #expect(count == 1)
    }
    let taken = enclosure.takeDescriptor()
    #expect(try Pipe.Writer(adopting: #require(taken)).write([7].span) == .wrote(1))
    try expectNobodyWrites(to: pipe.reader, after: 1)
  }

  @Test func `Bytes of a stream are not received together with those of another enclosure`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    let pipe = try Pipe()
    for _ in 0..<2 { #expect(try send([pipe.writer.descriptor], by: pair.first) == .sent) }
    var bytes = [UInt8]()
    var enclosure = UnixSocket.Enclosure()
    for length in 1...2 {
      _ = try pair.second.receive(atMost: 9, appendingTo: &bytes, enclosure: &enclosure)
      let count = enclosure.descriptorCount
      #expect((bytes.count, count) == (length, 1))
    }
    try pair.first.close()
    let result = try pair.second.receive(atMost: 9, appendingTo: &bytes, enclosure: &enclosure)
    #expect(result == .endOfFile)
  }

  @Test func `Of a stream, no bytes enclose nothing, and no room receives nothing`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    let none: [UInt8] = []
    let descriptors = [FileDescriptor.standardError]
    #expect(reason { _ = try pair.first.send(unsafe none.span.bytes, enclosing: descriptors.span) } == .invalidArgument)
    #expect(try pair.first.send(unsafe none.span.bytes, enclosing: [FileDescriptor]().span) == .sent)
    #expect(try send(descriptors, by: pair.first) == .sent)
    var bytes = none
    var enclosure = UnixSocket.Enclosure()
    for limit in [0, 9] {
      let result = try pair.second.receive(atMost: limit, appendingTo: &bytes, enclosure: &enclosure)
      let count = enclosure.descriptorCount
      #expect(result != .endOfFile)
      #expect((bytes.count, count) == (limit == 0 ? (0, 0) : (1, 1)))
    }
  }

  @Test func `An empty message is one, and encloses descriptors`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.DatagramStyle>()
    let descriptors = [FileDescriptor.standardError]
    #expect(try pair.first.send(unsafe [UInt8]().span.bytes, enclosing: descriptors.span) == .sent)
    var bytes = [UInt8]()
    var enclosure = UnixSocket.Enclosure()
    _ = try pair.second.receive(atMost: 0, appendingTo: &bytes, enclosure: &enclosure, patience: .none)
    let count = enclosure.descriptorCount
    #expect(count == 1)
  }

  @Test func `As many descriptors as a message carries, and no more`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.DatagramStyle>()
    let pipe = try Pipe()
    let most = [FileDescriptor](repeating: pipe.writer.descriptor, count: UnixSocket.Enclosure.mostDescriptors)
    #expect(reason { _ = try send(most + [pipe.writer.descriptor], by: pair.first) } == .invalidArgument)
    #expect(reason { _ = try send([FileDescriptor(rawValue: -1)], by: pair.first) } == .badFileDescriptor)
    #expect(try send(most, by: pair.first) == .sent)
    var bytes = [UInt8]()
    var enclosure = UnixSocket.Enclosure()
    _ = try pair.second.receive(atMost: 9, appendingTo: &bytes, enclosure: &enclosure)
    let (count, lost) = (enclosure.descriptorCount, enclosure.descriptorsWereLost)
    #expect((count, lost) == (most.count, false))
  }

  private func send<Style: UnixSocket.Style>(
    _ descriptors: [FileDescriptor], by sender: borrowing UnixSocket.End<Style>
  ) throws -> SendResult {
    let bytes: [UInt8] = [1]
    return try sender.send(unsafe bytes.span.bytes, enclosing: descriptors.span)
  }

  private func expectNobodyWrites(to reader: borrowing Pipe.Reader, after count: Int = 0) throws {
    var bytes: [UInt8] = []
    let result = try reader.readToEnd(appendingTo: &bytes, patience: .atMost(.seconds(60)))
    #expect(result == .endOfFile(after: count))
  }
}
