import Foundation
import IPC
import SystemPackage
import Testing

@Suite struct SharedQueueThreadTests {
  @Test(arguments: [1, 3, 64])
  func `every message of several threads comes once`(_ slots: Int) async throws {
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
    // Whoever consumes has those of one producer in order.
    for numbers in [some, others] {
      #expect(numbers.filter { $0 < count } == numbers.filter { $0 < count }.sorted())
    }
  }

  @Test func `closing wakes those who wait, on either side`() async throws {
    let (full, empty) = (try scratchQueue(slots: 1), try scratchQueue())
    _ = try full.sender.send("x")
    async let sent = onThread { try full.sender.send("y", patience: .forever) }
    async let received = onThread { try empty.receiver.text(patience: .forever) }
    async let selected = onThread {
      var selection = try SharedQueue.Selection(of: [empty.receiver])
      return try selection.text(patience: .forever)?.0
    }
    try full.close()
    try empty.close()
    #expect(try await sent == .closed)
    let (text, other) = try await (received, selected)
    #expect(text == nil)
    #expect(other == nil)
  }

  @Test func `a thread that ends in the middle of an operation is as dead as a process`() async throws {
    let queue = try scratchQueue(slots: 2)
    try await onThread {
      _ = try queue.lock()
      queue.place(unsafe Array("lost".utf8).span.bytes)
    }
    // The thread ends by itself some time after it has told that it is done.
    #expect(try await onThread { try queue.sender.send("one", patience: .forever) } == .sent)
    #expect(try queue.receiver.text() == "one")
    #expect(try queue.status().recoveries == 1)
  }

  @Test func `a signal interrupts whoever wants that, and nobody else`() async throws {
    let queue = try scratchQueue()
    let error = try await onThread {
      let nagging = Nagging()
      defer { nagging.end() }
      return reason { _ = try queue.receiver.receive(interruption: .report) }
    }
    #expect(error == .interrupted)
    let result = try await onThread {
      let nagging = Nagging()
      defer { nagging.end() }
      var bytes: [UInt8] = []
      return try queue.receiver.receive(appendingTo: &bytes, patience: .atMost(.milliseconds(20)))
    }
    #expect(result == .timedOut)
  }
}

extension SharedQueue.Receiver {
  fileprivate func receive(interruption: Interruption) throws -> SharedQueue.ReceiveResult {
    var bytes: [UInt8] = []
    return try receive(appendingTo: &bytes, interruption: interruption)
  }
}

private func produce(_ numbers: Range<Int>, to sender: SharedQueue.Sender) throws {
  for number in numbers {
    let bytes = unsafe withUnsafeBytes(of: number) { unsafe Array($0) }
    guard try sender.send(bytes.span) == .sent else { throw Errno.brokenPipe }
  }
}

private func consume(from receiver: SharedQueue.Receiver) throws -> [Int] {
  var numbers: [Int] = []
  var bytes: [UInt8] = []
  while case .received = try receiver.receive(appendingTo: &bytes) {
    numbers.append(bytes.reversed().reduce(0) { $0 << 8 | Int($1) })
    bytes.removeAll(keepingCapacity: true)
  }
  return numbers
}
