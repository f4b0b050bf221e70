import AllocationCount
import Foundation
import IPC
import SystemPackage
import Testing

@Suite struct MessageChannelTests {
  @Test(arguments: [8, 100_000])
  func `Only the same message resumes one that was partly sent`(_ length: Int) throws {
    let message = [UInt8](repeating: 1, count: length)
    let other = [UInt8](repeating: 1, count: length - 1) + [2]
    let shorter = Array(message.dropLast())
    var sender = MessageChannel.Sender(ScriptedSink(pieces: [5]))
    while !sender.isWithinMessage {
      #expect(reason { try sender.send(message.span, timeout: .immediate) } == .wouldBlock)
    }
    #expect(reason { try sender.send(other.span, timeout: .immediate) } == .alreadyInProcess)
    #expect(reason { try sender.send(shorter.span) } == .alreadyInProcess)
    try sender.send(message.span)
    #expect(sender.release().bytes == frames([message]))
  }

  @Test func `The count that a stream returns is not trusted`() throws {
    var receiver = MessageChannel.Receiver(BoastfulSource(bytes: frames([[1, 2, 3]])[...]))
    var message: [UInt8] = []
    #expect(try receiver.receive(into: &message) == 3)
    #expect(message == [1, 2, 3])
    var reader = BufferedReader(BoastfulSource(bytes: [4, 5]))
    #expect(try reader.readExactly(2, appendingTo: &message) == 2)
    #expect(message == [1, 2, 3, 4, 5])
  }

  @Test func `Messages through a pipe are received as they were sent`() throws {
    let pipe = try AnonymousPipe()
    var sender = MessageChannel.Sender(pipe.writer)
    var receiver = MessageChannel.Receiver(pipe.reader)
    try sender.send("Hello".utf8.span)
    let nothing: [UInt8] = []
    try sender.send(nothing.span)
    var message: [UInt8] = []
    #expect(try receiver.receive(into: &message) == 5)
    #expect(message == Array("Hello".utf8))
    #expect(try receiver.withNext { $0.byteCount } == 0)
    #expect(try receiver.tryReceive(into: &message) == .wouldBlock)
    #expect(try sender.trySend(unsafe "x".utf8.span.bytes) == true)
    #expect(try receiver.tryReceive(into: &message) == .ready(1))
    try sender.release().close()
    #expect(try receiver.receive(into: &message) == nil)
    #expect(try receiver.tryReceive(into: &message) == .endOfStream)
    #expect(message == Array("x".utf8), "without a message, the array is unchanged")
  }

  @Test(arguments: [0, 1, 4091, 4092, 4093, 8192, 100_000])
  func `Short and long messages are received in place and in an array`(_ length: Int) throws {
    let message = (0..<length).map { UInt8(truncatingIfNeeded: $0) }
    var receiver = MessageChannel.Receiver(
      ScriptedSource(
        frames([message, message, [9], message]), pieces: [4, max(1, length)] + Array(repeating: 5000, count: 90)))
    var received: [UInt8] = [1, 2, 3]
    #expect(try receiver.receive(into: &received) == length)
    #expect(received == message)
    let isEqual = try receiver.withNext { span in
      unsafe span.withUnsafeBytes { unsafe $0.elementsEqual(message) }
    }
    #expect(isEqual == true)
    #expect(try receiver.receive(into: &received) == 1)
    #expect(received == [9])
    #expect(try receiver.receive(into: &received) == length)
    #expect(received == message)
  }

  @Test(arguments: [Timeout.never, .after(.seconds(3600)), .immediate])
  func `A message does not allocate`(_ timeout: Timeout) throws {
    let pipe = try AnonymousPipe()
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    #expect(
      try allocations(MessageChannel.Sender(pipe.writer), MessageChannel.Receiver(pipe.reader), timeout) == 0)
    #expect(
      try allocations(MessageChannel.Sender(pair.first), MessageChannel.Receiver(pair.second), timeout) == 0)
    let region = try SharedRegion(size: 65536)
    try ByteRing.create(capacity: 32768, in: region, at: 0)
    let producer = try ByteRing.Producer.open(in: region, at: 0)
    let consumer = try ByteRing.Consumer.open(in: region, at: 0)
    #expect(try allocations(MessageChannel.Sender(producer), MessageChannel.Receiver(consumer), timeout) == 0)
  }

  @Test func `A timeout covers the whole message, even if its bytes arrive steadily`() async throws {
    let pipe = try AnonymousPipe()
    let writing = try duplicate(pipe.writer.descriptor)
    let dribbling = Thread {
      guard let writer = try? PipeWriter(adopting: writing) else { return }
      _ = try? writer.writeAll([255, 0, 0, 0].span)
      // Each byte arrives well within the timeout.
      while !Thread.current.isCancelled, (try? writer.write([1].span)) != nil {
        _ = try? writer.wait(for: [], timeout: .after(.milliseconds(10)))
      }
    }
    dribbling.start()
    defer { dribbling.cancel() }
    let reading = try duplicate(pipe.reader.descriptor)
    let result = try await onThread {
      var receiver = MessageChannel.Receiver(try PipeReader(adopting: reading))
      var message: [UInt8] = []
      return reason { _ = try receiver.receive(into: &message, timeout: .after(.milliseconds(200))) }
    }
    #expect(result == .timedOut)
  }

  private func allocations<Sink: WritableStream & ~Copyable, Source: ReadableStream & ~Copyable>(
    _ sender: consuming MessageChannel.Sender<Sink>, _ receiver: consuming MessageChannel.Receiver<Source>,
    _ timeout: Timeout
  ) throws -> Int {
    let (small, large) = ([UInt8](repeating: 7, count: 64), [UInt8](repeating: 8, count: 20000))
    var (short, message): ([UInt8], [UInt8]) = ([], [])
    var (before, failures, sum) = (0, 0, 0)
    for round in 0...2000 {
      // The first rounds also allocate memory that later rounds reuse: the storage of both arrays, which the call
      // swaps.
      if round == 10 { before = allocation_count() }
      try sender.send(small.span, timeout: timeout)
      try sender.send(large.span, timeout: timeout)
      if try receiver.receive(into: &short, timeout: timeout) != 64 { failures += 1 }
      if try receiver.receive(into: &message, timeout: timeout) != 20000 { failures += 1 }
      try sender.send(small.span, timeout: timeout)
      sum += try receiver.withNext(timeout: timeout) { $0.byteCount } ?? 0
    }
    let count = allocation_count() - before
    #expect(failures == 0)
    #expect(sum == 64 * 2001)
    return count
  }
}
