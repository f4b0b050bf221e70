import Foundation
import IPC
import SystemPackage
import Testing

@Suite struct SystemVMessageQueueTests {
  private func receive(
    _ selection: SystemVMessageQueue.Selection = .any, from queue: SystemVMessageQueue, maxLength: Int = 64,
    truncate: Bool = false
  ) throws -> String? {
    var bytes: [UInt8] = []
    let message = try queue.tryReceive(
      selection, maxLength: maxLength, appendingTo: &bytes, truncate: truncate)
    guard let message else { return nil }
    #expect(message.length == bytes.count)
    return "\(message.type):" + String(decoding: bytes, as: UTF8.self)
  }

  private func send(_ text: String, _ type: SystemVMessageQueue.MessageType, to queue: SystemVMessageQueue) throws {
    #expect(try queue.trySend(Array(text.utf8), type: type))
  }

  @Test(arguments: [0, -1, Int.min]) func `A number below 1 is not a type`(number: Int) {
    #expect(SystemVMessageQueue.MessageType(rawValue: number) == nil)
    #expect(reason { _ = try SystemVMessageQueue.MessageType(validating: number) } == .invalidArgument)
  }

  @Test func `Creating is exclusive, opening does not create, and isNew reports which happened`() throws {
    try withKey { (key) throws in
      #expect(reason { _ = try SystemVMessageQueue.open(key) } == .noSuchFileOrDirectory)
      let queue = try SystemVMessageQueue.createOrOpen(key)
      #expect(queue.isNew)
      #expect(reason { _ = try SystemVMessageQueue.create(key) } == .fileExists)
      let same = try SystemVMessageQueue.createOrOpen(key)
      #expect(!same.isNew)
      #expect(same == queue)
      #expect(same == SystemVMessageQueue(identifier: queue.identifier))
      #expect(Set([same, queue, SystemVMessageQueue(identifier: queue.identifier)]).count == 1)
    }
  }

  @Test func `A private queue is new each time, and errors contain its identifier`() throws {
    let queue = try SystemVMessageQueue.open(.private, permissions: .ownerReadWrite)
    defer { try? queue.remove() }
    #expect(queue.isNew)
    let error = failure { try queue.change(capacity: -1) }
    #expect(error?.object == .identifier(queue.identifier))
  }

  @Test func `createOrOpen never reports a queue that another process has just removed`() async throws {
    try await withKey { (key) async throws in
      let failures = try await racing {
        _ = try? SystemVMessageQueue.create(key)
        try? SystemVMessageQueue.open(key).remove()
      } _: {
        (0..<5000).compactMap { _ in reason { _ = try SystemVMessageQueue.createOrOpen(key) } }
      }
      #expect(failures.isEmpty)
    }
  }

