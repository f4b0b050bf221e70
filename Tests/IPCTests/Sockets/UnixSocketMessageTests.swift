import Glibc
import IPC
import SystemPackage
import Testing

@Suite struct UnixSocketMessageTests {
  @Test func `The available bytes are those of the next datagram, or of all packets`() throws {
    let datagrams = try UnixSocket.Pair<UnixSocket.DatagramStyle>()
    let packets = try UnixSocket.Pair<UnixSocket.SequencedPacketStyle>()
    #expect(try datagrams.second.bytesAvailable == 0)
    for message in [[1, 2, 3], [4]] as [[UInt8]] {
      try datagrams.first.send(message.span)
      try packets.first.send(message.span)
    }
    #expect(try datagrams.second.bytesAvailable == 3)
    #expect(try packets.second.bytesAvailable == 4)
  }

  @Test func `Sequenced packets keep their boundaries over a path`() throws {
    let scratch = try Scratch()
    let address = try scratch.socket
    let listener = try UnixSocket.SequencedPacketListener(at: address)
    let client = try UnixSocket.SequencedPacket()
    try client.connect(to: address)
    let server = try listener.accepted()
    try client.send("first".utf8.span)
    try client.send("second".utf8.span)
    #expect(try server.received() == Array("first".utf8))
    #expect(try server.received() == Array("second".utf8))
    try server.send("back".utf8.span)
    #expect(try client.received() == Array("back".utf8))
  }

  @Test func `Datagrams keep their boundaries, and have a sender`() throws {
    let scratch = try Scratch()
    let (there, here) = (try scratch.socket, try freshName())
    let receiver = try UnixSocket.Datagram()
    try receiver.bind(to: there)
    let sender = try UnixSocket.Datagram()
    let unnamed = try UnixSocket.Datagram()
    try unnamed.send("first".utf8.span, to: there)
    try sender.bind(to: here)
    try sender.send("second".utf8.span, to: there)
    var bytes: [UInt8] = []
    let first = try receiver.receive(maxLength: 99, appendingTo: &bytes)
    let second = try receiver.receive(maxLength: 99, appendingTo: &bytes)
    #expect(first.sender.isUnnamed)
    #expect((first.length, first.originalLength) == (5, 5))
    #expect(second.sender == here)
    #expect(bytes == Array("firstsecond".utf8))
    try receiver.send("back".utf8.span, to: second.sender)
    #expect(try sender.received() == Array("back".utf8))
  }

  @Test func `Truncation is reported`() throws {
    let packets = try UnixSocket.Pair<UnixSocket.SequencedPacketStyle>()
    let datagrams = try UnixSocket.Pair<UnixSocket.DatagramStyle>()
    try expectTruncation(from: packets.first) { bytes, maxLength, peeking in
      let packet = try packets.second.receive(maxLength: maxLength, appendingTo: &bytes, peeking: peeking)
      return packet.map { ($0.length, $0.originalLength, $0.isTruncated) }
    }
    try expectTruncation(from: datagrams.first) { bytes, maxLength, peeking in
      let message = try datagrams.second.receive(maxLength: maxLength, appendingTo: &bytes, peeking: peeking)
      return (message.length, message.originalLength, message.isTruncated)
    }
    try expectTruncation(from: datagrams.first) { bytes, maxLength, peeking in
      let message = try datagrams.second.receiveWithoutAddress(
        maxLength: maxLength, appendingTo: &bytes, peeking: peeking)
      return (message.length, message.originalLength, message.isTruncated)
    }
  }

  private func expectTruncation<Style: UnixSocket.MessageStyle>(
    from sender: borrowing UnixSocket.Socket<Style>,
    _ receive: (inout [UInt8], _ maxLength: Int, _ peeking: Bool) throws -> (Int, Int, Bool)?
  ) throws {
    try sender.send([1, 2, 3, 4].span)
    try sender.send([5, 6].span)
    var bytes: [UInt8] = [0]
    #expect(try #require(receive(&bytes, 1, true)) == (1, 4, true))
    #expect(try #require(receive(&bytes, 3, false)) == (3, 4, true))
    #expect(try #require(receive(&bytes, 2, false)) == (2, 2, false))
    #expect(bytes == [0, 1, 1, 2, 3, 5, 6])
  }

  @Test func `An empty datagram is a message`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.DatagramStyle>()
    let nothing: [UInt8] = []
    try pair.first.send(nothing.span)
    var bytes: [UInt8] = []
    let message = try pair.second.receive(maxLength: 9, appendingTo: &bytes)
    #expect((message.length, message.originalLength) == (0, 0))
    #expect(
      reason { _ = try pair.second.receive(maxLength: 9, appendingTo: &bytes, timeout: .immediate) } == .wouldBlock)
  }

  @Test func `Sequenced packets end after everything was received`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.SequencedPacketStyle>()
    try pair.first.send([1].span)
    try pair.first.shutDown(.sending)
    #expect(try pair.second.received() == [1])
    var bytes: [UInt8] = []
    #expect(try pair.second.receive(maxLength: 9, appendingTo: &bytes) == nil)
    try pair.second.send([2].span)
    #expect(try pair.first.received() == [2])
  }

  @Test func `A message larger than the send buffer is refused`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.DatagramStyle>()
    try pair.first.setSendBufferSize(8192)
    let large = [UInt8](repeating: 1, count: 1 << 16)
    #expect(reason { _ = try pair.first.send(large.span) } == .messageTooLong)
    var bytes: [UInt8] = []
    #expect(
      reason { _ = try pair.second.receive(maxLength: 9, appendingTo: &bytes, timeout: .immediate) } == .wouldBlock)
  }

  @Test func `A socket that is not connected cannot send`() throws {
    let datagram = try UnixSocket.Datagram()
    #expect(reason { _ = try datagram.send([1].span) } == .socketNotConnected)
    let name = try freshName()
    #expect(reason { _ = try datagram.send([1].span, to: name) } == .connectionRefused)
  }
}
