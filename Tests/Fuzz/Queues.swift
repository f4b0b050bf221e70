import FuzzedC
import Glibc
import SystemPackage

@testable import IPC

/// The memory of a queue, written by another process: that may cost messages and be an error, and nothing else; the results and
/// the memory afterwards are the same as in C.
extension FuzzTarget {
  private static let queueOperations: [UInt8] = [
    FUZZED_SEND, FUZZED_RECEIVE, FUZZED_SELECT, FUZZED_STATUS, FUZZED_CLOSE,
  ]
  .map { UInt8($0.rawValue) }

  static let queue = FuzzTarget(name: "queue") { input in
    var contents = input
    // The lock is free: an owner is waited for, which is the target `lock`.
    for offset in 64..<67 where offset < contents.count { contents[offset] = 0 }
    if contents.count > 67 { contents[67] &= 0xC0 }
    let rounds = (0..<5).flatMap { _ in queueOperations.dropLast() } + [UInt8(FUZZED_CLOSE.rawValue)]
    let memory = try SpoiledQueue(contents)
    let (ours, left) = (memory.useInSwift(rounds), try memory.look("Swift"))
    try memory.spoil()
    let (theirs, leftByC) = (memory.useInC(rounds), try memory.look("C"))
    try demand(ours == theirs, "Swift \(ours), C \(theirs)")
    try demand(left == leftByC, "Swift leaves \(left), C \(leftByC)")
    try demand(ours.opened != 0 || left[64..<68].allSatisfy { $0 == 0 }, "the lock is not released")
  }

  /// The words on which threads wait: one operation ends, whatever their values. In the lock, 1 is replaced by this thread.
  static let lock = FuzzTarget(name: "lock") { input in
    var ingredients = Ingredients(input)
    let operation = queueOperations[Int(ingredients.byte()) % queueOperations.count]
    var word = ingredients.number(UInt32.self)
    if word & 0x3FFF_FFFF == 1 { word = word & ~0x3FFF_FFFF | fuzzed_thread() }
    // After the lock: two events, whether it is closed, and the numbers of sent and received messages.
    let words = unsafe withUnsafeBytes(of: word) { unsafe Array($0) } + ingredients.bytes(28)
    let memory = try SpoiledQueue(words, at: 64)
    let (ours, left) = (memory.useInSwift([operation]), try memory.look("Swift"))
    try memory.spoil()
    let (theirs, leftByC) = (memory.useInC([operation]), try memory.look("C"))
    try demand(ours == theirs, "\(operation) with \(words): Swift \(ours), C \(theirs)")
    try demand(left == leftByC, "\(operation) with \(words): Swift leaves \(left), C \(leftByC)")
    if word & 0x3FFF_FFFF == 0 {
      try demand(left[64..<68].allSatisfy { $0 == 0 }, "the lock is not released")
    } else {
      let reason = word & 0x3FFF_FFFF == fuzzed_thread() ? EDEADLK : EAGAIN
      try demand(ours.outcomes == [-Int64(reason)], "\(ours) where another thread has the lock")
    }
  }
}

/// The outcome of opening a queue, as errno, and of each operation: its result, or negative errno.
private struct QueueUse: Equatable {
  var opened: Int32 = 0
  var outcomes: [Int64]
}

/// A queue that other bytes were written over, behind a page that must not be written, at the end of the memory.
private struct SpoiledQueue {
  private static let size = 128 + 3 * 32
  private static let place = 8192 - size
  private let memory: SharedRegion
  private let bytes: ArraySlice<UInt8>
  private let offset: Int

  init(_ bytes: [UInt8], at offset: Int = 0) throws {
    memory = try SharedRegion(size: 8192)
    self.bytes = bytes.prefix(Self.size - offset)
    self.offset = offset
    try spoil()
  }

  private var base: UnsafeMutableRawPointer {
    get throws { try unsafe memory.place(bytes: 8192, alignment: 8, at: 0) }
  }

  func spoil() throws {
    let base = unsafe try base
    unsafe base.initializeMemory(as: UInt8.self, repeating: 0xA5, count: 8192)
    unsafe base.advanced(by: Self.place).initializeMemory(as: UInt8.self, repeating: 0, count: Self.size)
    _ = try SharedQueue.create(in: memory, at: Self.place, slotCount: 3, slotSize: 20)
    for (index, byte) in bytes.enumerated() {
      unsafe base.storeBytes(of: byte, toByteOffset: Self.place + offset + index, as: UInt8.self)
    }
  }

  /// The bytes of the queue.
  func look(_ language: String) throws -> [UInt8] {
    let all = unsafe Array(UnsafeRawBufferPointer(start: try base, count: 8192))
    if let offset = all.prefix(Self.place).firstIndex(where: { $0 != 0xA5 }) {
      throw Violation(description: "\(language) wrote to byte \(offset - Self.place) of the queue")
    }
    return Array(all.dropFirst(Self.place))
  }

  func useInC(_ operations: [UInt8]) -> QueueUse {
    var use = QueueUse(outcomes: [Int64](repeating: 0, count: operations.count))
    guard let base = try? unsafe base else { return use }
    use.opened = unsafe fuzzed_queue(base + Self.place, Self.size, operations, operations.count, &use.outcomes)
    return use
  }

  func useInSwift(_ operations: [UInt8]) -> QueueUse {
    var use = QueueUse(outcomes: [Int64](repeating: 0, count: operations.count))
    do throws(IPCError) {
      let queue = try SharedQueue.open(in: memory, at: Self.place)
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
    switch operation {
    case FUZZED_SEND:
      let message: [UInt8] = [1, 2, 3]
      try queue.sender.send(message.span, timeout: .immediate)
      return 0
    case FUZZED_RECEIVE:
      return try queue.receiver.receive(into: &room, timeout: .immediate).map(Int64.init) ?? -Int64(ENODATA)
    case FUZZED_SELECT:
      var selection = try SharedQueue.Selection(of: [queue.receiver])
      return try selection.receive(into: &room, timeout: .immediate).map { Int64($0.length) } ?? -Int64(ENODATA)
    case FUZZED_STATUS: return Int64(try queue.status(timeout: .immediate).messageCount)
    default:
      try queue.close(timeout: .immediate)
      return 0
    }
  }
}
