import IPC
import SystemPackage
import Testing

/// Tests that messages arrive unchanged, regardless of how a stream splits their bytes.
@Suite struct MessageChannelSplitTests {
  @Test(arguments: [[[], [1, 2]], [[7], [], [8, 9]], [[1, 2, 3, 4, 5, 6, 7, 8]]] as [[[UInt8]]])
  func `Small messages are received whole from every split of their bytes`(_ messages: [[UInt8]]) throws {
    let bytes = frames(messages)
    var wrong = 0
    // Each bit that is set represents a split after one of the bytes.
    for cuts in 0..<1 << (bytes.count - 1) {
      var pieces = [1]
      for index in 0..<bytes.count - 1 {
        if cuts >> index & 1 == 1 { pieces.append(1) } else { pieces[pieces.count - 1] += 1 }
      }
      if try received(bytes, pieces, .never) != messages { wrong += 1 }
    }
    #expect(wrong == 0)
    #expect(try received(bytes, bytes.map { _ in 1 }, .immediate) == messages)
  }

  @Test(arguments: [Timeout.never, .immediate], 1...20 as ClosedRange<UInt64>)
  func `Messages are received whole from random splits of their bytes`(_ timeout: Timeout, _ seed: UInt64) throws {
    var numbers = SeededNumbers(state: seed)
    let messages = (0..<20).map { _ in
      (0..<Int.random(in: 0...(Bool.random(using: &numbers) ? 20000 : 9), using: &numbers)).map { _ in
        UInt8.random(in: 0...255, using: &numbers)
      }
    }
    let bytes = frames(messages)
    #expect(try received(bytes, pieces(of: bytes.count, &numbers), timeout) == messages)

    var sender = MessageChannel.Sender(ScriptedSink(pieces: pieces(of: 30000, &numbers)))
    for message in messages {
      if timeout == .immediate {
        while try !sender.trySend(unsafe message.span.bytes) {}
      } else {
        try sender.send(message.span)
      }
    }
    #expect(sender.release().bytes == bytes)
  }

  @Test func `Messages are received whole from a pipe that carries single bytes`() async throws {
    let pipe = try AnonymousPipe()
    let messages: [[UInt8]] = [[1], [], Array(repeating: 3, count: 300)]
    let writing = try duplicate(pipe.writer.descriptor)
    try pipe.writer.close()
    async let dribbling: Void = onThread {
      let writer = try PipeWriter(adopting: writing)
      for byte in frames(messages) { try writer.writeAll([byte].span) }
    }
    let reading = try duplicate(pipe.reader.descriptor)
    let came = try await onThread {
      var receiver = MessageChannel.Receiver(try PipeReader(adopting: reading))
      var came: [[UInt8]] = []
      var message: [UInt8] = []
      while try receiver.receive(into: &message) != nil { came.append(message) }
      return came
    }
    try await dribbling
    #expect(came == messages)
  }

  private func received(_ bytes: [UInt8], _ pieces: [Int], _ timeout: Timeout) throws -> [[UInt8]] {
    var receiver = MessageChannel.Receiver(ScriptedSource(bytes, pieces: pieces))
    var messages: [[UInt8]] = []
    var message: [UInt8] = []
    while true {
      if timeout == .immediate {
        switch try receiver.tryReceive(into: &message) {
        case .ready: messages.append(message)
        case .wouldBlock: continue
        case .endOfStream: return messages
        }
      } else {
        guard try receiver.receive(into: &message, timeout: timeout) != nil else { return messages }
        messages.append(message)
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
