import Glibc
import IPC
import SystemPackage
import Testing

@Suite struct UnixSocketDeadPeerTests {
  /// In a process of its own, where the signal is as the system has it: whoever lets it through dies.
  @Test func `That nobody reads is a result, and nobody dies of it`() async {
    await #expect(processExitsWith: .success) {
      signal(SIGPIPE, SIG_DFL)
      let stream = try UnixSocket.Pair<UnixSocket.StreamStyle>()
      try stream.second.close()
      #expect(try stream.first.write([1].span) == .nobodyReads(after: 0))
      #expect(try stream.first.writeAll([1].span, patience: .atMost(.seconds(9))) == .nobodyReads(after: 0))
      let none: [FileDescriptor] = []
      let bytes: [UInt8] = [1]
      #expect(try unsafe stream.first.send(bytes.span.bytes, enclosing: none.span) == .nobodyReads)
      let packets = try UnixSocket.Pair<UnixSocket.SequencedPacketStyle>()
      try packets.second.close()
      #expect(try packets.first.send([1].span) == .nobodyReads)
      #expect(try packets.first.send([1].span, patience: .none) == .nobodyReads)
      let datagrams = try UnixSocket.Pair<UnixSocket.DatagramStyle>()
      try datagrams.second.shutDown(.receiving)
      #expect(try datagrams.first.send([1].span) == .nobodyReads)
    }
  }

  @Test func `A receiver of datagrams that is gone refuses them`() throws {
    let address = try freshName()
    let receiver = try UnixSocket.Datagram()
    try receiver.bind(to: address)
    let sender = try UnixSocket.Datagram()
    #expect(try sender.connect(to: address) == .connected)
    try receiver.close()
    try until { try UnixSocket.Datagram().connect(to: address) == .refused }
    #expect(reason { _ = try sender.send([1].span) } == .connectionRefused)
  }

  @Test func `That nobody listens is a result`() throws {
    let address = try freshName()
    #expect(try UnixSocket.Stream().connect(to: address) == .refused)
    let bound = try UnixSocket.Stream()
    try bound.bind(to: address)
    #expect(try UnixSocket.Stream().connect(to: address, patience: .none) == .refused)
    try bound.listen(backlog: 1)
    #expect(try UnixSocket.Stream().connect(to: address, patience: .atMost(.seconds(60))) == .connected)
    // Abstract names of each type are apart.
    #expect(try UnixSocket.Datagram().connect(to: address) == .refused)
  }

  @Test func `Who waits to be accepted learns that the listener is gone`() throws {
    let address = try freshName()
    let listener = try UnixSocket.StreamListener(at: address)
    let stream = try UnixSocket.Stream()
    #expect(try stream.connect(to: address) == .connected)
    #expect(reason { _ = try stream.connect(to: address) } == .socketIsConnected)
    try listener.close()
    try untilHungUp(stream.descriptor)
    var bytes: [UInt8] = []
    #expect(reason { _ = try stream.read(atMost: 1, appendingTo: &bytes) } == .connectionReset)
  }
}
