import Glibc
import IPC
import SystemPackage
import Testing

@Suite struct TCPPeerClosedTests {
  /// Runs in a child with the default action for SIGPIPE, so that a call that raises the signal kills the child.
  @Test func `Sending to a closed peer is an error, without SIGPIPE`() async {
    await #expect(processExitsWith: .success) {
      signal(SIGPIPE, SIG_DFL)
      let listener = try TCP.Listener(at: SocketAddress(.loopback(.v4), port: 0))
      let client = try TCP.Stream(.v4)
      try client.connect(to: listener.address)
      try listener.accepted().close()
      // The kernel accepts the first byte, to which the peer responds with a reset.
      #expect(try client.write([1].span) == 1)
      try waitUntilHungUp(client)
      #expect(reason { _ = try client.write([1].span) } == .brokenPipe)
      #expect(reason { try client.writeAll([1].span, timeout: .after(.seconds(3600))) } == .brokenPipe)
      let sender = try UDP.Socket(.v4)
      try sender.bind(to: SocketAddress(.loopback(.v4), port: 0))
      try sender.connect(to: sender.address)
      try sender.shutDown(.sending)
      #expect(reason { try sender.send([1].span) } == .brokenPipe)
      #expect(reason { try sender.send([1].span, to: sender.address) } == .brokenPipe)
    }
  }

  @Test func `Closing a listener resets pending connections`() throws {
    let listener = try TCP.Listener(at: anyPort)
    let client = try TCP.Stream(.v4)
    try client.connect(to: listener.address)
    try listener.close()
    try waitUntilHungUp(client)
    var bytes: [UInt8] = []
    #expect(reason { _ = try client.read(maxLength: 1, appendingTo: &bytes) } == .connectionReset)
  }
}