  @Test func `Each selection receives the right message`() throws {
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

  @Test func `A message without enough room stays in the queue, or is truncated on request`() throws {
    try withMessageQueue { (queue) throws in
      try send("12345", 1, to: queue)
      #expect(reason { _ = try receive(from: queue, maxLength: 4) } == .argListTooLong)
      #expect(try queue.status().messageCount == 1)
      #expect(try receive(from: queue, maxLength: 4, truncate: true) == "1:1234")
      #expect(try queue.status().messageCount == 0)
    }
  }

  @Test func `A received message is appended, and a copied one stays in the queue`() throws {
    try withMessageQueue { (queue) throws in
      try send("one", 1, to: queue)
      try send("two", 2, to: queue)
      var bytes = Array("> ".utf8)
      let copied = try #require(try queue.copy(at: 1, maxLength: 8, appendingTo: &bytes))
      #expect((copied.length, copied.type) == (3, 2))
      #expect(try queue.copy(at: 2, maxLength: 8, appendingTo: &bytes) == nil)
      #expect(reason { _ = try queue.copy(at: 0, maxLength: 2, appendingTo: &bytes) } == .argListTooLong)
      let received = try queue.receive(maxLength: 8, appendingTo: &bytes)
      #expect((received.length, received.type) == (3, 1))
      #expect(String(decoding: bytes, as: UTF8.self) == "> twoone")
      #expect(try queue.status().messageCount == 1)
    }
  }

  @Test(arguments: [0, 1, 1016, 1017, 8191, 8192])
  func `A message of any size arrives whole`(size: Int) throws {
    try withMessageQueue { (queue) throws in
      let message = (0..<size).map { UInt8(truncatingIfNeeded: $0 * 7) }
      // 100,000 bytes are more than the longest message needs, so that call allocates a buffer.
      for maxLength in [size, 100_000] {
        var bytes: [UInt8] = []
        try queue.send(message.span, type: 1)
        #expect(try queue.receive(maxLength: maxLength, appendingTo: &bytes).length == size)
        #expect(bytes == message)
      }
    }
  }

  @Test(arguments: [8193, 1_000_000]) func `A message above msgmax is refused`(size: Int) throws {
    try withMessageQueue { (queue) throws in
      let message = [UInt8](repeating: 1, count: size)
      let error = failure { try queue.send(message.span, type: 1) }
      #expect(error?.errno == .invalidArgument)
      #expect(error?.description.contains("/proc/sys/kernel/msgmax") == true)
    }
  }

  @Test func `A wait for a full or an empty queue ends at its timeout`() throws {
    try withMessageQueue(capacity: 2) { (queue) throws in
      var bytes: [UInt8] = []
      let timeout = Timeout.after(.milliseconds(20))
      #expect(reason { _ = try queue.receive(appendingTo: &bytes, timeout: .immediate) } == .wouldBlock)
      #expect(try queue.tryReceive(appendingTo: &bytes) == nil)
      #expect(reason { _ = try queue.receive(appendingTo: &bytes, timeout: timeout) } == .timedOut)
      #expect(timeout.hasPassed)
      try queue.send([1, 2], type: 1, timeout: timeout)
      #expect(reason { try queue.send([3], type: 1, timeout: .immediate) } == .wouldBlock)
      #expect(try !queue.trySend([3], type: 1))
      #expect(reason { try queue.send([3], type: 1, timeout: .after(.milliseconds(20))) } == .timedOut)
      #expect(try queue.receive(appendingTo: &bytes, timeout: timeout).length == 2)
    }
  }

  @Test(arguments: [Timeout.never, .after(.seconds(3600))])
  func `A message or the removal of the queue ends a wait`(timeout: Timeout) async throws {
    try await withMessageQueue { (queue) async throws in
      let received = Task {
        try await onThread {
          var bytes: [UInt8] = []
          return try queue.receive(.type(2), appendingTo: &bytes, timeout: timeout)
        }
      }
      try send("other", 1, to: queue)
      try send("it", 2, to: queue)
      #expect(try await received.value.length == 2)
      let removed = Task {
        try await onThread {
          reason {
            var bytes: [UInt8] = []
            _ = try queue.receive(.type(2), appendingTo: &bytes, timeout: timeout)
          }
        }
      }
      try queue.remove()
      // If the thread has not yet started to wait, the call fails with `.invalidArgument`.
      #expect([.identifierRemoved, .invalidArgument].contains(try await removed.value))
    }
  }

  @Test func `An interruption is reported on request, and otherwise the wait continues`() async {
    await #expect(processExitsWith: .success) {
      try withMessageQueue { (queue) throws in
        let interruptions = Interruptions()
        var bytes: [UInt8] = []
        #expect(reason { _ = try queue.receive(appendingTo: &bytes, retryOnInterrupt: false) } == .interrupted)
        let timeout = Timeout.after(.milliseconds(30))
        #expect(reason { _ = try queue.receive(appendingTo: &bytes, timeout: timeout) } == .timedOut)
        #expect(timeout.hasPassed)
        interruptions.end()
      }
    }
  }

