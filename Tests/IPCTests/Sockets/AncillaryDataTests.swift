import Glibc
import IPC
import SystemPackage
import Testing

@Suite struct AncillaryDataTests {
  @Test func `A descriptor arrives as a close-on-exec duplicate`() throws {
    let stream = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    let packets = try UnixSocket.Pair<UnixSocket.SequencedPacketStyle>()
    let datagrams = try UnixSocket.Pair<UnixSocket.DatagramStyle>()
    try expectPassing(from: stream.first, to: stream.second)
    try expectPassing(from: packets.first, to: packets.second)
    try expectPassing(from: datagrams.first, to: datagrams.second)
  }

  private func expectPassing<Style: UnixSocket.Style>(
    from sender: borrowing UnixSocket.Socket<Style>, to receiver: borrowing UnixSocket.Socket<Style>
  ) throws {
    let pipe = try AnonymousPipe()
    try send([pipe.writer.descriptor, pipe.reader.descriptor], by: sender)
    var bytes = [UInt8]()
    var ancillary = AncillaryData()
    _ = try receiver.receive(maxLength: 9, appendingTo: &bytes, ancillary: &ancillary)
    #expect(bytes == [1])
    let (count, lost) = (ancillary.descriptorCount, ancillary.isControlTruncated)
    #expect((count, lost) == (2, false))
    let (first, second) = (ancillary.takeDescriptor()?.release(), ancillary.takeDescriptor()?.release())
    let (writer, reader) = (try #require(first), try #require(second))
    let third = ancillary.takeDescriptor()?.release()
    #expect(third == nil)
    #expect(isCloseOnExec(writer.rawValue) == true)
    #expect(isCloseOnExec(reader.rawValue) == true)
    #expect(status(of: writer)?.st_ino == status(of: pipe.writer.descriptor)?.st_ino)
    #expect(writer != pipe.writer.descriptor)
    #expect(try PipeWriter(adopting: writer).write([7].span) == 1)
    #expect(try PipeReader(adopting: reader).read(maxLength: 9, appendingTo: &bytes) == 1)
    #expect(bytes == [1, 7])
  }

  @Test func `A message larger than the room in a stream is sent as a whole, or the error has the number of bytes`()
    async throws
  {
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    let receiver = pair.second.release()
    let bytes = [UInt8](repeating: 7, count: 8 << 20)
    let descriptors = [FileDescriptor.standardError]
    var transferred = 0
    do throws(IPCError) {
      try pair.first.send(unsafe bytes.span.bytes, descriptors: descriptors.span, timeout: .immediate)
    } catch {
      #expect((error.call, error.errno) == (.send, .wouldBlock))
      transferred = error.transferred
    }
    #expect(0 < transferred && transferred < bytes.count)
    let early = transferred
    async let received = onThread {
      let stream = try UnixSocket.Stream(adopting: receiver)
      var bytes: [UInt8] = []
      return try stream.readToEnd(appendingTo: &bytes)
    }
    let sender = pair.first.release()
    try await onThread {
      let stream = try UnixSocket.Stream(adopting: sender)
      try stream.send(bytes.span, descriptors: descriptors.span)
      try stream.close()
    }
    #expect(try await received == early + bytes.count)
  }

  @Test func `Descriptors of a message larger than the send buffer arrive once`() async throws {
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    try pair.first.setSendBufferSize(4096)
    let receiver = pair.second.release()
    let bytes = (0..<1 << 18).map { UInt8(truncatingIfNeeded: $0 >> 8 ^ $0) }
    async let received = onThread {
      let stream = try UnixSocket.Stream(adopting: receiver)
      var bytes: [UInt8] = []
      var count = 0
      var ancillary = AncillaryData()
      while try stream.receive(maxLength: 1 << 16, appendingTo: &bytes, ancillary: &ancillary) != nil {
        count += ancillary.descriptorCount
      }
      return (bytes, count)
    }
    let descriptors = [FileDescriptor.standardError, .standardOutput]
    let sender = pair.first.release()
    try await onThread {
      let stream = try UnixSocket.Stream(adopting: sender)
      // With a deadline, each call sends only the bytes that fit.
      try stream.send(bytes.span, descriptors: descriptors.span, timeout: .after(.seconds(3600)))
      try stream.send(bytes.span, descriptors: descriptors.span)
      try stream.close()
    }
    let (all, count) = try await received
    #expect(all == bytes + bytes)
    #expect(count == 4)
  }

  @Test func `One descriptor takes one call on each side`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    let pipe = try AnonymousPipe()
    try pair.first.send(pipe.writer.descriptor)
    let received = try pair.second.receiveDescriptor()
    #expect(status(of: received.descriptor)?.st_ino == status(of: pipe.writer.descriptor)?.st_ino)
    try pair.first.send(pipe.writer)
    try PipeWriter(adopting: pair.second.receiveDescriptor()).writeAll([1].span)
    #expect(reason { _ = try pair.second.receiveDescriptor(timeout: .immediate) } == .wouldBlock)
    try pair.first.writeAll([1].span)
    #expect(reason { _ = try pair.second.receiveDescriptor() } == .noData)
    try pair.first.send([1].span, descriptors: [pipe.writer.descriptor, pipe.reader.descriptor].span)
    #expect(reason { _ = try pair.second.receiveDescriptor() } == .messageTooLong)
    try pair.first.shutDown(.sending)
    #expect(reason { _ = try pair.second.receiveDescriptor() } == .noData)
  }

