import Foundation
import IPC
import IPCAsync
import SystemPackage
import Testing

@Suite struct SequenceTests {
  @Test func `An element does not keep the memory of a buffer for the longest one`() async throws {
    let pair = try UnixSocket.Pair<UnixSocket.SequencedPacketStyle>()
    let messages: [[UInt8]] = [[1, 2, 3], [4]]
    for message in messages { try await pair.first.send(message.span) }
    try pair.first.close()
    var received: [[UInt8]] = []
    for try await message in pair.second.messages() { received.append(message) }
    #expect(received == messages)
    #expect(received.allSatisfy { $0.capacity < 1024 })
  }

  @Test func `Messages of a queue arrive by priority, and one is taken for each iteration`() async throws {
    let name = POSIXName("/ipc-async-\(UUID())")
    defer { try? POSIXMessageQueue.unlink(name) }
    let sender = try POSIXMessageQueue.Sender.create(
      name, attributes: .init(maximumMessages: 4, maximumMessageSize: 16))
    for (index, priority) in [UInt32(1), 9, 5].enumerated() {
      try sender.trySendNow([UInt8(index)], priority)
    }
    var priorities: [UInt32] = []
    for try await message in try POSIXMessageQueue.Receiver.open(name).messages() {
      priorities.append(message.priority)
      #expect(try sender.status().messageCount == 3 - priorities.count)
      if priorities.count == 3 { break }
    }
    #expect(priorities == [9, 5, 1])
  }

  @Test func `Lines end with the stream`() async throws {
    let pipe = try AnonymousPipe()
    let reader = pipe.reader
    let passed = Passed(pipe.writer)
    let writing = Task {
      let writer = try passed.take()
      for part in ["a\nb", "c\n", "last"] {
        try await writer.writeAll(Array(part.utf8).span)
        await Task.yield()
      }
      try writer.close()
    }
    var lines: [String] = []
    for try await line in BufferedReader(reader).lines() { lines.append(line) }
    try await writing.value
    #expect(lines == ["a", "bc", "last"])
  }

  @Test func `Chunks contain all bytes, and are read only when they are requested`() async throws {
    let pipe = try AnonymousPipe()
    let reader = pipe.reader
    let written = [UInt8](repeating: 7, count: 10 * (try pipe.writer.capacity))
    let passed = Passed(pipe.writer)
    let writing = Task {
      let writer = try passed.take()
      try await writer.writeAll(written.span)
      try writer.close()
    }
    var count = 0
    for try await chunk in reader.chunks(maxLength: 1000) {
      #expect((1...1000).contains(chunk.count))
      count += chunk.count
    }
    try await writing.value
    #expect(count == written.count)
  }

  @Test func `Frames of a channel arrive as they were sent`() async throws {
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    let passed = Passed(pair.first)
    let second = pair.second
    let sending = Task {
      var sender = MessageChannel.Sender(try passed.take())
      for length in [0, 1, 5000, 300_000] { try await sender.send([UInt8](repeating: 1, count: length).span) }
    }
    var lengths: [Int] = []
    for try await message in MessageChannel.Receiver(second).messages() { lengths.append(message.count) }
    try await sending.value
    #expect(lengths == [0, 1, 5000, 300_000])
  }

  @Test func `Packets end with the connection, and a packet that is too long is an error`() async throws {
    let pair = try UnixSocket.Pair<UnixSocket.SequencedPacketStyle>()
    let first = pair.first
    let passed = Passed(pair.second)
    let bytes: [UInt8] = [1, 2, 3, 4, 5]
    try await first.send(bytes.span.extracting(first: 2))
    try await first.send(bytes.span)
    var packets: [[UInt8]] = []
    let failure = try await reason {
      for try await packet in try passed.take().messages(maxLength: 4) { packets.append(packet) }
    }
    #expect(packets == [[1, 2]])
    #expect(failure == .messageTooLong)
  }

