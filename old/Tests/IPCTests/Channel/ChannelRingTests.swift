import IPC
import SystemPackage
import Testing

/// Channels over rings in shared memory, and what becomes of them when the process at the other end dies.
@Suite struct ChannelRingTests {
  private let region: SharedRegion

  init() throws {
    region = SharedRegion(try scratchMemory(8192).map())
    try ByteRing.make(capacity: 64, in: region, at: 0)
    try ByteRing.make(capacity: 64, in: region, at: 4096)
  }

  @Test func `Two rings carry requests and replies that are larger than they`() async throws {
    let region = region
    async let served: Void = onThread {
      var connection = Channel.Connection(
        reading: try ByteRing.Consumer(in: region, at: 0), writing: try ByteRing.Producer(in: region, at: 4096))
      try connection.serve { request, reply in reply.append(contentsOf: request.reversed()) }
    }
    let result = try await onThread {
      var connection = Channel.Connection(
        reading: try ByteRing.Consumer(in: region, at: 4096), writing: try ByteRing.Producer(in: region, at: 0))
      let request = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
      var reply: [UInt8] = []
      return (try connection.request(request.span, reply: &reply), reply == request.reversed())
    }
    #expect(result.0 == .replied && result.1)
    try await served
  }

  @Test func `A ring that is closed ends the channel, within a message or between`() throws {
    var sender = Channel.Sender(try ByteRing.Producer(in: region, at: 0))
    var receiver = Channel.Receiver(try ByteRing.Consumer(in: region, at: 0))
    let message = [UInt8](repeating: 1, count: 100)
    #expect(try sender.send(message.span, patience: .none) == .wouldBlock)
    sender.release().close()
    var received: [UInt8] = []
    #expect(reason { _ = try receiver.receive(&received) } == .protocolError)
    receiver.release().close()

    var unheard = Channel.Sender(try ByteRing.Producer(in: region, at: 4096))
    let consumer = try ByteRing.Consumer(in: region, at: 4096)
    consumer.close()
    #expect(try unheard.send(message.span) == .nobodyReads)
  }

  @Test func `What dies is no end, and stays dead`() throws {
    var receiver = Channel.Receiver(Dying())
    var sender = Channel.Sender(Dying())
    let message = [UInt8](repeating: 1, count: 8)
    var received: [UInt8] = []
    let dead = Errno(rawValue: 130)  // EOWNERDEAD
    for _ in 0..<2 {
      #expect(reason { _ = try receiver.receive(&received) } == dead)
      #expect(reason { _ = try sender.send(message.span) } == dead)
    }
    #expect(receiver.release().calls == 1)
    #expect(sender.release().calls == 1)
  }
}

/// Fails as a ring does whose other process died, and from then on would work again.
private struct Dying: ByteSource, ByteSink {
  var calls = 0

  mutating func read(
    into bytes: inout OutputRawSpan, patience: Patience, interruption: Interruption
  ) throws(IPCError) -> ReadResult {
    calls += 1
    guard calls > 1 else { throw IPCError(call: "read", errno: Errno(rawValue: 130)) }
    return .endOfFile(after: 0)
  }

  mutating func write(
    _ bytes: RawSpan, patience: Patience, interruption: Interruption
  ) throws(IPCError) -> WriteResult {
    calls += 1
    guard calls > 1 else { throw IPCError(call: "write", errno: Errno(rawValue: 130)) }
    return .wrote(bytes.byteCount)
  }
}