  @Test func `A received descriptor that cannot be adopted is closed`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    let pipe = try AnonymousPipe()
    try pair.first.send(pipe.writer)
    try pipe.writer.close()
    #expect(reason { _ = try EventFD(adopting: pair.second.receiveDescriptor()) } == .invalidArgument)
    try expectNoWriters(to: pipe.reader)
  }

  @Test func `Descriptors that are not taken are closed`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    let pipe = try AnonymousPipe()
    try send([pipe.writer.descriptor], by: pair.first)
    try pipe.writer.close()
    do {
      var bytes = [UInt8]()
      var ancillary = AncillaryData()
      _ = try pair.second.receive(maxLength: 9, appendingTo: &bytes, ancillary: &ancillary)
      let count = ancillary.descriptorCount
      #expect(count == 1)
    }
    try expectNoWriters(to: pipe.reader)
  }

  @Test func `Receiving closes the descriptors of the previous message`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.DatagramStyle>()
    let pipe = try AnonymousPipe()
    try send([pipe.writer.descriptor], by: pair.first)
    try pipe.writer.close()
    var bytes = [UInt8]()
    var ancillary = AncillaryData()
    _ = try pair.second.receive(maxLength: 9, appendingTo: &bytes, ancillary: &ancillary)
    let reason = reason {
      _ = try pair.second.receive(maxLength: 9, appendingTo: &bytes, ancillary: &ancillary, timeout: .immediate)
    }
    #expect(reason == .wouldBlock)
    let count = ancillary.descriptorCount
    #expect(count == 0)
    try expectNoWriters(to: pipe.reader)
  }

  @Test(arguments: [0, 1, 2])
  func `Descriptors beyond the maximum are closed, which is reported`(_ room: Int) throws {
    let pair = try UnixSocket.Pair<UnixSocket.SequencedPacketStyle>()
    let kept = try AnonymousPipe()
    let first = try AnonymousPipe()
    let second = try AnonymousPipe()
    try send([first.writer.descriptor, kept.writer.descriptor, second.writer.descriptor], by: pair.first)
    try first.writer.close()
    try second.writer.close()
    var bytes = [UInt8]()
    var ancillary = AncillaryData(maximumDescriptors: room)
    _ = try pair.second.receive(maxLength: 9, appendingTo: &bytes, ancillary: &ancillary)
    let (count, lost) = (ancillary.descriptorCount, ancillary.isControlTruncated)
    #expect((count, lost) == (room, true))
    try expectNoWriters(to: second.reader)
    if room == 0 { try expectNoWriters(to: first.reader) }
  }

  @Test func `Descriptors that are not received are closed`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    let first = try AnonymousPipe()
    let second = try AnonymousPipe()
    try send([first.writer.descriptor], by: pair.first)
    try first.writer.close()
    var bytes: [UInt8] = []
    #expect(try pair.second.read(maxLength: 9, appendingTo: &bytes) == 1)
    try expectNoWriters(to: first.reader)
    try send([second.writer.descriptor], by: pair.first)
    try second.writer.close()
    try pair.second.close()
    try expectNoWriters(to: second.reader)
  }

  @Test func `Peeking duplicates the descriptors`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.DatagramStyle>()
    let pipe = try AnonymousPipe()
    try send([pipe.writer.descriptor], by: pair.first)
    try pipe.writer.close()
    var bytes = [UInt8]()
    var ancillary = AncillaryData()
    for peeking in [true, false] {
      _ = try pair.second.receive(maxLength: 9, appendingTo: &bytes, ancillary: &ancillary, peeking: peeking)
      let count = ancillary.descriptorCount
      #expect(count == 1)
    }
    let taken = ancillary.takeDescriptor()?.release()
    #expect(try PipeWriter(adopting: #require(taken)).write([7].span) == 1)
    try expectNoWriters(to: pipe.reader, after: 1)
  }

  @Test func `Bytes of a stream are received with the descriptors that they were sent with`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    let pipe = try AnonymousPipe()
    for _ in 0..<2 { try send([pipe.writer.descriptor], by: pair.first) }
    var bytes = [UInt8]()
    var ancillary = AncillaryData()
    for length in 1...2 {
      _ = try pair.second.receive(maxLength: 9, appendingTo: &bytes, ancillary: &ancillary)
      let count = ancillary.descriptorCount
      #expect((bytes.count, count) == (length, 1))
    }
    try pair.first.close()
    let result = try pair.second.receive(maxLength: 9, appendingTo: &bytes, ancillary: &ancillary)
    #expect(result == nil)
  }

  @Test func `A stream sends descriptors only with a byte, and receives none without room`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    let none: [UInt8] = []
    let descriptors = [FileDescriptor.standardError]
    #expect(
      reason { _ = try pair.first.send(unsafe none.span.bytes, descriptors: descriptors.span) } == .invalidArgument)
    try pair.first.send(unsafe none.span.bytes, descriptors: [FileDescriptor]().span)
    try send(descriptors, by: pair.first)
    var bytes = none
    var ancillary = AncillaryData()
    for limit in [0, 9] {
      let result = try pair.second.receive(maxLength: limit, appendingTo: &bytes, ancillary: &ancillary)
      let count = ancillary.descriptorCount
      #expect(result != nil)
      #expect((bytes.count, count) == (limit == 0 ? (0, 0) : (1, 1)))
    }
  }

  @Test func `A span receives bytes and descriptors in order, and bytes that do not fit are lost`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.DatagramStyle>()
    let pipe = try AnonymousPipe()
    let sent = [pipe.writer.descriptor, FileDescriptor.standardError]
    try pair.first.send([1, 2, 3].span, descriptors: sent.span)
    var ancillary = AncillaryData()
    let bytes = try [UInt8](capacity: 3) { span in
      span.append(9)
      try unsafe span.withUnsafeMutableBufferPointer { buffer, count in
        var room = unsafe OutputRawSpan(buffer: UnsafeMutableRawBufferPointer(buffer), initializedCount: count)
        let message = try pair.second.receive(into: &room, ancillary: &ancillary)
        #expect(message?.length == 2)
        #expect(message?.originalLength == 3)
        count = room.byteCount
      }
    }
    #expect(bytes == [9, 1, 2])
    for descriptor in sent {
      let number = ancillary.takeDescriptor()?.release()
      let taken = try #require(number)
      #expect(status(of: taken)?.st_ino == status(of: descriptor)?.st_ino)
      try taken.close()
    }
    let count = ancillary.descriptorCount
    #expect(count == 0)
  }

  @Test func `An empty datagram carries descriptors`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.DatagramStyle>()
    let descriptors = [FileDescriptor.standardError]
    try pair.first.send(unsafe [UInt8]().span.bytes, descriptors: descriptors.span)
    var bytes = [UInt8]()
    var ancillary = AncillaryData()
    _ = try pair.second.receive(maxLength: 0, appendingTo: &bytes, ancillary: &ancillary, timeout: .immediate)
    let count = ancillary.descriptorCount
    #expect(count == 1)
  }

  @Test func `A message carries at most 253 descriptors`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.DatagramStyle>()
    let pipe = try AnonymousPipe()
    let most = [FileDescriptor](repeating: pipe.writer.descriptor, count: AncillaryData.maximumDescriptorCount)
    #expect(reason { _ = try send(most + [pipe.writer.descriptor], by: pair.first) } == .invalidArgument)
    #expect(reason { _ = try send([FileDescriptor(rawValue: -1)], by: pair.first) } == .badFileDescriptor)
    try send(most, by: pair.first)
    var bytes = [UInt8]()
    var ancillary = AncillaryData()
    _ = try pair.second.receive(maxLength: 9, appendingTo: &bytes, ancillary: &ancillary)
    let (count, lost) = (ancillary.descriptorCount, ancillary.isControlTruncated)
    #expect((count, lost) == (most.count, false))
  }

  private func send<Style: UnixSocket.Style>(
    _ descriptors: [FileDescriptor], by sender: borrowing UnixSocket.Socket<Style>
  ) throws {
    try sender.send([1].span, descriptors: descriptors.span)
  }

  private func expectNoWriters(to reader: borrowing PipeReader, after count: Int = 0) throws {
    var bytes: [UInt8] = []
    #expect(try reader.readToEnd(appendingTo: &bytes, timeout: .after(.seconds(3600))) == count)
  }
}
