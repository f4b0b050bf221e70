import IPC
import SystemPackage
import Testing

/// Arbitrary bytes that another process writes into a queue may cause errors and lost messages, but nothing else.
@Suite struct SharedQueueFuzzTests {
  private static let offset = 4096
  private static let size = 128 + 3 * (8 + 24)

  @Test func `A corrupted queue is an error, and nothing outside it is written`() throws {
    for seed in 0..<2_000 { try corrupt(seed: UInt64(seed)) }
  }

  /// Corrupts a queue with random bytes, uses it, and checks the memory around it.
  private func corrupt(seed: UInt64) throws {
    var random = SplitMix(state: seed)
    let region = try SharedRegion(size: 3 * 4096)
    let queue = try SharedQueue.create(in: region, at: Self.offset, slotCount: 3, slotSize: 20)
    try queue.sender.send("before")
    let guards = [UInt8](repeating: 0xA5, count: 4096)
    try region.copy(guards.span, at: 0)
    try region.copy(
      [UInt8](repeating: 0xA5, count: 8192 - Self.offset - Self.size + 4096).span, at: Self.offset + Self.size)

    for _ in 0..<random.next() % 3 + 1 {
      let place = Int(random.next() % UInt64(Self.size / 4)) * 4
      // Do not change the lock, because a call would wait for a corrupted lock.
      if place == 64 { continue }
      try region.copy(random.bytes().span, at: Self.offset + place)
    }
    use(queue)
    if let opened = try? SharedQueue.open(in: region, at: Self.offset) { use(opened) }

    #expect(try region.copyBytes(at: 0, count: 4096) == guards, "seed \(seed)")
    #expect(
      try region.copyBytes(at: Self.offset + Self.size, count: 8192 - Self.offset - Self.size + 4096).allSatisfy {
        $0 == 0xA5
      }, "seed \(seed)")
    #expect(try region.copyBytes(at: Self.offset + 64, count: 4) == [0, 0, 0, 0], "the lock is released, seed \(seed)")
  }

  /// Performs all operations, and ignores their results.
  private func use(_ queue: SharedQueue) {
    for _ in 0..<5 {
      try? queue.sender.send("12345678901234567890")
      _ = try? queue.receiver.text()
      if var selection = try? SharedQueue.Selection(of: [queue.receiver]) { _ = try? selection.text() }
      _ = try? queue.status()
    }
    try? queue.close()
  }
}

private struct SplitMix {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// Returns four bytes: a small, a very large or an arbitrary number.
  mutating func bytes() -> [UInt8] {
    let number: UInt32 =
      switch next() % 4 {
      case 0: UInt32(next() % 8)
      case 1: .max
      case 2: 1 << UInt32(next() % 32)
      default: UInt32(truncatingIfNeeded: next())
      }
    return (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }
}
