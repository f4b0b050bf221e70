import Foundation
import IPC
import SystemPackage
import Testing

@Suite struct SystemVMessageQueueTests {
  private func receive(
    _ selection: SystemVMessageQueue.Selection = .any, from queue: SystemVMessageQueue, room: Int = 64,
    cutting: Bool = false
  ) throws -> String? {
    var bytes: [UInt8] = []
    let result = try queue.receive(selection, room: room, appendingTo: &bytes, cutting: cutting, patience: .none)
    guard case .received(let length, let type) = result else { return nil }
    #expect(length == bytes.count)
    return "\(type):" + String(decoding: bytes, as: UTF8.self)
  }

  private func send(_ text: String, _ type: SystemVMessageQueue.MessageType, to queue: SystemVMessageQueue) throws {
    #expect(try queue.send(Array(text.utf8).span, type: type, patience: .none) == .sent)
  }

  @Test(arguments: [0, -1, Int.min]) func `a number that is not positive is no type`(number: Int) {
    #expect(SystemVMessageQueue.MessageType(rawValue: number) == nil)
    #expect(reason { _ = try SystemVMessageQueue.MessageType(validating: number) } == .invalidArgument)
  }

  @Test func `creating is exclusive, opening creates nothing, and either is told apart`() throws {
    try withKey { (key) throws in
      #expect(reason { _ = try SystemVMessageQueue.open(key) } == .noSuchFileOrDirectory)
      let (queue, isNew) = try SystemVMessageQueue.createOrOpen(key, permissions: .ownerReadWrite)
      #expect(isNew)
      #expect(reason { _ = try SystemVMessageQueue.create(key, permissions: []) } == .fileExists)
      let (same, isNewAgain) = try SystemVMessageQueue.createOrOpen(key, permissions: .ownerReadWrite)
      #expect(!isNewAgain)
      #expect(same == queue)
      #expect(same == SystemVMessageQueue(identifier: queue.identifier))
    }
  }

  @Test func `each selection takes the message that it means`() throws {
    try withMessageQueue { (queue) throws in
      for (text, type) in [("a", 5), ("b", 3), ("c", 2), ("d", 3)] {
        try send(text, .init(validating: type), to: queue)
      }
      #expect(try receive(.lowest(upTo: 1), from: queue) == nil)
      #expect(try receive(.lowest(upTo: 4), from: queue) == "2:c")
      #expect(try receive(.except(5), from: queue) == "3:b")
      #expect(try receive(.type(4), from: queue) == nil)
      #expect(try receive(.type(3), from: queue) == "3:d")
      #expect(try receive(.except(5), from: queue) == nil)
      #expect(try receive(from: queue) == "5:a")
    }
  }

  @Test func `a message without enough room stays, or is cut where that was asked for`() throws {
    try withMessageQueue { (queue) throws in
      try send("12345", 1, to: queue)
      #expect(reason { _ = try receive(from: queue, room: 4) } == .argListTooLong)
      #expect(try queue.status().messages == 1)
      #expect(try receive(from: queue, room: 4, cutting: true) == "1:1234")
      #expect(try queue.status().messages == 0)
    }
  }

  @Test func `what is received is appended, and what is copied stays`() throws {
    try withMessageQueue { (queue) throws in
      try send("one", 1, to: queue)
      try send("two", 2, to: queue)
      var bytes = Array("> ".utf8)
      let copied = try #require(try queue.copy(at: 1, room: 8, appendingTo: &bytes))
      #expect(copied == (3, 2))
      #expect(try queue.copy(at: 2, room: 8, appendingTo: &bytes) == nil)
      #expect(reason { _ = try queue.copy(at: 0, room: 2, appendingTo: &bytes) } == .argListTooLong)
      #expect(try queue.receive(room: 8, appendingTo: &bytes) == .received(length: 3, type: 1))
      #expect(String(decoding: bytes, as: UTF8.self) == "> twoone")
      #expect(try queue.status().messages == 1)
    }
  }

  @Test(arguments: [0, 1, 1016, 1017, 8192]) func `a message of any size arrives whole`(size: Int) throws {
    try withMessageQueue { (queue) throws in
      let message = (0..<size).map { UInt8(truncatingIfNeeded: $0 * 7) }
      #expect(try queue.send(message.span, type: 1) == .sent)
      var bytes: [UInt8] = []
      #expect(try queue.receive(room: size, appendingTo: &bytes) == .received(length: size, type: 1))
      #expect(bytes == message)
    }
  }

