import FuzzedC
import Glibc
import SystemPackage

@testable import IPC

extension FuzzTarget {
  /// What others write into the memory of a ring: what comes out of it may be anything, but comes from within it, and is
  /// what C makes of it as well, by its results and by what stands there afterwards.
  static let ring = FuzzTarget(name: "ring") { input in
    let (capacity, size) = (64, 192 + 64)
    let memory = try SharedRegion(size: 8192)
    let place = 8192 - size  // behind it there is nothing
    let base = unsafe try memory.place(bytes: 8192, alignment: 8, at: 0)
    func spoil() throws {
      unsafe base.initializeMemory(as: UInt8.self, repeating: 0xA5, count: 8192)
      try RecordRing.make(capacity: capacity, in: memory, at: place)
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

/// What came of using one end of a ring: of opening it, as errno; of each transfer, as its length or errno below zero; and
/// what was received.
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
        var end = try ByteRing.Producer(in: memory, at: place)
        transfer { (_) throws(IPCError) in Self.outcome(try end.write(message.span, patience: .none)) }
      case (1, .consumer):
        var end = try ByteRing.Consumer(in: memory, at: place)
        transfer { (room) throws(IPCError) in Self.outcome(try end.read(into: &room, patience: .none)) }
      case (_, .producer):
        var end = try RecordRing.Producer(in: memory, at: place)
        transfer { (_) throws(IPCError) in
          let result = try end.send(unsafe message.span.bytes, patience: .none)
          // C tells that a record was sent, and not how long it was.
          if case .transferred = result { return 0 }
          return Self.outcome(result, closed: EPIPE)
        }
      case (_, .consumer):
        var end = try RecordRing.Consumer(in: memory, at: place)
        transfer { (room) throws(IPCError) in
          Self.outcome(try end.receive(into: &room, patience: .none), closed: ENODATA)
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

  private static func outcome(_ result: WriteResult) -> Int64 {
    switch result {
    case .wrote(let count): Int64(count)
    case .nobodyReads: -Int64(EPIPE)
    case .wouldBlock, .timedOut: -Int64(ETIMEDOUT)
    }
  }

  private static func outcome(_ result: ReadResult) -> Int64 {
    switch result {
    case .read(let count): Int64(count)
    case .endOfFile: 0
    case .wouldBlock, .timedOut: -Int64(ETIMEDOUT)
    }
  }

  private static func outcome(_ result: RingResult, closed: Int32) -> Int64 {
    switch result {
    case .transferred(let count): Int64(count)
    case .closed: -Int64(closed)
    case .partnerDied: -Int64(EOWNERDEAD)
    case .wouldBlock, .timedOut: -Int64(ETIMEDOUT)
    }
  }
}
