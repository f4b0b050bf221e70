import IPC
import SystemPackage
import Testing

/// What the other side does wrong has a name, and the channel a state afterwards.
@Suite struct ChannelViolationTests {
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
  func `A violation is told, and told again`(_ row: (bytes: [UInt8], reason: Errno)) throws {
    let pipe = try Pipe()
    try pipe.writer.writeAll(frames([[9]]).span)
    try pipe.writer.writeAll(row.bytes.span)
    try pipe.writer.close()
    var receiver = Channel.Receiver(pipe.reader, limit: 16)
    var message: [UInt8] = []
    #expect(try receiver.receive(&message) == .received)
    for _ in 1...3 {
      #expect(reason { _ = try receiver.receive(&message) } == row.reason)
      #expect(message == [9], "what was received before is left alone")
    }
  }

  @Test func `Nothing is read of a message that is above the limit`() throws {
    let pipe = try Pipe()
    try pipe.writer.writeAll(([17, 0, 0, 0] + [UInt8](repeating: 1, count: 17)).span)
    let reading = try duplicate(pipe.reader.descriptor)
    var receiver = Channel.Receiver(pipe.reader, limit: 16)
    var message: [UInt8] = []
    #expect(reason { _ = try receiver.receive(&message) } == .messageTooLong)
    #expect(try Pipe.Reader(adopting: reading).bytesWaiting == 17)
  }

  @Test func `Room is made for what has come, not for what is announced`() throws {
    let bytes: [UInt8] = [0, 0, 0, 64] + [UInt8](repeating: 1, count: 10000)
    var receiver = Channel.Receiver(ScriptedSource(bytes, pieces: [10004]), limit: 1 << 30)
    var message: [UInt8] = []
    #expect(reason { _ = try receiver.receive(&message) } == .protocolError)
    #expect(receiver.release().largestRoom <= 16384)
    #expect(message.capacity == 0)
  }

  @Test func `A message above the limit is not sent, and the next one is`() throws {
    let long: [UInt8] = [1, 2, 3, 4, 5]
    let short: [UInt8] = [1, 2, 3, 4]
    let pipe = try Pipe()
    var sender = Channel.Sender(pipe.writer, limit: 4)
    var receiver = Channel.Receiver(pipe.reader)
    var message: [UInt8] = []
    #expect(reason { _ = try sender.send(long.span) } == .messageTooLong)
    #expect(try receiver.receive(&message, patience: .none) == .wouldBlock)
    #expect(try sender.send(short.span) == .sent)
    #expect(try receiver.receive(&message) == .received)
    #expect(message == [1, 2, 3, 4])
  }

  @Test func `A limit of nothing allows empty messages`() throws {
    let nothing: [UInt8] = []
    let one: [UInt8] = [1]
    let pipe = try Pipe()
    var sender = Channel.Sender(pipe.writer, limit: 0)
    var receiver = Channel.Receiver(pipe.reader, limit: 0)
    var message: [UInt8] = [1]
    #expect(try sender.send(nothing.span) == .sent)
    #expect(try receiver.receive(&message) == .received)
    #expect(message.isEmpty)
    #expect(reason { _ = try sender.send(one.span) } == .messageTooLong)
  }

  @Test func `Another message within one is refused, the same one goes on`() throws {
    let two: [UInt8] = [2]
    let pipe = try Pipe()
    var sender = Channel.Sender(pipe.writer)
    var receiver = Channel.Receiver(pipe.reader)
    var message: [UInt8] = []
    let large = [UInt8](repeating: 1, count: 100_000)
    #expect(try sender.send(large.span, patience: .none) == .wouldBlock)
    #expect(sender.isWithinMessage == true)
    #expect(reason { _ = try sender.send(two.span) } == .alreadyInProcess)
    #expect(try receiver.receive(&message, patience: .none) == .wouldBlock)
    #expect(receiver.isWithinMessage == true)
    #expect(try sender.send(large.span) == .sent)
    #expect(try receiver.receive(&message) == .received)
    #expect(message == large)
    #expect(sender.isWithinMessage == false)
    #expect(receiver.isWithinMessage == false)
    #expect(try sender.send(two.span) == .sent)
  }

  @Test func `Nobody reads, now and from then on`() throws {
    let one: [UInt8] = [1]
    let fifo = try Scratch()
    let name = FIFO(fifo.path.appending("fifo"))
    try name.make(permissions: [.ownerReadWrite])
    // With no patience there is a reader whether or not anybody writes.
    guard let reader = try name.openForReading(patience: .none) else { throw Errno.noSuchAddressOrDevice }
    var sender = Channel.Sender(try name.openForWriting())
    try reader.close()
    let large = [UInt8](repeating: 1, count: 100_000)
    #expect(try sender.send(large.span) == .nobodyReads)
    guard let second = try name.openForReading(patience: .none) else { throw Errno.noSuchAddressOrDevice }
    #expect(try sender.send(one.span) == .nobodyReads, "a new reader would begin anywhere")
    try second.close()
  }
}
