import Glibc
import IPC
import SystemPackage
import Testing

@Suite struct UnixSocketStreamTests {
  @Test func `Bytes go both ways over a path, and have no boundaries`() throws {
    let scratch = try Scratch()
    let address = try scratch.socket
    let listener = try UnixSocket.StreamListener(at: address)
    let client = try UnixSocket.Stream()
    #expect(try client.connect(to: address) == .connected)
    let server = try listener.accepted()
    #expect(try client.peerAddress == address)
    #expect(try server.peerAddress.isUnnamed == true)
    #expect(try client.writeAll("first".utf8.span) == .wrote(5))
    #expect(try client.writeAll("second".utf8.span) == .wrote(6))
    var bytes: [UInt8] = []
    #expect(try server.readExactly(11, appendingTo: &bytes) == .read(11))
    #expect(bytes == Array("firstsecond".utf8))
    #expect(try server.writeAll("back".utf8.span) == .wrote(4))
    #expect(try client.readExactly(4, appendingTo: &bytes) == .read(4))
    #expect(bytes == Array("firstsecondback".utf8))
  }

  @Test func `A megabyte passes through a pair that holds less`() async throws {
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    let bytes = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 >> 8 ^ $0) }
    let reading = pair.second.release()
    async let read = onThread {
      var all: [UInt8] = []
      try UnixSocket.Stream(adopting: reading).readToEnd(appendingTo: &all)
      return all
    }
    let writing = pair.first.release()
    #expect(try await onThread { try UnixSocket.Stream(adopting: writing).writeAll(bytes.span) } == .wrote(1 << 20))
    #expect(try await read == bytes)
  }

  @Test func `Who sends no more still receives`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    try pair.first.writeAll([1, 2].span)
    try pair.first.shutDown(.sending)
    var bytes: [UInt8] = []
    #expect(try pair.second.readToEnd(appendingTo: &bytes) == .endOfFile(after: 2))
    #expect(try pair.second.write([3].span) == .wrote(1))
    #expect(try pair.first.read(atMost: 9, appendingTo: &bytes) == .read(1))
    #expect(bytes == [1, 2, 3])
    #expect(try pair.first.write([4].span) == .nobodyReads(after: 0))
  }

  @Test func `What was peeked at is read again`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    var bytes: [UInt8] = []
    #expect(try pair.second.peek(atMost: 9, appendingTo: &bytes, patience: .none) == .wouldBlock(after: 0))
    try pair.first.writeAll([1, 2, 3].span)
    #expect(try pair.second.peek(atMost: 2, appendingTo: &bytes) == .read(2))
    #expect(try pair.second.read(atMost: 9, appendingTo: &bytes) == .read(3))
    #expect(bytes == [1, 2, 1, 2, 3])
    try pair.first.close()
    #expect(try pair.second.peek(atMost: 9, appendingTo: &bytes) == .endOfFile(after: 0))
  }

  @Test func `Who closes with something unread resets the connection`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    let first = try UnixSocket.Stream(adopting: pair.first.release())
    try first.writeAll([1].span)
    try pair.second.close()
    try untilHungUp(first.descriptor)
    var bytes: [UInt8] = []
    #expect(reason { _ = try first.read(atMost: 9, appendingTo: &bytes) } == .connectionReset)
    #expect(try first.read(atMost: 9, appendingTo: &bytes) == .endOfFile(after: 0))
  }

  @Test func `What is connected to nobody carries nothing`() throws {
    let stream = try UnixSocket.Stream()
    #expect(reason { _ = try stream.peerAddress } == .socketNotConnected)
    var bytes: [UInt8] = []
    #expect(reason { _ = try stream.read(atMost: 9, appendingTo: &bytes) } == .invalidArgument)
  }
}
