import FuzzedC
import Glibc
import SystemPackage

@testable import IPC

extension FuzzTarget {
  /// Uses a ring whose memory another process has overwritten.
  ///
  /// The ring may transfer any bytes that are in its own memory, but no bytes outside it. Swift and C must return the
  /// same results, and leave the same bytes behind.
  static let ring = FuzzTarget(name: "ring") { input in
    let (capacity, size) = (64, 192 + 64)
    let memory = try UntrustedMemory(objectSize: size, filledWith: 0xA5)
    func reset() throws {
      try memory.overwrite(with: input) { try RecordRing.create(capacity: capacity, in: $0, at: $1) }
    }
    for content: UInt32 in [1, 2] {
      for role in [RingHeader.Role.producer, .consumer] {
        try reset()
        let swift = RingUse(memory.region, memory.offset, content, role)
        let swiftBytes = try memory.contents(after: "Swift")
        try reset()
        var c = RingUse()
        c.opened = unsafe fuzzed_ring(memory.object, size, content, Int32(role.rawValue), &c.outcomes, &c.bytes)
        try demand(swift == c, "\(role) of \(content): Swift \(swift), C \(c)")
        for (offset, (ours, theirs)) in zip(swiftBytes, try memory.contents(after: "C")).enumerated()
        where ours != theirs {
          throw Violation(
            description: "\(role) of \(content) leaves byte \(offset) as \(ours) in Swift, as \(theirs) in C")
        }
      }
    }
  }
}

/// The results of using one end of a ring: the errno with which opening the ring failed, or 0; the result of each
/// transfer; and the received bytes.
///
/// The result of a transfer is its length or its negated errno.
private struct RingUse: Equatable {
  var opened: Int32 = 0
  var outcomes = [Int64](repeating: 0, count: Int(FUZZED_ROUNDS))
  var bytes = [UInt8](repeating: 0, count: Int(FUZZED_ROUNDS * FUZZED_MESSAGE))

  init() {}

  init(_ memory: SharedRegion, _ offset: Int, _ content: UInt32, _ role: RingHeader.Role) {
    let message = [UInt8](repeating: 1, count: Int(FUZZED_MESSAGE))
    do throws(IPCError) {
      switch (content, role) {
      case (1, .producer):
        var end = try ByteRing.Producer.open(in: memory, at: offset)
        transfer { (_) throws(IPCError) in Int64(try end.write(message.span, timeout: Self.past)) }
      case (1, .consumer):
        var end = try ByteRing.Consumer.open(in: memory, at: offset)
        transfer { (room) throws(IPCError) in Int64(try end.read(into: &room, timeout: Self.past)) }
      case (_, .producer):
        var end = try RecordRing.Producer.open(in: memory, at: offset)
        transfer { (_) throws(IPCError) in
          try end.send(message.span, timeout: Self.past)
          return 0
        }
      case (_, .consumer):
        var end = try RecordRing.Consumer.open(in: memory, at: offset)
        transfer { (room) throws(IPCError) in
          // Where the library returns nil, the C function fails with ENODATA.
          guard let length = try end.receive(into: &room, timeout: Self.past) else { return -Int64(ENODATA) }
          return Int64(length)
        }
      }
    } catch { opened = error.errno.rawValue }
  }

  private mutating func transfer(_ transfer: (inout OutputRawSpan) throws(IPCError) -> Int64) {
    let length = Int(FUZZED_MESSAGE)
    for round in outcomes.indices {
      unsafe bytes.withUnsafeMutableBytes { bytes in
        var room = unsafe OutputRawSpan(
          buffer: UnsafeMutableRawBufferPointer(rebasing: bytes[round * length..<(round + 1) * length]),
          initializedCount: 0)
        do throws(IPCError) { outcomes[round] = try transfer(&room) } catch {
          outcomes[round] = -Int64(error.errno.rawValue)
        }
      }
    }
  }

  /// A deadline that has passed.
  ///
  /// Calls fail with ETIMEDOUT, as in C.
  private static let past = Timeout.after(.seconds(-1))
}
