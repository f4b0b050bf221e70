import FuzzedC
import Glibc
import SystemPackage

@testable import IPC

extension FuzzTarget {
  /// The memory of a ring, written by another process: any bytes may come out of it, but only from within it, and the results
  /// and the memory afterwards are the same as in C.
  static let ring = FuzzTarget(name: "ring") { input in
    let (capacity, size) = (64, 192 + 64)
    let memory = try SharedRegion(size: 8192)
    let place = 8192 - size  // the end of the memory
    let base = unsafe try memory.place(bytes: 8192, alignment: 8, at: 0)
    func spoil() throws {
      unsafe base.initializeMemory(as: UInt8.self, repeating: 0xA5, count: 8192)
      try RecordRing.create(capacity: capacity, in: memory, at: place)
      for (offset, byte) in input.prefix(size).enumerated() {
        unsafe base.storeBytes(of: byte, toByteOffset: place + offset, as: UInt8.self)
      }
    }
    func contents(_ language: String) throws -> [UInt8] {
      let bytes = unsafe Array(UnsafeRawBufferPointer(start: base, count: 8192))
      if let offset = bytes.prefix(place).firstIndex(where: { $0 != 0xA5 }) {
        throw Violation(description: "\(language) wrote to byte \(offset - place) of the ring")
      }
      return bytes
    }
    for content: UInt32 in [1, 2] {
      for role in [RingHeader.Role.producer, .consumer] {
        try spoil()
        let ours = RingUse(memory, place, content, role)
        let left = try contents("Swift")
        try spoil()
        var theirs = RingUse()
        theirs.opened = unsafe fuzzed_ring(
          base + place, size, content, Int32(role.rawValue), &theirs.outcomes, &theirs.bytes)
        try demand(ours == theirs, "\(role) of \(content): Swift \(ours), C \(theirs)")
        for (offset, (our, their)) in zip(left, try contents("C")).enumerated() where our != their {
          throw Violation(
            description: "\(role) of \(content) leaves byte \(offset - place) as \(our) in Swift, \(their) in C")
        }
      }
    }
  }
}

/// The outcome of using one end of a ring: of opening it, as errno; of each transfer, as its length or negative errno; and
/// the bytes that were received.
private struct RingUse: Equatable {
  var opened: Int32 = 0
  var outcomes = [Int64](repeating: 0, count: Int(FUZZED_ROUNDS))
  var bytes = [UInt8](repeating: 0, count: Int(FUZZED_ROUNDS * FUZZED_MESSAGE))

  init() {}

  init(_ memory: SharedRegion, _ place: Int, _ content: UInt32, _ role: RingHeader.Role) {
    let message = [UInt8](repeating: 1, count: Int(FUZZED_MESSAGE))
    do throws(IPCError) {
      switch (content, role) {
      case (1, .producer):
        var end = try ByteRing.Producer.open(in: memory, at: place)
        transfer { (_) throws(IPCError) in Int64(try end.write(message.span, timeout: Self.past)) }
      case (1, .consumer):
        var end = try ByteRing.Consumer.open(in: memory, at: place)
        transfer { (room) throws(IPCError) in Int64(try end.read(into: &room, timeout: Self.past)) }
      case (_, .producer):
        var end = try RecordRing.Producer.open(in: memory, at: place)
        transfer { (_) throws(IPCError) in
          try end.send(message.span, timeout: Self.past)
          return 0
        }
      case (_, .consumer):
        var end = try RecordRing.Consumer.open(in: memory, at: place)
        transfer { (room) throws(IPCError) in
          try end.receive(into: &room, timeout: Self.past).map(Int64.init) ?? -Int64(ENODATA)
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

  /// As in C: a timeout, and not a would-block.
  private static let past = Timeout.after(.seconds(-1))
}
