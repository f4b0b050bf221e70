import Foundation
import IPC
import SystemPackage
import Testing

@Suite struct SharedQueueThreadTests {
  @Test(arguments: [1, 3, 64])
  func `Each message of several threads is received once`(_ slots: Int) async throws {
    let queue = try scratchQueue(slots: slots, of: 8)
    let count = 5_000
    async let first = onThread { try produce(0..<count, to: queue.sender) }
    async let second = onThread { try produce(count..<2 * count, to: queue.sender) }
    async let third = onThread { try consume(from: queue.receiver) }
    async let fourth = onThread { try consume(from: queue.receiver) }
    _ = try await (first, second)
    try queue.close()
    let (some, others) = try await (third, fourth)
    #expect((some + others).sorted() == Array(0..<2 * count))
    // Each consumer receives the messages from any given producer in order.
    for numbers in [some, others] {
      #expect(numbers.filter { $0 < count } == numbers.filter { $0 < count }.sorted())
    }
  }

  @Test func `Closing wakes waiting senders and receivers`() async throws {
    let (full, empty) = (try scratchQueue(slots: 1), try scratchQueue())
    try full.sender.send("x")
    async let sent = onThread { reason { try full.sender.send("y", timeout: .never) } }
    async let received = onThread { try empty.receiver.text(timeout: .never) }
    async let selected = onThread {
      var selection = try SharedQueue.Selection(of: [empty.receiver])
      return try selection.text(timeout: .never)?.0
    }
    try full.close()
    try empty.close()
    #expect(try await sent == .brokenPipe)
    let (text, other) = try await (received, selected)
    #expect(text == nil)
    #expect(other == nil)
  }

  @Test func `A thread that ends in the middle of an operation leaves a usable queue`() async throws {
    let queue = try scratchQueue(slots: 2)
    try await onThread {
      try queue.lock(.sharedQueueSend)
      queue.place(unsafe Array("lost".utf8).span.bytes)
    }
    // The thread can exit some time after its result is available.
    try await onThread { try queue.sender.send("one", timeout: .never) }
    #expect(try queue.receiver.text() == "one")
    #expect(try queue.status().recoveryCount == 1)
  }

  @Test func `A signal interrupts only calls without retryOnInterrupt`() async throws {
    let queue = try scratchQueue()
    let error = try await onThread {
      let interruptions = Interruptions()
      defer { interruptions.end() }
      return reason { _ = try queue.receiver.receive(retryOnInterrupt: false) }
    }
    #expect(error == .interrupted)
    let result = try await onThread {
      let interruptions = Interruptions()
      defer { interruptions.end() }
      var bytes: [UInt8] = []
      return reason { _ = try queue.receiver.receive(appendingTo: &bytes, timeout: .after(.milliseconds(20))) }
    }
    #expect(result == .timedOut)
  }
}

extension SharedQueue.Receiver {
  fileprivate func receive(retryOnInterrupt: Bool) throws -> Int? {
    var bytes: [UInt8] = []
    return try receive(appendingTo: &bytes, retryOnInterrupt: retryOnInterrupt)
  }
}

private func produce(_ numbers: Range<Int>, to sender: SharedQueue.Sender) throws {
  for number in numbers {
    let bytes = unsafe withUnsafeBytes(of: number) { unsafe Array($0) }
    try sender.send(bytes.span)
  }
}

private func consume(from receiver: SharedQueue.Receiver) throws -> [Int] {
  var numbers: [Int] = []
  var bytes: [UInt8] = []
  while try receiver.receive(appendingTo: &bytes) != nil {
    numbers.append(bytes.reversed().reduce(0) { $0 << 8 | Int($1) })
    bytes.removeAll(keepingCapacity: true)
  }
  return numbers
}
