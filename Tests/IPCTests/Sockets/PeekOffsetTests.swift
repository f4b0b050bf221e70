import IPC
import SystemPackage
import Testing

@Suite struct PeekOffsetTests {
  private static func peek(_ socket: borrowing UnixSocket.Socket<UnixSocket.SequencedPacketStyle>) throws -> [UInt8] {
    var bytes: [UInt8] = []
    _ = try socket.receive(maxLength: 8, appendingTo: &bytes, peeking: true, timeout: .immediate)
    return bytes
  }

  @Test func `Each peek returns the next message, until the offset is removed`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.SequencedPacketStyle>()
    try pair.first.send([1, 2].span)
    try pair.first.send([3].span)
    #expect(try pair.second.peekOffset == nil)
    try pair.second.setPeekOffset(0)
    #expect(try Self.peek(pair.second) == [1, 2])
    #expect(try pair.second.peekOffset == 2)
    #expect(try Self.peek(pair.second) == [3])
    #expect(reason { _ = try Self.peek(pair.second) } == .wouldBlock)
    try pair.second.setPeekOffset(nil)
    #expect(try Self.peek(pair.second) == [1, 2])
    #expect(try Self.peek(pair.second) == [1, 2])
  }
}
