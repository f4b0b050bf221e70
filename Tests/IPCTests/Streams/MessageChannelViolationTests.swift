import IPC
import SystemPackage
import Testing

/// Tests for protocol violations by the other side, and the state of the channel afterwards.
@Suite struct MessageChannelViolationTests {
  @Test(
    arguments: [
      (bytes: [5, 0, 0, 0, 1, 2], reason: Errno.protocolError),
      (bytes: [5, 0, 0], reason: .protocolError),
      (bytes: [5, 0, 0, 0], reason: .protocolError),
      (bytes: [17, 0, 0, 0, 1, 2], reason: .messageTooLong),
      (bytes: [0, 0, 0, 1], reason: .messageTooLong),
      (bytes: [255, 255, 255, 255], reason: .messageTooLong),
      (bytes: Array("GET / HTTP/1.1\r\n\r\n".utf8), reason: .messageTooLong),
    ] as [(bytes: [UInt8], reason: Errno)])
  func `A violation is reported by each call`(_ row: (bytes: [UInt8], reason: Errno)) throws {
    let pipe = try AnonymousPipe()
    try pipe.writer.writeAll(frames([[9]]).span)
    try pipe.writer.writeAll(row.bytes.span)
    try pipe.writer.close()
    var receiver = MessageChannel.Receiver(pipe.reader, maximumLength: 16)
    var message: [UInt8] = []
    #expect(try receiver.receive(into: &message) == 1)
    for _ in 1...3 {
      #expect(reason { _ = try receiver.receive(into: &message) } == row.reason)
      #expect(message == [9], "the previous message is unchanged")
    }
  }

  @Test func `No byte of a message above the limit is read`() throws {
    let pipe = try AnonymousPipe()
    try pipe.writer.writeAll(([17, 0, 0, 0] + [UInt8](repeating: 1, count: 17)).span)
    let reading = try duplicate(pipe.reader.descriptor)
    var receiver = MessageChannel.Receiver(pipe.reader, maximumLength: 16)
    var message: [UInt8] = []
    #expect(reason { _ = try receiver.receive(into: &message) } == .messageTooLong)
    #expect(try PipeReader(adopting: reading).bytesAvailable == 17)
  }

  @Test func `Memory is allocated for bytes that have arrived, not for the announced length`() throws {
    let bytes: [UInt8] = [0, 0, 0, 64] + [UInt8](repeating: 1, count: 10000)
    var receiver = MessageChannel.Receiver(ScriptedSource(bytes, pieces: [10004]), maximumLength: 1 << 30)
    var message: [UInt8] = []
    #expect(reason { _ = try receiver.receive(into: &message) } == .protocolError)
    #expect(receiver.release().largestRoom <= 16384)
    #expect(message.capacity == 0)
  }

  @Test func `A message above the limit is not sent, but the next one is`() throws {
    let long: [UInt8] = [1, 2, 3, 4, 5]
    let short: [UInt8] = [1, 2, 3, 4]
    let pipe = try AnonymousPipe()
    var sender = MessageChannel.Sender(pipe.writer, maximumLength: 4)
    var receiver = MessageChannel.Receiver(pipe.reader)
    var message: [UInt8] = []
    #expect(reason { try sender.send(long.span) } == .messageTooLong)
    #expect(try receiver.tryReceive(into: &message) == .wouldBlock)
    try sender.send(short.span)
    #expect(try receiver.receive(into: &message) == 4)
    #expect(message == [1, 2, 3, 4])
  }

  @Test func `A limit of 0 allows empty messages`() throws {
    let nothing: [UInt8] = []
    let one: [UInt8] = [1]
    let pipe = try AnonymousPipe()
    var sender = MessageChannel.Sender(pipe.writer, maximumLength: 0)
    var receiver = MessageChannel.Receiver(pipe.reader, maximumLength: 0)
    var message: [UInt8] = [1]
    try sender.send(nothing.span)
    #expect(try receiver.receive(into: &message) == 0)
    #expect(message.isEmpty)
    #expect(reason { try sender.send(one.span) } == .messageTooLong)
  }

  @Test func `Within a message, a different message is refused, and the same message continues`() throws {
    let two: [UInt8] = [2]
    let pipe = try AnonymousPipe()
    var sender = MessageChannel.Sender(pipe.writer)
    var receiver = MessageChannel.Receiver(pipe.reader)
    var message: [UInt8] = []
    let large = [UInt8](repeating: 1, count: 100_000)
    #expect(reason { try sender.send(large.span, timeout: .immediate) } == .wouldBlock)
    #expect(sender.isWithinMessage == true)
    #expect(reason { try sender.send(two.span) } == .alreadyInProcess)
    #expect(try receiver.tryReceive(into: &message) == .wouldBlock)
    #expect(receiver.isWithinMessage == true)
    try sender.send(large.span)
    #expect(try receiver.receive(into: &message) == large.count)
    #expect(message == large)
    #expect(sender.isWithinMessage == false)
    #expect(receiver.isWithinMessage == false)
    try sender.send(two.span)
  }

  @Test func `Without readers, sending is a broken pipe, even after a new reader opens`() throws {
    let one: [UInt8] = [1]
    let fifo = try Scratch()
    let name = FIFO(fifo.path.appending("fifo"))
    try name.create()
    // The reader does not wait for a writer.
    let reader = try name.openForReading(timeout: .immediate)
    var sender = MessageChannel.Sender(try name.openForWriting())
    try reader.close()
    let large = [UInt8](repeating: 1, count: 100_000)
    #expect(reason { try sender.send(large.span) } == .brokenPipe)
    let second = try name.openForReading(timeout: .immediate)
    #expect(reason { try sender.send(one.span) } == .brokenPipe, "a new reader would start within a message")
    try second.close()
  }
}