  @Test func `The status has the number of messages, the owner and the last users of the queue`() throws {
    try withMessageQueue { (queue) throws in
      let before = try queue.status()
      #expect((before.messageCount, before.byteCount, before.lastSender, before.lastReceiver) == (0, 0, 0, 0))
      try send("abc", 1, to: queue)
      try queue.change(permissions: .ownerRead, capacity: 100)
      let after = try queue.status()
      #expect((after.messageCount, after.byteCount, after.capacity) == (1, 3, 100))
      #expect(after.lastSender == .current)
      #expect(after.ownership.permissions == .ownerRead)
      #expect(after.ownership.user == before.ownership.user)
    }
  }

  @Test func `Changing the permissions keeps the capacity, and the reverse`() throws {
    try withMessageQueue(capacity: 100) { (queue) throws in
      try queue.change(permissions: [.ownerReadWrite, .groupRead])
      #expect(try queue.status().capacity == 100)
      try queue.change(capacity: 50)
      #expect(try queue.status().ownership.permissions == [.ownerReadWrite, .groupRead])
    }
  }

  @Test func `A negative capacity is refused`() throws {
    try withMessageQueue { (queue) throws in
      let before = try queue.status()
      #expect(reason { try queue.change(capacity: -1) } == .invalidArgument)
      #expect(try queue.status() == before)
    }
  }

  @Test(.enabled(if: hasResourceCapability, "it needs CAP_SYS_RESOURCE"))
  func `A capacity above Int.max is clamped, and kept by other changes`() throws {
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

  @Test func `A message is appended to a span, or stays in the queue if there is no room`() throws {
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
      #expect(reason { _ = try append(after: 5) { try queue.tryReceive(into: &$0) != nil } } == .argListTooLong)
      let copied = try append(after: 0) { try queue.copy(at: 0, into: &$0)?.type == 4 }
      #expect(copied == (true, 4))
      let missing = try append(after: 4) { try queue.copy(at: 1, into: &$0) != nil }
      #expect(missing == (false, 4))
      let received = try append(after: 4) { try queue.receive(.except(1), into: &$0).length == 4 }
      #expect(received == (true, 8))
      #expect(unsafe String(decoding: buffer, as: UTF8.self) == "fourfour")
      #expect(try queue.status().messageCount == 0)
    }
  }

  @Test func `A queue whose users were killed is removed, but an unused one is not`() async throws {
    try await withKey { (key) async throws in
      let number = key.rawValue
      await #expect(processExitsWith: .signal(SIGKILL)) { [number = number as Int32] in
        let queue = try SystemVMessageQueue.create(SystemVKey(rawValue: number))
        try queue.send([1], type: 1)
        #expect(try !queue.removeIfAbandoned())
        kill(getpid(), SIGKILL)
      }
      let queue = try SystemVMessageQueue.open(key)
      #expect(try queue.removeIfAbandoned())
      #expect(reason { _ = try SystemVMessageQueue.open(key) } == .noSuchFileOrDirectory)
      #expect(try !queue.removeIfAbandoned())
      #expect(try !SystemVMessageQueue.create(key).removeIfAbandoned())
    }
  }

  @Test func `A queue whose last receiver is alive is not removed`() async throws {
    try await withMessageQueue { (queue) async throws in
      let identifier = queue.identifier
      await #expect(processExitsWith: .signal(SIGKILL)) { [identifier = identifier as Int32] in
        try SystemVMessageQueue(identifier: identifier).send([1], type: 1)
        kill(getpid(), SIGKILL)
      }
      #expect(try receive(from: queue) != nil)
      #expect(try !queue.removeIfAbandoned())
    }
  }
}

/// Whether this process has `CAP_SYS_RESOURCE`, capability number 24.
private let hasResourceCapability: Bool = {
  let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
  let line = status.split(separator: "\n").first { $0.hasPrefix("CapEff:") }
  return line.flatMap { UInt64($0.dropFirst("CapEff:\t".count), radix: 16) }.map { $0 & 1 << 24 != 0 } ?? false
}()
