import Glibc
import IPC
import SystemPackage
import Testing

/// A connection within the process: who connected, and who was accepted.
struct Connection: ~Copyable {
  let client: TCP.Stream
  let server: TCP.Stream

  init() throws {
    let listener = try TCP.Listener(at: anyPort)
    let client = try TCP.Stream(.v4)
    #expect(try client.connect(to: listener.address) == .connected)
    self.init(client, try listener.accepted())
  }

  private init(_ client: consuming TCP.Stream, _ server: consuming TCP.Stream) {
    self.client = client
    self.server = server
  }
}

/// Of this machine, whichever is free.
let anyPort = SocketAddress(.loopback(.v4), port: 0)

extension TCP.Listener {
  /// Who waits to be accepted.
  func accepted() throws -> TCP.Stream {
    switch try accept(patience: .atMost(.seconds(60))) {
    case .accepted(let stream, _): return stream
    case .wouldBlock: throw Errno.wouldBlock
    case .timedOut: throw Errno.timedOut
    }
  }
}

@Suite struct TCPTests {
  @Test func `Both sides know both addresses`() throws {
    let listener = try TCP.Listener(at: anyPort)
    let client = try TCP.Stream(.v4)
    #expect(try client.address == SocketAddress(.any(.v4), port: 0))
    #expect(reason { _ = try client.peerAddress } == .socketNotConnected)
    #expect(try client.connect(to: listener.address, patience: .atMost(.seconds(60))) == .connected)
    guard case .accepted(let server, let address) = try listener.accept() else {
      Issue.record("somebody has connected")
      return
    }
    #expect(try client.address == address)
    #expect(try server.peerAddress == address)
    #expect(try server.address == listener.address)
    #expect(isCloseOnExec(server.descriptor.rawValue) == true)
    #expect(try client.isNonBlocking == false)
    #expect(reason { _ = try client.connect(to: listener.address) } == .socketIsConnected)
  }

  @Test func `Bytes are peeked at, read, and end`() throws {
    let connection = try Connection()
    #expect(try connection.client.writeAll([1, 2, 3].span) == .wrote(3))
    try connection.client.shutDown(.sending)
    var bytes: [UInt8] = []
    while try connection.server.bytesWaiting < 3 {}
    #expect(try connection.server.peek(atMost: 2, appendingTo: &bytes) == .read(2))
    #expect(bytes == [1, 2])
    bytes = []
    #expect(try connection.server.readToEnd(appendingTo: &bytes) == .endOfFile(after: 3))
    #expect(bytes == [1, 2, 3])
    #expect(try connection.client.write([4].span) == .nobodyReads(after: 0))
  }

  @Test func `A reset is no end of file`() throws {
    let connection = try Connection()
    let reset = try TCP.Stream(adopting: duplicate(connection.server.descriptor))
    // Whoever has the socket as well keeps the connection: the last to close it resets.
    try reset.setLingerTime(.zero)
    #expect(try connection.server.lingerTime == .zero)
    try reset.close()
    var bytes: [UInt8] = []
    #expect(try connection.client.read(atMost: 1, appendingTo: &bytes, patience: .none) == .wouldBlock(after: 0))

    let other = try Connection()
    let (client, server) = (try duplicate(other.client.descriptor), try duplicate(other.server.descriptor))
    discard(other)
    try TCP.Stream(adopting: server).reset()
    let survivor = try TCP.Stream(adopting: client)
    #expect(reason { _ = try survivor.read(atMost: 1, appendingTo: &bytes) } == .connectionReset)
  }

  @Test func `That nobody listens is a result, in each kind of patience that waits`() throws {
    let bound = try TCP.Stream(.v4)
    try bound.bind(to: anyPort)
    let address = try bound.address
    #expect(try TCP.Stream(.v4).connect(to: address) == .refused)
    #expect(try TCP.Stream(.v4).connect(to: address, patience: .atMost(.seconds(60))) == .refused)
    let stream = try TCP.Stream(.v4)
    #expect(try stream.connect(to: address, patience: .none) == .inProgress)
    // Refused, it may try anew.
    try until { try stream.connect(to: address, patience: .none) == .refused }
    try bound.listen(backlog: 1)
    #expect(try stream.connect(to: address, patience: .atMost(.seconds(60))) == .connected)
  }

  @Test func `An address in use is told, and what is set for the next one is kept`() throws {
    let listener = try TCP.Listener(at: anyPort)
    let address = try listener.address
    #expect(reason { _ = try TCP.Listener(at: address) } == .addressInUse)
    let shared = try TCP.Listener(at: anyPort, sharingPort: true)
    #expect(try TCP.Listener(at: shared.address, sharingPort: true).address == shared.address)
    #expect(reason { _ = try TCP.Listener(at: #require(SocketAddress("192.0.2.1:0"))) } == .addressNotAvailable)
  }

  @Test func `Options are what they were set to`() throws {
    let stream = try TCP.Stream(.v4)
    try stream.setNoDelay(true)
    try stream.setKeptAlive(true)
    try stream.setKeepAliveIdleTime(.milliseconds(60_001))
    try stream.setKeepAliveInterval(.seconds(7))
    try stream.setKeepAliveProbes(3)
    #expect(try stream.hasNoDelay)
    #expect(try stream.isKeptAlive)
    #expect(try stream.keepAliveIdleTime == .seconds(61))
    #expect(try stream.keepAliveInterval == .seconds(7))
    #expect(try stream.keepAliveProbes == 3)
    #expect(try stream.lingerTime == nil)
    try stream.setLingerTime(.milliseconds(1))
    #expect(try stream.lingerTime == .seconds(1))
    try stream.setLingerTime(nil)
    #expect(try stream.lingerTime == nil)
    #expect(reason { try stream.setLingerTime(.seconds(-1)) } == .invalidArgument)
    #expect(reason { try stream.setLingerTime(.seconds(Int64.max)) } == .invalidArgument)
    #expect(reason { try stream.setKeepAliveIdleTime(.milliseconds(-500)) } == .invalidArgument)
    let endless = Duration(secondsComponent: .max, attosecondsComponent: 1)
    #expect(reason { try stream.setKeepAliveIdleTime(endless) } == .invalidArgument)
    #expect(reason { try stream.setKeepAliveProbes(128) } == .invalidArgument)
  }

  @Test func `What is adopted must be what it is taken for`() throws {
    let datagrams = try UDP.Socket(.v4)
    let stream = try TCP.Stream(.v4)
    let unix = try UnixSocket.Stream()
    let pipe = try Pipe()
    #expect(reason { _ = try TCP.Stream(adopting: datagrams.descriptor) } == .protocolWrongTypeForSocket)
    #expect(reason { _ = try UDP.Socket(adopting: stream.descriptor) } == .protocolWrongTypeForSocket)
    #expect(reason { _ = try TCP.Stream(adopting: unix.descriptor) } == .addressFamilyNotSupported)
    #expect(reason { _ = try UnixSocket.Stream(adopting: stream.descriptor) } == .addressFamilyNotSupported)
    #expect(reason { _ = try TCP.Listener(adopting: stream.descriptor) } == .invalidArgument)
    #expect(reason { _ = try TCP.Stream(adopting: pipe.reader.descriptor) } == .notSocket)
    #expect(try stream.address.port == 0)
  }

  private func discard(_ connection: consuming Connection) {}
}
