import Glibc
import IPC
import SystemPackage
import Testing

@Suite struct UnixSocketOwnershipTests {
  @Test func `Each socket is of its type, and close-on-exec`() throws {
    let stream = try UnixSocket.Stream()
    let packets = try UnixSocket.SequencedPacket()
    let datagrams = try UnixSocket.Pair<UnixSocket.DatagramStyle>()
    #expect(type(of: stream.descriptor) == Int32(SOCK_STREAM.rawValue))
    #expect(type(of: packets.descriptor) == Int32(SOCK_SEQPACKET.rawValue))
    #expect(type(of: datagrams.first.descriptor) == Int32(SOCK_DGRAM.rawValue))
    #expect(type(of: datagrams.second.descriptor) == Int32(SOCK_DGRAM.rawValue))
    for descriptor in [stream.descriptor, packets.descriptor, datagrams.first.descriptor] {
      #expect(isCloseOnExec(descriptor.rawValue) == true)
    }
  }

  @Test func `A socket is closed when it is destroyed`() throws {
    let other: UnixSocket.Stream
    do {
      let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
      other = try UnixSocket.Stream(adopting: try duplicate(pair.first.descriptor))
    }
    var none: [UInt8] = []
    #expect(try other.readToEnd(appendingTo: &none, timeout: .after(.seconds(3600))) == 0)
  }

  @Test func `close() closes a socket`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.SequencedPacketStyle>()
    try pair.first.close()
    var none: [UInt8] = []
    #expect(try pair.second.receive(maxLength: 9, appendingTo: &none, timeout: .after(.seconds(3600))) == nil)
  }

  @Test func `A released socket stays open`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.DatagramStyle>()
    let descriptor = pair.first.release()
    let again = try UnixSocket.Datagram(adopting: descriptor)
    try again.send([1].span)
    #expect(try pair.second.received() == [1])
  }

  @Test func `An adopted socket becomes close-on-exec`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    let inherited = FileDescriptor(rawValue: dup(pair.first.descriptor.rawValue))
    #expect(isCloseOnExec(inherited.rawValue) == false)
    let stream = try UnixSocket.Stream(adopting: inherited)
    #expect(isCloseOnExec(stream.descriptor.rawValue) == true)
  }

  @Test func `A socket of a different type is not adopted, and stays open`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    let pipe = try AnonymousPipe()
    #expect(
      reason { _ = try UnixSocket.Datagram(adopting: pair.first.descriptor) } == .protocolWrongTypeForSocket)
    #expect(reason { _ = try UnixSocket.Stream(adopting: pipe.reader.descriptor) } == .notSocket)
    #expect(reason { _ = try UnixSocket.StreamListener(adopting: pair.first.descriptor) } == .invalidArgument)
    #expect(try pair.first.write([1].span) == 1)
    #expect(isCloseOnExec(pipe.reader.descriptor.rawValue) == true)
  }

  @Test func `A socket that does not listen is not adopted as a listener, and is not changed`() throws {
    let stream = try UnixSocket.Stream()
    let internet = try TCP.Stream(.v4)
    for descriptor in [stream.descriptor, internet.descriptor] {
      try #require(fcntl(descriptor.rawValue, F_SETFD, 0) == 0)
    }
    #expect(reason { _ = try UnixSocket.StreamListener(adopting: stream.descriptor) } == .invalidArgument)
    #expect(reason { _ = try TCP.Listener(adopting: internet.descriptor) } == .invalidArgument)
    #expect(isCloseOnExec(stream.descriptor.rawValue) == false)
    #expect(isCloseOnExec(internet.descriptor.rawValue) == false)
  }

  @Test func `A listener can be adopted`() throws {
    let address = try freshName()
    let listener = try UnixSocket.StreamListener(adopting: UnixSocket.StreamListener(at: address).release())
    #expect(try listener.isListening == true)
    #expect(try listener.address == address)
    let stream = try UnixSocket.Stream()
    #expect(try stream.isListening == false)
    try stream.connect(to: address)
    #expect(try listener.accepted().write([1].span) == 1)
  }

  @Test func `The kernel doubles buffer sizes`() throws {
    let stream = try UnixSocket.Stream()
    try stream.setSendBufferSize(16384)
    try stream.setReceiveBufferSize(16384)
    #expect(try stream.sendBufferSize == 32768)
    #expect(try stream.receiveBufferSize == 32768)
    #expect(reason { try stream.setSendBufferSize(.max) } == .invalidArgument)
    #expect(try stream.takePendingError() == nil)
  }

  private func type(of descriptor: FileDescriptor) -> Int32? {
    var type: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    return unsafe getsockopt(descriptor.rawValue, SOL_SOCKET, SO_TYPE, &type, &length) == 0 ? type : nil
  }
}
