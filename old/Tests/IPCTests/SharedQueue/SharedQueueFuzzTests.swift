import IPC
import SystemPackage
import Testing

/// What another process may write into the memory of a queue: it may cost messages and be an error, and nothing else.
@Suite struct SharedQueueFuzzTests {
  private static let offset = 4096
  private static let size = 128 + 3 * (8 + 24)

  @Test(arguments: 0..<2_000)
  func `nonsense in the header is an error, and stays within the memory`(_ seed: UInt64) throws {
    var random = SplitMix(state: seed)
    let object = try scratchMemory(3 * 4096)
    let view = try object.map()
    let region = SharedRegion(try object.map())
    let queue = try SharedQueue(makingIn: region, at: Self.offset, slots: 3, of: 20)
    _ = try queue.sender.send("before")
    let guards = [UInt8](repeating: 0xA5, count: 4096)
    try view.write(guards.span, at: 0)
    try view.write(
      [UInt8](repeating: 0xA5, count: 8192 - Self.offset - Self.size + 4096).span, at: Self.offset + Self.size)

    for _ in 0..<random.next() % 3 + 1 {
      let place = Int(random.next() % UInt64(Self.size / 4)) * 4
      // The lock alone is left: what stands there may be waited for.
      if place == 64 { continue }
      try view.write(random.bytes().span, at: Self.offset + place)
    }
    use(queue)
    if let opened = try? SharedQueue(in: region, at: Self.offset) { use(opened) }

    #expect(try view.bytes(at: 0, count: 4096) == guards)
    #expect(
      try view.bytes(at: Self.offset + Self.size, count: 8192 - Self.offset - Self.size + 4096).allSatisfy {
        $0 == 0xA5
      })
    #expect(try view.bytes(at: Self.offset + 64, count: 4) == [0, 0, 0, 0], "nobody keeps the lock")
  }

  /// Does everything that can be done, and does not mind what comes of it.
  private func use(_ queue: SharedQueue) {
    for _ in 0..<5 {
      _ = try? queue.sender.send("12345678901234567890")
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

  /// Four bytes, as somebody might write them: a small number, a very large one, or any.
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
