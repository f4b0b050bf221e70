import Glibc
import IPC
import SystemPackage
import Testing

@Suite struct UnixSocketStreamTests {
  @Test func `Bytes are transferred in both directions over a path, without boundaries`() throws {
    let scratch = try Scratch()
    let address = try scratch.socket
    let listener = try UnixSocket.StreamListener(at: address)
    let client = try UnixSocket.Stream()
    try client.connect(to: address)
    let server = try listener.accepted()
    #expect(try client.peerAddress == address)
    #expect(try server.peerAddress.isUnnamed == true)
    try client.writeAll("first".utf8.span)
    try client.writeAll("second".utf8.span)
    var bytes: [UInt8] = []
    #expect(try server.readExactly(11, appendingTo: &bytes) == 11)
    #expect(bytes == Array("firstsecond".utf8))
    try server.writeAll("back".utf8.span)
    #expect(try client.readExactly(4, appendingTo: &bytes) == 4)
    #expect(bytes == Array("firstsecondback".utf8))
  }

  @Test func `A pair transfers a megabyte, more than its buffers hold`() async throws {
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    let bytes = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 >> 8 ^ $0) }
    let reading = pair.second.release()
    async let read = onThread {
      var all: [UInt8] = []
      try UnixSocket.Stream(adopting: reading).readToEnd(appendingTo: &all)
      return all
    }
    let writing = pair.first.release()
    try await onThread { try UnixSocket.Stream(adopting: writing).writeAll(bytes.span) }
    #expect(try await read == bytes)
  }

  @Test func `A socket that is shut down for sending still receives`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    try pair.first.writeAll([1, 2].span)
    try pair.first.shutDown(.sending)
    var bytes: [UInt8] = []
    #expect(try pair.second.readToEnd(appendingTo: &bytes) == 2)
    #expect(try pair.second.write([3].span) == 1)
    #expect(try pair.first.read(maxLength: 9, appendingTo: &bytes) == 1)
    #expect(bytes == [1, 2, 3])
    #expect(reason { _ = try pair.first.write([4].span) } == .brokenPipe)
  }

  @Test func `Peeked bytes are read again`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    var bytes: [UInt8] = []
    #expect(reason { _ = try pair.second.peek(maxLength: 9, appendingTo: &bytes, timeout: .immediate) } == .wouldBlock)
    try pair.first.writeAll([1, 2, 3].span)
    #expect(try pair.second.peek(maxLength: 2, appendingTo: &bytes) == 2)
    #expect(try pair.second.read(maxLength: 9, appendingTo: &bytes) == 3)
    #expect(bytes == [1, 2, 1, 2, 3])
    try pair.first.close()
    #expect(try pair.second.peek(maxLength: 9, appendingTo: &bytes) == 0)
  }

  @Test func `Closing with unread bytes resets the connection`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    let first = try UnixSocket.Stream(adopting: pair.first.release())
    try first.writeAll([1].span)
    try pair.second.close()
    try waitUntilHungUp(first)
    var bytes: [UInt8] = []
    #expect(reason { _ = try first.read(maxLength: 9, appendingTo: &bytes) } == .connectionReset)
    #expect(try first.read(maxLength: 9, appendingTo: &bytes) == 0)
  }

  @Test func `A stream that is not connected cannot read`() throws {
    let stream = try UnixSocket.Stream()
    #expect(reason { _ = try stream.peerAddress } == .socketNotConnected)
    var bytes: [UInt8] = []
    #expect(reason { _ = try stream.read(maxLength: 9, appendingTo: &bytes) } == .invalidArgument)
  }
}