  @Test func `Connections can be taken, and are closed otherwise`() async throws {
    let address = try UnixSocket.Address(abstract: Array("ipc-async-\(UUID())".utf8))
    let listener = try UnixSocket.StreamListener(at: address)
    let taken = try UnixSocket.Stream()
    let ignored = try UnixSocket.Stream()
    try await taken.connect(to: address)
    try await ignored.connect(to: address)
    var count = 0
    for try await connection in listener.connections() {
      count += 1
      if count == 2 { break }
      try await connection.take().writeAll(Array("Hi".utf8).span)
    }
    var bytes: [UInt8] = []
    _ = try await taken.readToEnd(appendingTo: &bytes)
    #expect(bytes == Array("Hi".utf8))
    #expect(try await ignored.readToEnd(appendingTo: &bytes) == 0)
  }

  @Test func `Records of a ring end when it is closed`() async throws {
    let region = try SharedRegion(size: RecordRing.size(capacity: 64))
    try RecordRing.create(capacity: 64, in: region, at: 0)
    let producing = Task {
      var producer = try RecordRing.Producer.open(in: region, at: 0)
      for number in UInt8(0)..<100 { try await producer.send([number, number].span) }
    }
    var records: [[UInt8]] = []
    for try await record in try RecordRing.Consumer.open(in: region, at: 0).records() { records.append(record) }
    try await producing.value
    #expect(records == (UInt8(0)..<100).map { [$0, $0] })
  }

  @Test func `Several tasks share the messages of a shared queue`() async throws {
    let region = try SharedRegion(size: SharedQueue.size(slotCount: 2, slotSize: 8))
    let queue = try SharedQueue.create(in: region, at: 0, slotCount: 2, slotSize: 8)
    let total = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<3 {
        group.addTask {
          var sum = 0
          for try await message in queue.receiver.messages() { sum += Int(message[0]) }
          return sum
        }
      }
      for number in UInt8(1)...100 { try await queue.sender.send([number].span) }
      try queue.close()
      return try await group.reduce(0, +)
    }
    #expect(total == 5050)
  }

  @Test func `Cancellation ends an iteration, and consumes nothing`() async throws {
    let counter = try EventFD(value: 3)
    let other = try EventFD(adopting: counter.descriptor.duplicate())
    let passed = Passed(counter)
    let values = Task {
      unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
      var iterator = try passed.take().values().makeAsyncIterator()
      await #expect(throws: CancellationError.self) { _ = try await iterator.next() }
      return try await iterator.next()
    }
    #expect(try await values.value == nil)
    #expect(try await other.read(timeout: .immediate) == 3)
  }

  @Test func `A timer yields its expirations`() async throws {
    let timer = try TimerFD()
    try timer.set(after: .milliseconds(1), every: .milliseconds(1))
    var (total, elements): (UInt64, Int) = (0, 0)
    for try await count in timer.expirations() {
      (total, elements) = (total + count, elements + 1)
      if total >= 5 { break }
    }
    #expect(elements <= 5)
  }

  // Event-loop threads block all signals, but a test's main thread does not. Therefore, send the signals to the
  // executor's thread.
  @Test func `Signals arrive in ascending order of their numbers`() async throws {
    let executor = try EventLoopExecutor.shared()
    let passed = Passed(try SignalFD([.user1, .user2]))
    let numbers = try await Task(executorPreference: executor) { @concurrent in
      let thread = pthread_self()
      pthread_kill(thread, SIGUSR2)
      pthread_kill(thread, SIGUSR1)
      var numbers: [Int32] = []
      for try await signal in try passed.take().signals() {
        numbers.append(signal.signal.rawValue)
        if numbers.count == 2 { Thread { pthread_kill(thread, SIGUSR2) }.start() }
        if numbers.count == 3 { break }
      }
      return numbers
    }.value
    #expect(numbers == [SIGUSR1, SIGUSR2, SIGUSR2])
  }
}

extension POSIXMessageQueue.Descriptor where Access: POSIXMessageQueue.SendAccess {
  func trySendNow(_ message: [UInt8], _ priority: UInt32) throws {
    #expect(try trySend(message.span, priority: priority))
  }
}
