import Glibc
import IPC
import SystemPackage
import Testing

@Suite struct UnixSocketMessageTests {
  @Test func `Of datagrams the bytes of the next wait, of sequenced packets those of all`() throws {
    let datagrams = try UnixSocket.Pair<UnixSocket.DatagramStyle>()
    let packets = try UnixSocket.Pair<UnixSocket.SequencedPacketStyle>()
    #expect(try datagrams.second.bytesWaiting == 0)
    for message in [[1, 2, 3], [4]] as [[UInt8]] {
      #expect(try datagrams.first.send(message.span) == .sent)
      #expect(try packets.first.send(message.span) == .sent)
    }
    #expect(try datagrams.second.bytesWaiting == 3)
    #expect(try packets.second.bytesWaiting == 4)
  }

  @Test func `Sequenced packets keep their boundaries over a path`() throws {
    let scratch = try Scratch()
    let address = try scratch.socket
    let listener = try UnixSocket.SequencedPacketListener(at: address)
    let client = try UnixSocket.SequencedPacket()
    #expect(try client.connect(to: address) == .connected)
    let server = try listener.accepted()
    #expect(try client.send("first".utf8.span) == .sent)
    #expect(try client.send("second".utf8.span) == .sent)
    #expect(try server.received() == Array("first".utf8))
    #expect(try server.received() == Array("second".utf8))
    #expect(try server.send("back".utf8.span) == .sent)
    #expect(try client.received() == Array("back".utf8))
  }

  @Test func `Datagrams keep their boundaries, and say where they come from`() throws {
    let scratch = try Scratch()
    let (there, here) = (try scratch.socket, try freshName())
    let receiver = try UnixSocket.Datagram()
    try receiver.bind(to: there)
    let sender = try UnixSocket.Datagram()
    let nameless = try UnixSocket.Datagram()
    #expect(try nameless.send("first".utf8.span, to: there) == .sent)
    try sender.bind(to: here)
    #expect(try sender.send("second".utf8.span, to: there) == .sent)
    var bytes: [UInt8] = []
    guard case .received(let first) = try receiver.receive(atMost: 99, appendingTo: &bytes),
      case .received(let second) = try receiver.receive(atMost: 99, appendingTo: &bytes)
    else { throw Nobody() }
    #expect(first.sender.isUnnamed)
    #expect((first.length, first.sentLength) == (5, 5))
    #expect(second.sender == here)
    #expect(bytes == Array("firstsecond".utf8))
    #expect(try receiver.send("back".utf8.span, to: second.sender) == .sent)
    #expect(try sender.received() == Array("back".utf8))
  }

  @Test func `What has no room is lost, and told`() throws {
    let packets = try UnixSocket.Pair<UnixSocket.SequencedPacketStyle>()
    let datagrams = try UnixSocket.Pair<UnixSocket.DatagramStyle>()
    try expectTruncation(from: packets.first, to: packets.second)
    try expectTruncation(from: datagrams.first, to: datagrams.second)
  }

  private func expectTruncation<Style: UnixSocket.Messages>(
    from sender: borrowing UnixSocket.End<Style>, to receiver: borrowing UnixSocket.End<Style>
  ) throws {
    #expect(try sender.send([1, 2, 3, 4].span) == .sent)
    #expect(try sender.send([5, 6].span) == .sent)
    var bytes: [UInt8] = [0]
    guard case .received(let peeked) = try receiver.receive(atMost: 1, appendingTo: &bytes, peeking: true),
      case .received(let cut) = try receiver.receive(atMost: 3, appendingTo: &bytes),
      case .received(let whole) = try receiver.receive(atMost: 2, appendingTo: &bytes)
    else { throw Nobody() }
    #expect((peeked.length, peeked.sentLength, peeked.isTruncated) == (1, 4, true))
    #expect((cut.length, cut.sentLength, cut.isTruncated) == (3, 4, true))
    #expect((whole.length, whole.sentLength, whole.isTruncated) == (2, 2, false))
    #expect(bytes == [0, 1, 1, 2, 3, 5, 6])
  }

  @Test func `An empty datagram is a message`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.DatagramStyle>()
    let nothing: [UInt8] = []
    #expect(try pair.first.send(nothing.span) == .sent)
    var bytes: [UInt8] = []
    guard case .received(let arrival) = try pair.second.receive(atMost: 9, appendingTo: &bytes) else { throw Nobody() }
    #expect((arrival.length, arrival.sentLength) == (0, 0))
    #expect(try pair.second.receive(atMost: 9, appendingTo: &bytes, patience: .none) == .wouldBlock)
  }

  @Test func `Sequenced packets end after what was sent`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.SequencedPacketStyle>()
    #expect(try pair.first.send([1].span) == .sent)
    try pair.first.shutDown(.sending)
    #expect(try pair.second.received() == [1])
    var bytes: [UInt8] = []
    #expect(try pair.second.receive(atMost: 9, appendingTo: &bytes) == .endOfFile)
    #expect(try pair.second.send([2].span) == .sent)
    #expect(try pair.first.received() == [2])
  }

  @Test func `A message that the buffer could never hold is refused`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.DatagramStyle>()
    try pair.first.setSendBufferSize(8192)
    let large = [UInt8](repeating: 1, count: 1 << 16)
    #expect(reason { _ = try pair.first.send(large.span) } == .messageTooLong)
    var bytes: [UInt8] = []
    #expect(try pair.second.receive(atMost: 9, appendingTo: &bytes, patience: .none) == .wouldBlock)
  }

  @Test func `What is connected to nobody sends to nobody`() throws {
    let datagram = try UnixSocket.Datagram()
    #expect(reason { _ = try datagram.send([1].span) } == .socketNotConnected)
    let name = try freshName()
    #expect(reason { _ = try datagram.send([1].span, to: name) } == .connectionRefused)
  }
}
