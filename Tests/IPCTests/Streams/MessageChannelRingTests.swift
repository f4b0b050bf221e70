import IPC
import SystemPackage
import Testing

/// Tests for channels over rings in shared memory, including the death of the process at the other end.
@Suite struct MessageChannelRingTests {
  private let region: SharedRegion

  init() throws {
    region = try SharedRegion(size: 8192)
    try ByteRing.create(capacity: 64, in: region, at: 0)
    try ByteRing.create(capacity: 64, in: region, at: 4096)
  }

  @Test func `Two rings carry requests and replies that are larger than the rings`() async throws {
    let region = region
    async let served: Void = onThread {
      var connection = MessageChannel.Connection(
        reading: try ByteRing.Consumer.open(in: region, at: 0),
        writing: try ByteRing.Producer.open(in: region, at: 4096))
      try connection.serve { request, reply in reply.append(contentsOf: request.reversed()) }
    }
    let result = try await onThread {
      var connection = MessageChannel.Connection(
        reading: try ByteRing.Consumer.open(in: region, at: 4096),
        writing: try ByteRing.Producer.open(in: region, at: 0))
      let request = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
      var reply: [UInt8] = []
      return (try connection.request(request.span, reply: &reply), reply == request.reversed())
    }
    #expect(result.0 == 1000 && result.1)
    try await served
  }

  @Test func `Closing a ring ends the channel, within a message and between messages`() throws {
    var sender = MessageChannel.Sender(try ByteRing.Producer.open(in: region, at: 0))
    var receiver = MessageChannel.Receiver(try ByteRing.Consumer.open(in: region, at: 0))
    let message = [UInt8](repeating: 1, count: 100)
    #expect(reason { try sender.send(message.span, timeout: .immediate) } == .wouldBlock)
    sender.release().close()
    var received: [UInt8] = []
    #expect(reason { _ = try receiver.receive(into: &received) } == .protocolError)
    receiver.release().close()

    var unheard = MessageChannel.Sender(try ByteRing.Producer.open(in: region, at: 4096))
    let consumer = try ByteRing.Consumer.open(in: region, at: 4096)
    consumer.close()
    #expect(reason { try unheard.send(message.span) } == .brokenPipe)
  }

  @Test func `The death of a process is not end of stream, and is reported by each call`() throws {
    var receiver = MessageChannel.Receiver(Dying())
    var sender = MessageChannel.Sender(Dying())
    let message = [UInt8](repeating: 1, count: 8)
    var received: [UInt8] = []
    for _ in 0..<2 {
      #expect(reason { _ = try receiver.receive(into: &received) } == .ownerDied)
      #expect(reason { try sender.send(message.span) } == .ownerDied)
    }
    #expect(receiver.release().calls == 1)
    #expect(sender.release().calls == 1)
  }
}

/// A stream that works, but fails once, as a ring does when the other process has died.
private struct Dying: ReadableStream, WritableStream {
  var calls = 0

  mutating func read(
    into bytes: inout OutputRawSpan, timeout: Timeout, retryOnInterrupt: Bool
  ) throws(IPCError) -> Int {
    calls += 1
    guard calls > 1 else { throw IPCError(.read, .ownerDied) }
    return 0
  }

  mutating func write(
    _ bytes: RawSpan, timeout: Timeout, retryOnInterrupt: Bool
  ) throws(IPCError) -> Int {
    calls += 1
    guard calls > 1 else { throw IPCError(.write, .ownerDied) }
    return bytes.byteCount
  }
}
