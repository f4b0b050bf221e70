import Foundation
import IPC
import IPCAsync
import SystemPackage
import Testing

@Suite struct ConnectTests {
  @Test func `A TCP connection is made, and refused if no socket listens`() async throws {
    let listener = try TCP.Listener(at: SocketAddress(.loopback(.v4), port: 0))
    let address = try listener.address
    let client = try TCP.Stream(.v4)
    try await client.connect(to: address)
    let server = try await listener.accept(timeout: .after(.seconds(3600)))
    let byte: [UInt8] = [1]
    try await client.writeAll(byte.span)
    var bytes: [UInt8] = []
    #expect(try await server.read(maxLength: 8, appendingTo: &bytes) == 1)
    // Use a socket that is bound but does not listen. If a listener were closed instead, a child that another test is
    // starting could still hold it open.
    let deaf = try TCP.Stream(.v4)
    try deaf.bind(to: SocketAddress(.loopback(.v4), port: 0))
    let closed = try deaf.address
    let refused = try TCP.Stream(.v4)
    let error = try await reason { try await refused.connect(to: closed) }
    #expect(error == .connectionRefused)
  }

  @Test func `A connect waits for room in the queue of a listener`() async throws {
    let address = try UnixSocket.Address(abstract: Array("ipc-async-\(UUID())".utf8))
    let listener = try UnixSocket.StreamListener(at: address, backlog: 0)
    let first = try UnixSocket.Stream()
    try await first.connect(to: address)
    let second = Shared(try UnixSocket.Stream())
    let late = try await reason { try await second.handle.connect(to: address, timeout: .after(.milliseconds(5))) }
    #expect(late == .timedOut)
    async let connecting: Void = second.handle.connect(to: address)
    await Task.yield()
    _ = try await listener.accept()
    try await connecting
  }

  @Test func `A FIFO is opened when the other side opens it`() async throws {
    // Use a separate FIFO for each check, because a child that another test is starting could still hold one end open.
    let fifos = (0..<2).map { _ in FIFO(FilePath(NSTemporaryDirectory()).appending("ipc-async-\(UUID())")) }
    for fifo in fifos { try fifo.create() }
    defer { for fifo in fifos { try? fifo.unlink() } }
    let missing = try await reason { _ = try await fifos[0].openForWriting(timeout: .after(.milliseconds(2))) }
    #expect(missing == .timedOut)
    let early = try await reason { _ = try await fifos[0].openForReading(timeout: .after(.milliseconds(2))) }
    #expect(early == .timedOut)
    let fifo = fifos[1]
    let writing = Task {
      let writer = try await fifo.openForWriting()
      try await writer.writeAll(Array("Hello".utf8).span)
    }
    let reader = try await fifo.openForReading()
    var bytes: [UInt8] = []
    _ = try await reader.readToEnd(appendingTo: &bytes)
    try await writing.value
    #expect(bytes == Array("Hello".utf8))
  }

  @Test func `A request continues after a cancellation, and is sent once`() async throws {
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    let (client, server) = (
      Shared(MessageChannel.Connection(pair.first)), Shared(MessageChannel.Connection(pair.second))
    )
    let question: [UInt8] = [1, 2, 3]
    for yields in 0..<10 {
      let cancelled = Task {
        var reply: [UInt8] = []
        _ = try await client.handle.request(question.span, reply: &reply)
      }
      for _ in 0..<yields { await Task.yield() }
      cancelled.cancel()
      _ = await cancelled.result
    }
    let asking = Task {
      var reply: [UInt8] = []
      _ = try await client.handle.request(question.span, reply: &reply)
      return reply
    }
    var request: [UInt8] = []
    #expect(try await server.handle.receive(into: &request) == 3)
    let answer: [UInt8] = [9]
    try await server.handle.send(answer.span)
    #expect(try await asking.value == answer)
    let more = try await reason { _ = try await server.handle.receive(into: &request, timeout: .immediate) }
    #expect(more == .wouldBlock)
  }

  @Test func `Serving more clients than there are threads delays none, and ends with the connections`() async throws {
    let question: [UInt8] = [1, 2, 3]
    try await withThrowingTaskGroup(of: Void.self) { group in
      var clients: [Shared<MessageChannel.Connection<UnixSocket.Stream>>] = []
      for _ in 0..<ProcessInfo.processInfo.activeProcessorCount + 2 {
        let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
        let (client, server) = (
          Shared(MessageChannel.Connection(pair.first)), Shared(MessageChannel.Connection(pair.second))
        )
        clients.append(client)
        group.addTask {
          try await server.handle.serve { request, reply in
            await Task.yield()
            reply = request.reversed()
          }
        }
      }
      for client in clients.reversed() {
        var reply: [UInt8] = []
        #expect(try await client.handle.request(question.span, reply: &reply, timeout: .after(.seconds(600))) == 3)
        #expect(reply == [3, 2, 1])
      }
      clients.removeAll()
      try await group.waitForAll()
    }
  }

  @Test func `A cancelled write reports the bytes that were written`() async throws {
    let pipe = try AnonymousPipe()
    let reader = pipe.reader
    let writer = Shared(pipe.writer)
    let sent = [UInt8](repeating: 1, count: 10_000_000)
    let writing = Task { try await writer.handle.writeAll(sent.span) }
    let room = try writer.handle.capacity
    await eventually { (try? reader.bytesAvailable) == room }
    writing.cancel()
    let error = try await #require(throws: IPCError.self) { try await writing.value }
    #expect(error.errno == .canceled)
    #expect(error.transferred == room)
  }

  @Test func `A child is waited for, and its status is kept`() async throws {
    var child = try ChildProcess("/bin/sh", arguments: ["-c", "read line; exit 7"], standardInput: .null)
    #expect(try await child.wait() == .exited(7))
    #expect(try await child.wait(timeout: .immediate) == .exited(7))
  }
}
