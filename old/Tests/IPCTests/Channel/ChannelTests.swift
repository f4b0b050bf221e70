import AllocationCount
import Foundation
import IPC
import Testing

@Suite struct ChannelTests {
  @Test func `Messages through a pipe arrive as they were sent`() throws {
    let pipe = try IPC.Pipe()
    var sender = Channel.Sender(pipe.writer)
    var receiver = Channel.Receiver(pipe.reader)
    #expect(try sender.send("Hello".utf8.span) == .sent)
    let nothing: [UInt8] = []
    #expect(try sender.send(nothing.span) == .sent)
    var message: [UInt8] = []
    #expect(try receiver.receive(&message) == .received)
    #expect(message == Array("Hello".utf8))
    var lengths: [Int] = []
    #expect(try receiver.receive { lengths.append($0.byteCount) } == .received)
    #expect(lengths == [0])
    try sender.release().close()
    #expect(try receiver.receive(&message) == .endOfStream)
    #expect(message == Array("Hello".utf8), "nothing came, so it is what it was")
  }

  @Test(arguments: [Patience.forever, .atMost(.seconds(60)), .none])
  func `A message costs no allocation`(_ patience: Patience) throws {
    let pipe = try IPC.Pipe()
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    #expect(
      try allocations(Channel.Sender(pipe.writer), Channel.Receiver(pipe.reader), patience) == 0)
    #expect(
      try allocations(Channel.Sender(pair.first), Channel.Receiver(pair.second), patience) == 0)
    let region = SharedRegion(try scratchMemory(65536).map())
    try ByteRing.make(capacity: 32768, in: region, at: 0)
    let producer = try ByteRing.Producer(in: region, at: 0)
    let consumer = try ByteRing.Consumer(in: region, at: 0)
    #expect(try allocations(Channel.Sender(producer), Channel.Receiver(consumer), patience) == 0)
  }

  @Test func `One deadline is for the whole message, however steadily it dribbles`() async throws {
    let pipe = try IPC.Pipe()
    let writing = try duplicate(pipe.writer.descriptor)
    let dribbling = Thread {
      guard let writer = try? IPC.Pipe.Writer(adopting: writing) else { return }
      _ = try? writer.writeAll([255, 0, 0, 0].span)
      // Each byte comes well within the time that all of them together have.
      while !Thread.current.isCancelled, case .wrote = try? writer.write([1].span) {
        _ = try? Readiness.of(writer.descriptor, for: [], patience: .atMost(.milliseconds(10)))
      }
    }
    dribbling.start()
    defer { dribbling.cancel() }
    let reading = try duplicate(pipe.reader.descriptor)
    let result = try await onThread {
      var receiver = Channel.Receiver(try IPC.Pipe.Reader(adopting: reading))
      var message: [UInt8] = []
      return try receiver.receive(&message, patience: .until(.after(.milliseconds(200))))
    }
    #expect(result == .timedOut)
  }

  private func allocations<Sink: ByteSink & ~Copyable, Source: ByteSource & ~Copyable>(
    _ sender: consuming Channel.Sender<Sink>, _ receiver: consuming Channel.Receiver<Source>, _ patience: Patience
  ) throws -> Int {
    let (small, large) = ([UInt8](repeating: 7, count: 64), [UInt8](repeating: 8, count: 20000))
    var message: [UInt8] = []
    var (before, failures, sum) = (0, 0, 0)
    for round in 0...2000 {
      // The first rounds also make what is made once: the room of both buffers, which take turns.
      if round == 10 { before = allocation_count() }
      if try sender.send(small.span, patience: patience) != .sent { failures += 1 }
      if try sender.send(large.span, patience: patience) != .sent { failures += 1 }
      if try receiver.receive(&message, patience: patience) != .received { failures += 1 }
      if message.count != 64 { failures += 1 }
      if try receiver.receive(&message, patience: patience) != .received { failures += 1 }
      if try sender.send(small.span, patience: patience) != .sent { failures += 1 }
      if try receiver.receive(patience: patience, { sum += $0.byteCount }) != .received { failures += 1 }
    }
    let count = allocation_count() - before
    #expect(failures == 0)
    #expect(sum == 64 * 2001)
    return count
  }
}
