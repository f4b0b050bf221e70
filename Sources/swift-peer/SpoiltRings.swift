internal import Glibc
internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Rings whose headers were overwritten.
///
/// Each operation must have the same outcome as in the C peer.
let spoiltRingOperations: [Peer.Operation] = [
  .init("ring_spoil", "memory at seed count") { peer, parameters in
    let memory = try peer.handles.find(try parameters.text("memory"), as: (any SharedHandle).self, "shared memory")
    let offset: Int = try parameters.integer("at", default: 0)
    let (seed, count): (UInt32, Int) = (try parameters.integer("seed"), try parameters.count(upTo: 1 << 20))
    var outcomes: [Int32] = []
    for round in 0..<count {
      try RecordRing.create(capacity: 256, in: try memory.placement(), at: offset)
      try spoil(memory, at: offset, UInt64(seed) << 32 | UInt64(round))
      outcomes += try trySpoilt(try memory.placement(), offset)
    }
    var fields = Fields()
    for (index, name) in ["consumers", "received", "producers", "sent"].enumerated() {
      fields.append(name, stride(from: index, to: outcomes.count, by: 4).count { outcomes[$0] == 0 })
    }
    fields.append("digest", Digest(of: unsafe outcomes.span.bytes))
    return fields
  }
]

/// The offsets and sizes of the fields that can be overwritten.
private let places = [
  (0, 8), (8, 4), (12, 4), (16, 8), (24, 8), (32, 8), (64, 8), (72, 8), (128, 8), (136, 8), (192, 8),
]

/// Writes a record to the ring, and overwrites up to three header fields.
private func spoil(_ memory: any MemoryHandle, at offset: Int, _ round: UInt64) throws {
  let random = Pattern(seed: round)
  try memory.write(bytes(24), at: offset + 64)
  try memory.write(bytes(16), at: offset + 192)
  for index in 0..<Int(1 + random.word(0) % 3) {
    let (place, size) = places[Int(random.word(1 + 2 * index) % 11)]
    let before = try memory.bytes(at: offset + place, count: size)
    let value = before.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let spoilt = spoilt(value, random.word(2 + 2 * index))
    try memory.write(Array(bytes(spoilt)[..<size]), at: offset + place)
  }
}

/// Returns a corrupted header value: an arbitrary, small or maximum number, `value` plus 1, or `value` with one bit
/// flipped.
private func spoilt(_ value: UInt64, _ how: UInt64) -> UInt64 {
  switch how % 5 {
  case 0: how
  case 1: how >> 8 & 511
  case 2: .max
  case 3: value &+ 1
  default: value ^ 1 << (how >> 8 & 63)
  }
}

private func bytes(_ value: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }

/// Opens and uses each end of the ring, and returns the four error numbers: 0 for a successful call, and -1 for a
/// skipped call.
private func trySpoilt(_ region: SharedRegion, _ offset: Int) throws -> [Int32] {
  let past = Timeout.after(.seconds(-1))
  let record = [UInt8](repeating: 0, count: 16)
  let consumer = try tryEnd(region, offset, "consumer") { ring in
    _ = try [UInt8](atMost: 256) { room in
      if try ring.receive(into: &room, past, false) == nil { throw Failure(.noData) }
    }
  }
  return consumer
    + (try tryEnd(region, offset, "producer") { ring in try ring.send(unsafe record.span.bytes, past, false) })
}

private func tryEnd(
  _ region: SharedRegion, _ offset: Int, _ end: String, _ use: (RingHandle) throws -> Void
) throws -> [Int32] {
  var used: Int32 = -1
  let opened = try outcome {
    let ring = try RingHandle.open(region, offset, records: true, end: end)
    used = try outcome { try use(ring) }
    ring.close()
  }
  return [opened, used]
}

/// Returns the error number that `body` throws, or 0 if `body` succeeds.
///
/// An error caused by a lack of memory or descriptors does not depend on the ring, so the function throws it again.
private func outcome(_ body: () throws -> Void) throws -> Int32 {
  do {
    try body()
    return 0
  } catch let error as IPCError where ofRings.contains(error.errno.rawValue) {
    return error.errno.rawValue
  } catch let failure as Failure where ofRings.contains(failure.errno.rawValue) {
    return failure.errno.rawValue
  }
}

private let ofRings = [
  EBADMSG, EBUSY, EINVAL, EMSGSIZE, ENODATA, EOWNERDEAD, EPROTONOSUPPORT, EPIPE, ETIMEDOUT,
]
