import IPC
import SystemPackage
import Testing

@Suite struct ChannelConnectionTests {
  @Test func `Each request has its reply, until the other side ends`() async throws {
    let three: [UInt8] = [1, 2, 3]
    let nothing: [UInt8] = []
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    let serving = try duplicate(pair.second.descriptor)
    try pair.second.close()
    async let served: Int = onThread {
      var connection = Channel.Connection(try UnixSocket.Stream(adopting: serving))
      var count = 0
      try connection.serve { request, reply in
        reply.append(contentsOf: request.reversed())
        count += 1
      }
      return count
    }
    let asking = try duplicate(pair.first.descriptor)
    try pair.first.close()
    try await onThread {
      var connection = Channel.Connection(try UnixSocket.Stream(adopting: asking))
      var reply: [UInt8] = []
      #expect(try connection.request(three.span, reply: &reply) == .replied)
      #expect(reply == [3, 2, 1])
      #expect(try connection.request(nothing.span, reply: &reply) == .replied)
      #expect(reply.isEmpty)
      try connection.release().close()
    }
    #expect(try await served == 2)
  }

  @Test func `A late reply is that to its own request`() throws {
    let twice: [UInt8] = [1, 1]
    let two: [UInt8] = [2]
    let nine: [UInt8] = [9]
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    var client = Channel.Connection(pair.first)
    var server = Channel.Connection(pair.second)
    var (request, reply): ([UInt8], [UInt8]) = ([], [])
    #expect(try client.request(twice.span, reply: &reply, patience: .none) == .wouldBlock)
    #expect(try client.request(twice.span, reply: &reply, patience: .atMost(.milliseconds(5))) == .timedOut)
    #expect(reason { _ = try client.request(two.span, reply: &reply) } == .alreadyInProcess)
    #expect(try server.receive(&request) == .received)
    #expect(try server.receive(&request, patience: .none) == .wouldBlock, "it was sent once")
    #expect(try server.send(nine.span) == .sent)
    #expect(try client.request(twice.span, reply: &reply) == .replied)
    #expect(reply == [9])
    #expect(try client.request(two.span, reply: &reply, patience: .none) == .wouldBlock)
  }

  @Test func `Two pipes make both directions`() throws {
    let five: [UInt8] = [5]
    let there = try Pipe()
    let back = try Pipe()
    var client = Channel.Connection(reading: back.reader, writing: there.writer)
    var server = Channel.Connection(reading: there.reader, writing: back.writer)
    var (request, reply): ([UInt8], [UInt8]) = ([], [])
    #expect(try client.request(five.span, reply: &reply, patience: .none) == .wouldBlock)
    #expect(try server.receive(&request) == .received)
    #expect(try server.send(request.span) == .sent)
    #expect(try client.request(five.span, reply: &reply) == .replied)
    #expect(reply == [5])
  }

  @Test func `Who asks somebody that has gone is told`() throws {
    let five: [UInt8] = [5]
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    var client = Channel.Connection(pair.first)
    try pair.second.close()
    var reply: [UInt8] = []
    #expect(try client.request(five.span, reply: &reply) == .nobodyReplies)
  }
}
