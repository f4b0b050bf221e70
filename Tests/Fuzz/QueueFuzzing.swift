import FuzzedC
import Glibc
import SystemPackage

@testable import IPC

/// Targets for a queue whose memory another process has overwritten. Only lost messages and errors are acceptable.
/// Swift and C must return the same results, and leave the same bytes behind.
extension FuzzTarget {
  private static let queueOperations: [UInt8] = [
    FUZZED_SEND, FUZZED_RECEIVE, FUZZED_SELECT, FUZZED_STATUS, FUZZED_CLOSE,
  ]
  .map { UInt8($0.rawValue) }

  static let queue = FuzzTarget(name: "queue") { input in
    var contents = input
    // Release the lock. Only the target `lock` varies the words on which calls wait.
    for offset in 64..<67 where offset < contents.count { contents[offset] = 0 }
    if contents.count > 67 { contents[67] &= 0xC0 }
    let rounds = (0..<5).flatMap { _ in queueOperations.dropLast() } + [UInt8(FUZZED_CLOSE.rawValue)]
    let queue = try OverwrittenQueue(contents)
    let (swift, swiftBytes) = (queue.useInSwift(rounds), try queue.memory.contents(after: "Swift"))
    try queue.reset()
    let (c, cBytes) = (try queue.useInC(rounds), try queue.memory.contents(after: "C"))
    try demand(swift == c, "Swift \(swift), C \(c)")
    try demand(swiftBytes == cBytes, "Swift leaves \(swiftBytes), C \(cBytes)")
    try demand(swift.opened != 0 || swiftBytes[64..<68].allSatisfy { $0 == 0 }, "the lock is not released")
  }

  /// Varies the words on which threads wait.
  ///
  /// An operation must return, whatever their values.
  ///
  /// A lock word of 1 is replaced with the ID of this thread.
  static let lock = FuzzTarget(name: "lock") { input in
    var ingredients = Ingredients(input)
    let operation = queueOperations[Int(ingredients.byte()) % queueOperations.count]
    var word = ingredients.number(UInt32.self)
    if word & 0x3FFF_FFFF == 1 { word = word & ~0x3FFF_FFFF | fuzzed_thread() }
    // The fields after the lock are two events, the closed flag, and the numbers of messages sent and received.
    let words = unsafe withUnsafeBytes(of: word) { unsafe Array($0) } + ingredients.bytes(28)
    let queue = try OverwrittenQueue(words, at: 64)
    let (swift, swiftBytes) = (queue.useInSwift([operation]), try queue.memory.contents(after: "Swift"))
    try queue.reset()
    let (c, cBytes) = (try queue.useInC([operation]), try queue.memory.contents(after: "C"))
    try demand(swift == c, "\(operation) with \(words): Swift \(swift), C \(c)")
    try demand(swiftBytes == cBytes, "\(operation) with \(words): Swift leaves \(swiftBytes), C \(cBytes)")
    if word & 0x3FFF_FFFF == 0 {
      try demand(swiftBytes[64..<68].allSatisfy { $0 == 0 }, "the lock is not released")
    } else {
      let reason = word & 0x3FFF_FFFF == fuzzed_thread() ? EDEADLK : EAGAIN
      try demand(swift.outcomes == [-Int64(reason)], "\(swift) while another thread owns the lock")
    }
  }
}

/// The errno with which opening the queue failed, or 0, and the result or negated errno of each operation.
private struct QueueUse: Equatable {
  var opened: Int32 = 0
  var outcomes: [Int64]
}

/// A queue with three 20-byte slots.
///
/// Some of its bytes have been overwritten.
private struct OverwrittenQueue {
  let memory: UntrustedMemory
  private let bytes: [UInt8]
  private let start: Int

  init(_ bytes: [UInt8], at start: Int = 0) throws {
    memory = try UntrustedMemory(objectSize: try Self.size, filledWith: 0)
    self.bytes = bytes
    self.start = start
    try reset()
  }

  private static var size: Int { get throws { try SharedQueue.size(slotCount: 3, slotSize: 20) } }

  func reset() throws {
    try memory.overwrite(with: bytes, at: start) {
      _ = try SharedQueue.create(in: $0, at: $1, slotCount: 3, slotSize: 20)
    }
  }

  func useInC(_ operations: [UInt8]) throws -> QueueUse {
    var use = QueueUse(outcomes: [Int64](repeating: 0, count: operations.count))
    use.opened = unsafe fuzzed_queue(
      memory.object, try Self.size, operations, operations.count, &use.outcomes)
    return use
  }

  func useInSwift(_ operations: [UInt8]) -> QueueUse {
    var use = QueueUse(outcomes: [Int64](repeating: 0, count: operations.count))
    do throws(IPCError) {
      let queue = try SharedQueue.open(in: memory.region, at: memory.offset)
      for (index, operation) in operations.enumerated() {
        do throws(IPCError) {
          use.outcomes[index] = try Self.perform(fuzzed_operation(UInt32(operation)), queue)
        } catch { use.outcomes[index] = -Int64(error.errno.rawValue) }
      }
    } catch { use.opened = error.errno.rawValue }
    return use
  }

  private static func perform(_ operation: fuzzed_operation, _ queue: SharedQueue) throws(IPCError) -> Int64 {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(FUZZED_ROOM), alignment: 8)
    defer { unsafe buffer.deallocate() }
    var room = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
    // Where the library returns nil, the C function fails with ENODATA.
    switch operation {
    case FUZZED_SEND:
      let message: [UInt8] = [1, 2, 3]
      try queue.sender.send(message.span, timeout: .immediate)
      return 0
    case FUZZED_RECEIVE:
      return try queue.receiver.receive(into: &room, timeout: .immediate).map { Int64($0) } ?? -Int64(ENODATA)
    case FUZZED_SELECT:
      var selection = try SharedQueue.Selection(of: [queue.receiver])
      return try selection.receive(into: &room, timeout: .immediate).map { Int64($0.length) } ?? -Int64(ENODATA)
    case FUZZED_STATUS:
      return Int64(try queue.status(timeout: .immediate).messageCount)
    default:
      try queue.close(timeout: .immediate)
      return 0
    }
  }
}
