import FuzzedC
import Glibc
import SystemPackage

@testable import IPC

/// What others write into the memory of a queue: it may cost messages and be an error, and nothing else; and C makes the same
/// of it, by its results and by what stands there afterwards.
extension FuzzTarget {
  private static let queueOperations: [UInt8] = [
    FUZZED_SEND, FUZZED_RECEIVE, FUZZED_SELECT, FUZZED_STATUS, FUZZED_CLOSE,
  ]
  .map { UInt8($0.rawValue) }

  static let queue = FuzzTarget(name: "queue") { input in
    var contents = input
    // Nobody has the lock: what else stands there is waited for, which is the target `lock`.
    for offset in 64..<67 where offset < contents.count { contents[offset] = 0 }
    if contents.count > 67 { contents[67] &= 0xC0 }
    let rounds = (0..<5).flatMap { _ in queueOperations.dropLast() } + [UInt8(FUZZED_CLOSE.rawValue)]
    let memory = try SpoiledQueue(contents)
    let (ours, left) = (memory.useInSwift(rounds), try memory.look("Swift"))
    try memory.spoil()
    let (theirs, leftByC) = (memory.useInC(rounds), try memory.look("C"))
    try demand(ours == theirs, "Swift \(ours), C \(theirs)")
    try demand(left == leftByC, "Swift leaves \(left), C \(leftByC)")
    try demand(ours.opened != 0 || left[64..<68].allSatisfy { $0 == 0 }, "the lock is kept")
  }

  /// The words on which threads wait: one operation comes to its end, whatever stands in them. In the lock, 1 is this
  /// thread.
  static let lock = FuzzTarget(name: "lock") { input in
    var ingredients = Ingredients(input)
    let operation = queueOperations[Int(ingredients.byte()) % queueOperations.count]
    var word = ingredients.number(UInt32.self)
    if word & 0x3FFF_FFFF == 1 { word = word & ~0x3FFF_FFFF | fuzzed_thread() }
    // Behind the lock: two events, whether it is closed, and how many were sent and received.
    let words = unsafe withUnsafeBytes(of: word) { unsafe Array($0) } + ingredients.bytes(28)
    let memory = try SpoiledQueue(words, at: 64)
    let (ours, left) = (memory.useInSwift([operation]), try memory.look("Swift"))
    try memory.spoil()
    let (theirs, leftByC) = (memory.useInC([operation]), try memory.look("C"))
    try demand(ours == theirs, "\(operation) with \(words): Swift \(ours), C \(theirs)")
    try demand(left == leftByC, "\(operation) with \(words): Swift leaves \(left), C \(leftByC)")
    if word & 0x3FFF_FFFF == 0 {
      try demand(left[64..<68].allSatisfy { $0 == 0 }, "the lock is kept")
    } else {
      let reason = word & 0x3FFF_FFFF == fuzzed_thread() ? EDEADLK : EAGAIN
      try demand(ours.outcomes == [-Int64(reason)], "\(ours) where another has the lock")
    }
  }
}

/// What came of opening a queue, as errno, and of each operation: its result, or errno below zero.
private struct QueueUse: Equatable {
  var opened: Int32 = 0
  var outcomes: [Int64]
}

/// A queue as it is made, with bytes of others over it, in front of it a page that nobody may write to, and nothing behind.
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
    _ = try SharedQueue(makingIn: memory, at: Self.place, slots: 3, of: 20)
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
      let queue = try SharedQueue(in: memory, at: Self.place)
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
    let late = -Int64(EAGAIN)
    switch operation {
    case FUZZED_SEND:
      let message: [UInt8] = [1, 2, 3]
      switch try queue.sender.send(message.span, patience: .none) {
      case .sent: return 0
      case .closed: return -Int64(EPIPE)
      case .wouldBlock, .timedOut: return late
      }
    case FUZZED_RECEIVE:
      switch try queue.receiver.receive(into: &room, patience: .none) {
      case .received(let length): return Int64(length)
      case .ended: return -Int64(ENODATA)
      case .wouldBlock, .timedOut: return late
      }
    case FUZZED_SELECT:
      var selection = try SharedQueue.Selection(of: [queue.receiver])
      switch try selection.receive(into: &room, patience: .none) {
      case .received(let length, _): return Int64(length)
      case .ended: return -Int64(ENODATA)
      case .wouldBlock, .timedOut: return late
      }
    case FUZZED_STATUS: return try queue.status(patience: .none).map { Int64($0.messages) } ?? late
    default: return try queue.close(patience: .none) ? 0 : late
    }
  }
}
