import IPC
import SystemPackage
import Testing

@Suite struct MessageChannelConnectionTests {
  @Test func `Requests get replies until the other side closes the channel`() async throws {
    let three: [UInt8] = [1, 2, 3]
    let nothing: [UInt8] = []
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    let serving = try duplicate(pair.second.descriptor)
    try pair.second.close()
    async let served: Int = onThread {
      var connection = MessageChannel.Connection(try UnixSocket.Socket<UnixSocket.StreamStyle>(adopting: serving))
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
      var connection = MessageChannel.Connection(try UnixSocket.Socket<UnixSocket.StreamStyle>(adopting: asking))
      var reply: [UInt8] = []
      #expect(try connection.request(three.span, reply: &reply) == 3)
      #expect(reply == [3, 2, 1])
      #expect(try connection.request(nothing.span, reply: &reply) == 0)
      #expect(reply.isEmpty)
      try connection.release().close()
    }
    #expect(try await served == 2)
  }

  @Test func `A late reply is returned for its own request`() throws {
    let twice: [UInt8] = [1, 1]
    let two: [UInt8] = [2]
    let nine: [UInt8] = [9]
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    var client = MessageChannel.Connection(pair.first)
    var server = MessageChannel.Connection(pair.second)
    var (request, reply): ([UInt8], [UInt8]) = ([], [])
    #expect(reason { try client.request(twice.span, reply: &reply, timeout: .immediate) } == .wouldBlock)
    #expect(reason { try client.request(twice.span, reply: &reply, timeout: .after(.milliseconds(5))) } == .timedOut)
    #expect(reason { try client.request(two.span, reply: &reply) } == .alreadyInProcess)
    #expect(try server.receive(into: &request) == 2)
    #expect(reason { _ = try server.receive(into: &request, timeout: .immediate) } == .wouldBlock, "it was sent once")
    try server.send(nine.span)
    #expect(try client.request(twice.span, reply: &reply) == 1)
    #expect(reply == [9])
    #expect(reason { try client.request(two.span, reply: &reply, timeout: .immediate) } == .wouldBlock)
  }

  @Test func `Another request of the same length is rejected until the reply has arrived`() throws {
    let first: [UInt8] = [1, 1]
    let second: [UInt8] = [2, 2]
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    var client = MessageChannel.Connection(pair.first)
    var server = MessageChannel.Connection(pair.second)
    var (request, reply): ([UInt8], [UInt8]) = ([], [])
    #expect(reason { try client.request(first.span, reply: &reply, timeout: .immediate) } == .wouldBlock)
    #expect(try server.receive(into: &request) == 2)
    try server.send([9].span)
    #expect(reason { try client.request(second.span, reply: &reply, timeout: .immediate) } == .alreadyInProcess)
    #expect(reply.isEmpty)
    #expect(try client.request(first.span, reply: &reply) == 1)
    #expect(reply == [9])
    #expect(reason { try client.request(second.span, reply: &reply, timeout: .immediate) } == .wouldBlock)
    #expect(try server.receive(into: &request) == 2)
    #expect(request == second)
  }

  @Test func `Two pipes form a channel in both directions`() throws {
    let five: [UInt8] = [5]
    let there = try AnonymousPipe()
    let back = try AnonymousPipe()
    var client = MessageChannel.Connection(reading: back.reader, writing: there.writer)
    var server = MessageChannel.Connection(reading: there.reader, writing: back.writer)
    var (request, reply): ([UInt8], [UInt8]) = ([], [])
    #expect(reason { try client.request(five.span, reply: &reply, timeout: .immediate) } == .wouldBlock)
    #expect(try server.receive(into: &request) == 1)
    try server.send(request.span)
    #expect(try client.request(five.span, reply: &reply) == 1)
    #expect(reply == [5])
  }

  @Test func `A request to a closed peer is a broken pipe`() throws {
    let five: [UInt8] = [5]
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    var client = MessageChannel.Connection(pair.first)
    try pair.second.close()
    var reply: [UInt8] = []
    #expect(reason { try client.request(five.span, reply: &reply) } == .brokenPipe)
  }
}
