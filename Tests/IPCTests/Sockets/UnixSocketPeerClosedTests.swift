import Glibc
import IPC
import SystemPackage
import Testing

@Suite struct UnixSocketPeerClosedTests {
  /// Runs in a child with the default action for SIGPIPE, so that a call that raises the signal kills the child.
  @Test func `Sending to a closed peer is an error, without SIGPIPE`() async {
    await #expect(processExitsWith: .success) {
      signal(SIGPIPE, SIG_DFL)
      let stream = try UnixSocket.Pair<UnixSocket.StreamStyle>()
      let writer = stream.first
      try stream.second.close()
      #expect(reason { _ = try writer.write([1].span) } == .brokenPipe)
      #expect(reason { try writer.writeAll([1].span, timeout: .after(.seconds(3600))) } == .brokenPipe)
      let none: [FileDescriptor] = []
      let bytes: [UInt8] = [1]
      #expect(reason { try unsafe writer.send(bytes.span.bytes, descriptors: none.span) } == .brokenPipe)
      let packets = try UnixSocket.Pair<UnixSocket.SequencedPacketStyle>()
      let sender = packets.first
      try packets.second.close()
      #expect(reason { try sender.send([1].span) } == .brokenPipe)
      #expect(reason { try sender.send([1].span, timeout: .immediate) } == .brokenPipe)
      let datagrams = try UnixSocket.Pair<UnixSocket.DatagramStyle>()
      try datagrams.second.shutDown(.receiving)
      #expect(reason { try datagrams.first.send([1].span) } == .brokenPipe)
    }
  }

  @Test func `Sending to a closed datagram socket is refused`() throws {
    let address = try freshName()
    let receiver = try UnixSocket.Datagram()
    try receiver.bind(to: address)
    let sender = try UnixSocket.Datagram()
    try sender.connect(to: address)
    try receiver.close()
    until { reason { try UnixSocket.Datagram().connect(to: address) } == .connectionRefused }
    #expect(reason { _ = try sender.send([1].span) } == .connectionRefused)
  }

  @Test func `Connecting without a listener is refused`() throws {
    let address = try freshName()
    #expect(reason { try UnixSocket.Stream().connect(to: address) } == .connectionRefused)
    let bound = try UnixSocket.Stream()
    try bound.bind(to: address)
    #expect(reason { try UnixSocket.Stream().connect(to: address, timeout: .immediate) } == .connectionRefused)
    try bound.listen(backlog: 1)
    try UnixSocket.Stream().connect(to: address, timeout: .after(.seconds(3600)))
    // Each socket type has its own abstract names.
    #expect(reason { try UnixSocket.Datagram().connect(to: address) } == .connectionRefused)
  }

  @Test func `Closing a listener resets pending connections`() throws {
    let address = try freshName()
    let listener = try UnixSocket.StreamListener(at: address)
    let stream = try UnixSocket.Stream()
    try stream.connect(to: address)
    #expect(reason { _ = try stream.connect(to: address) } == .socketIsConnected)
    try listener.close()
    try waitUntilHungUp(stream)
    var bytes: [UInt8] = []
    #expect(reason { _ = try stream.read(maxLength: 1, appendingTo: &bytes) } == .connectionReset)
  }
}
