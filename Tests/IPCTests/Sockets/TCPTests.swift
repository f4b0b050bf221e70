import Glibc
import IPC
import SystemPackage
import Testing

/// A TCP connection with both ends in this process.
struct Connection: ~Copyable {
  let client: TCP.Stream
  let server: TCP.Stream

  init() throws {
    let listener = try TCP.Listener(at: anyPort)
    let client = try TCP.Stream(.v4)
    try client.connect(to: listener.address)
    self.init(client, try listener.accepted())
  }

  private init(_ client: consuming TCP.Stream, _ server: consuming TCP.Stream) {
    self.client = client
    self.server = server
  }
}

/// A loopback address for which the kernel chooses an unused port.
let anyPort = SocketAddress(.loopback(.v4), port: 0)

extension TCP.Listener {
  /// Accepts a pending connection.
  func accepted() throws -> TCP.Stream { try accept(timeout: .after(.seconds(3600))) }
}

@Suite struct TCPTests {
  @Test func `Both ends return both addresses`() throws {
    let listener = try TCP.Listener(at: anyPort)
    let client = try TCP.Stream(.v4)
    #expect(try client.address == SocketAddress(.any(.v4), port: 0))
    #expect(reason { _ = try client.peerAddress } == .socketNotConnected)
    try client.connect(to: listener.address, timeout: .after(.seconds(3600)))
    let accepted = try listener.acceptWithAddress()
    let address = accepted.peerAddress
    let server = accepted.socket
    #expect(try client.address == address)
    #expect(try server.peerAddress == address)
    #expect(try server.address == listener.address)
    #expect(isCloseOnExec(server.descriptor.rawValue) == true)
    #expect(try client.isNonBlocking == false)
    #expect(reason { _ = try client.connect(to: listener.address) } == .socketIsConnected)
  }

  @Test func `Bytes are peeked at and read until end of file`() throws {
    let connection = try Connection()
    try connection.client.writeAll([1, 2, 3].span)
    try connection.client.shutDown(.sending)
    var bytes: [UInt8] = []
    while try connection.server.bytesAvailable < 3 {}
    #expect(try connection.server.peek(maxLength: 2, appendingTo: &bytes) == 2)
    #expect(bytes == [1, 2])
    bytes = []
    #expect(try connection.server.readToEnd(appendingTo: &bytes) == 3)
    #expect(bytes == [1, 2, 3])
    #expect(reason { _ = try connection.client.write([4].span) } == .brokenPipe)
  }

  @Test func `A reset is not end of file`() throws {
    let connection = try Connection()
    let reset = try TCP.Stream(adopting: duplicate(connection.server.descriptor))
    // The connection is reset when the last descriptor is closed.
    try reset.setLingerTime(.zero)
    #expect(try connection.server.lingerTime == .zero)
    try reset.close()
    var bytes: [UInt8] = []
    #expect(
      reason { _ = try connection.client.read(maxLength: 1, appendingTo: &bytes, timeout: .immediate) } == .wouldBlock)

    let other = try Connection()
    let (client, server) = (try duplicate(other.client.descriptor), try duplicate(other.server.descriptor))
    discard(other)
    try TCP.Stream(adopting: server).reset()
    let survivor = try TCP.Stream(adopting: client)
    #expect(reason { _ = try survivor.read(maxLength: 1, appendingTo: &bytes) } == .connectionReset)
  }

  @Test func `Connecting without a listener is refused, with each timeout`() throws {
    let bound = try TCP.Stream(.v4)
    try bound.bind(to: anyPort)
    let address = try bound.address
    #expect(reason { try TCP.Stream(.v4).connect(to: address) } == .connectionRefused)
    #expect(reason { try TCP.Stream(.v4).connect(to: address, timeout: .after(.seconds(3600))) } == .connectionRefused)
    let stream = try TCP.Stream(.v4)
    #expect(reason { try stream.connect(to: address, timeout: .immediate) } == .nowInProgress)
    // After a connection has been refused, the same socket can try again.
    until { reason { try stream.connect(to: address, timeout: .immediate) } == .connectionRefused }
    try bound.listen(backlog: 1)
    try stream.connect(to: address, timeout: .after(.seconds(3600)))
  }

  @Test func `An address in use is refused unless the port is shared`() throws {
    let listener = try TCP.Listener(at: anyPort)
    let address = try listener.address
    #expect(reason { _ = try TCP.Listener(at: address) } == .addressInUse)
    let shared = try TCP.Listener(at: anyPort, reusePort: true)
    #expect(try TCP.Listener(at: shared.address, reusePort: true).address == shared.address)
    #expect(reason { _ = try TCP.Listener(at: #require(SocketAddress("192.0.2.1:0"))) } == .addressNotAvailable)
  }

  @Test func `Options have the values that were set`() throws {
    let stream = try TCP.Stream(.v4)
    try stream.setNoDelay(true)
    try stream.setKeepAlive(true)
    try stream.setKeepAliveIdleTime(.milliseconds(60_001))
    try stream.setKeepAliveInterval(.seconds(7))
    try stream.setKeepAliveProbes(3)
    #expect(try stream.noDelay)
    #expect(try stream.keepAlive)
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

  @Test func `Only a socket of the right kind is adopted`() throws {
    let datagrams = try UDP.Socket(.v4)
    let stream = try TCP.Stream(.v4)
    let unix = try UnixSocket.Stream()
    let pipe = try AnonymousPipe()
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
