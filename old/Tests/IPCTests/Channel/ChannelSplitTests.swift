import IPC
import Testing

/// However a stream cuts the bytes up, the messages are those that were sent.
@Suite struct ChannelSplitTests {
  @Test(arguments: [[[], [1, 2]], [[7], [], [8, 9]], [[1, 2, 3, 4, 5, 6, 7, 8]]] as [[[UInt8]]])
  func `Every split of small messages is put together again`(_ messages: [[UInt8]]) throws {
    let bytes = frames(messages)
    var wrong = 0
    // Each bit tells whether the bytes are cut behind one of them.
    for cuts in 0..<1 << (bytes.count - 1) {
      var pieces = [1]
      for index in 0..<bytes.count - 1 {
        if cuts >> index & 1 == 1 { pieces.append(1) } else { pieces[pieces.count - 1] += 1 }
      }
      if try received(bytes, pieces, .forever) != messages { wrong += 1 }
    }
    #expect(wrong == 0)
    #expect(try received(bytes, bytes.map { _ in 1 }, .none) == messages)
  }

  @Test(arguments: [Patience.forever, .none], 1...20 as ClosedRange<UInt64>)
  func `Any split of any messages is put together again`(_ patience: Patience, _ seed: UInt64) throws {
    var numbers = SeededNumbers(state: seed)
    let messages = (0..<20).map { _ in
      (0..<Int.random(in: 0...(Bool.random(using: &numbers) ? 20000 : 9), using: &numbers)).map { _ in
        UInt8.random(in: 0...255, using: &numbers)
      }
    }
    let bytes = frames(messages)
    #expect(try received(bytes, pieces(of: bytes.count, &numbers), patience) == messages)

    var sender = Channel.Sender(ScriptedSink(pieces: pieces(of: 30000, &numbers)))
    for message in messages {
      while try sender.send(message.span, patience: patience) == .wouldBlock {}
    }
    #expect(sender.release().bytes == bytes)
  }

  @Test func `Bytes that dribble through a pipe make the messages that they are`() async throws {
    let pipe = try Pipe()
    let messages: [[UInt8]] = [[1], [], Array(repeating: 3, count: 300)]
    let writing = try duplicate(pipe.writer.descriptor)
    try pipe.writer.close()
    async let dribbling: Void = onThread {
      let writer = try Pipe.Writer(adopting: writing)
      for byte in frames(messages) { try writer.writeAll([byte].span) }
    }
    let reading = try duplicate(pipe.reader.descriptor)
    let came = try await onThread {
      var receiver = Channel.Receiver(try Pipe.Reader(adopting: reading))
      var came: [[UInt8]] = []
      var message: [UInt8] = []
      while try receiver.receive(&message) == .received { came.append(message) }
      return came
    }
    try await dribbling
    #expect(came == messages)
  }

  private func received(_ bytes: [UInt8], _ pieces: [Int], _ patience: Patience) throws -> [[UInt8]] {
    var receiver = Channel.Receiver(ScriptedSource(bytes, pieces: pieces))
    var messages: [[UInt8]] = []
    var message: [UInt8] = []
    while true {
      switch try receiver.receive(&message, patience: patience) {
      case .received: messages.append(message)
      case .endOfStream: return messages
      case .wouldBlock, .timedOut: continue
      }
    }
  }

  private func pieces(of count: Int, _ numbers: inout SeededNumbers) -> [Int] {
    var pieces: [Int] = []
    var rest = count
    while rest > 0 {
      let piece = min(rest, Int.random(in: 1...(Bool.random(using: &numbers) ? 3 : 7000), using: &numbers))
      pieces.append(piece)
      rest -= piece
    }
    return pieces
  }
}
