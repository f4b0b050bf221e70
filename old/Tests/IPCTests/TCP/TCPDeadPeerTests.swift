import Glibc
import IPC
import SystemPackage
import Testing

@Suite struct TCPDeadPeerTests {
  /// In a process of its own, where the signal is as the system has it: whoever lets it through dies.
  @Test func `That nobody reads is a result, and nobody dies of it`() async {
    await #expect(processExitsWith: .success) {
      signal(SIGPIPE, SIG_DFL)
      let listener = try TCP.Listener(at: SocketAddress(.loopback(.v4), port: 0))
      let client = try TCP.Stream(.v4)
      #expect(try client.connect(to: listener.address) == .connected)
      try listener.accepted().close()
      // The first is taken, and answered by a reset.
      #expect(try client.write([1].span) == .wrote(1))
      try untilHungUp(client.descriptor)
      #expect(try client.write([1].span) == .nobodyReads(after: 0))
      #expect(try client.writeAll([1].span, patience: .atMost(.seconds(9))) == .nobodyReads(after: 0))
      let sender = try UDP.Socket(.v4)
      try sender.bind(to: SocketAddress(.loopback(.v4), port: 0))
      try sender.connect(to: sender.address)
      try sender.shutDown(.sending)
      #expect(try sender.send([1].span) == .nobodyReads)
      #expect(try sender.send([1].span, to: sender.address) == .nobodyReads)
    }
  }

  @Test func `Who waits to be accepted learns that the listener is gone`() throws {
    let listener = try TCP.Listener(at: anyPort)
    let client = try TCP.Stream(.v4)
    #expect(try client.connect(to: listener.address) == .connected)
    try listener.close()
    try untilHungUp(client.descriptor)
    var bytes: [UInt8] = []
    #expect(reason { _ = try client.read(atMost: 1, appendingTo: &bytes) } == .connectionReset)
  }
}