  @Test func `a full queue and an empty one end patience by its kind`() throws {
    try withMessageQueue(capacity: 2) { (queue) throws in
      var bytes: [UInt8] = []
      let deadline = Deadline.after(.milliseconds(20))
      #expect(try queue.receive(room: 8, appendingTo: &bytes, patience: .none) == .wouldBlock)
      #expect(try queue.receive(room: 8, appendingTo: &bytes, patience: .until(deadline)) == .timedOut)
      #expect(deadline.hasPassed)
      let (two, one): ([UInt8], [UInt8]) = ([1, 2], [3])
      #expect(try queue.send(two.span, type: 1, patience: .until(deadline)) == .sent)
      #expect(try queue.send(one.span, type: 1, patience: .none) == .wouldBlock)
      #expect(try queue.send(one.span, type: 1, patience: .atMost(.milliseconds(20))) == .timedOut)
      #expect(
        try queue.receive(room: 8, appendingTo: &bytes, patience: .until(deadline)) == .received(length: 2, type: 1))
    }
  }

  @Test(arguments: [Patience.forever, .atMost(.seconds(3600))])
  func `who waits is released by a message, and by the end of the queue`(patience: Patience) async throws {
    try await withMessageQueue { (queue) async throws in
      let received = Task {
        try await onThread {
          var bytes: [UInt8] = []
          return try queue.receive(.type(2), room: 8, appendingTo: &bytes, patience: patience)
        }
      }
      try send("other", 1, to: queue)
      try send("it", 2, to: queue)
      #expect(try await received.value == .received(length: 2, type: 2))
      let removed = Task {
        try await onThread {
          reason {
            var bytes: [UInt8] = []
            _ = try queue.receive(.type(2), room: 8, appendingTo: &bytes, patience: patience)
          }
        }
      }
      try queue.remove()
      // Whoever had not begun to wait yet comes too late instead.
      #expect([.identifierRemoved, .invalidArgument].contains(try await removed.value))
    }
  }

  @Test func `an interruption is reported to who asked, and else the wait goes on`() async {
    await #expect(processExitsWith: .success) {
      try withMessageQueue { (queue) throws in
        let nagging = Nagging()
        var bytes: [UInt8] = []
        let errno = reason {
          _ = try queue.receive(room: 8, appendingTo: &bytes, interruption: .report)
        }
        #expect(errno == .interrupted)
        let deadline = Deadline.after(.milliseconds(30))
        #expect(try queue.receive(room: 8, appendingTo: &bytes, patience: .until(deadline)) == .timedOut)
        #expect(deadline.hasPassed)
        nagging.end()
      }
    }
  }

  @Test func `the status tells what is in the queue, whose it is, and who was last`() throws {
    try withMessageQueue { (queue) throws in
      let before = try queue.status()
      #expect((before.messages, before.bytes, before.lastSender, before.lastReceiver) == (0, 0, 0, 0))
      try send("abc", 1, to: queue)
      try queue.change(permissions: .ownerRead, capacity: 100)
      let after = try queue.status()
      #expect((after.messages, after.bytes, after.capacity) == (1, 3, 100))
      #expect(after.lastSender == getpid())
      #expect(after.ownership.permissions == .ownerRead)
      #expect(after.ownership.user == before.ownership.user)
    }
  }

  @Test func `no capacity is below 0`() throws {
    try withMessageQueue { (queue) throws in
      let before = try queue.status()
      #expect(reason { try queue.change(capacity: -1) } == .invalidArgument)
      #expect(try queue.status() == before)
    }
  }

  @Test(.enabled(if: mayExceedLimits, "it needs CAP_SYS_RESOURCE"))
  func `a capacity beyond any number of Swift is told, and kept`() throws {
    try withMessageQueue { (queue) throws in
      var unlimited = msqid_ds()
      unsafe msgctl(queue.identifier, IPC_STAT, &unlimited)
      unlimited.msg_qbytes = .max
      try #require(unsafe msgctl(queue.identifier, IPC_SET, &unlimited) == 0)
      #expect(try queue.status().capacity == .max)
      try queue.change(permissions: .ownerReadWrite)
      #expect(unsafe msgctl(queue.identifier, IPC_STAT, &unlimited) == 0)
      #expect(unlimited.msg_qbytes == .max)
    }
  }

  @Test func `a message is appended in memory, or stays where there is no room`() throws {
    try withMessageQueue { (queue) throws in
      try send("four", 4, to: queue)
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 8, alignment: 1)
      defer { unsafe buffer.deallocate() }
      func append(
        after count: Int, _ take: (inout OutputRawSpan) throws -> Bool
      ) throws -> (isTaken: Bool, count: Int) {
        var room = unsafe OutputRawSpan(buffer: buffer, initializedCount: count)
        let isTaken = try take(&room)
        return (isTaken, room.byteCount)
      }
      #expect(reason { _ = try append(after: 5) { try queue.copy(at: 0, into: &$0) != nil } } == .argListTooLong)
      #expect(reason { _ = try append(after: 5) { try queue.receive(into: &$0) != .wouldBlock } } == .argListTooLong)
      let copied = try append(after: 0) { try queue.copy(at: 0, into: &$0).map { $0 == (4, 4) } == true }
      #expect(copied == (true, 4))
      let missing = try append(after: 4) { try queue.copy(at: 1, into: &$0) != nil }
      #expect(missing == (false, 4))
      let received = try append(after: 4) { try queue.receive(.except(1), into: &$0) == .received(length: 4, type: 4) }
      #expect(received == (true, 8))
      #expect(unsafe String(decoding: buffer, as: UTF8.self) == "fourfour")
      #expect(try queue.status().messages == 0)
    }
  }
}

/// Whether this process has `CAP_SYS_RESOURCE`, the 24th.
private let mayExceedLimits: Bool = {
  let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
  let line = status.split(separator: "\n").first { $0.hasPrefix("CapEff:") }
  return line.flatMap { UInt64($0.dropFirst("CapEff:\t".count), radix: 16) }.map { $0 & 1 << 24 != 0 } ?? false
}()
