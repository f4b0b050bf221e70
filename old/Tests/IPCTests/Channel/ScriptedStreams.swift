import IPC
import SystemPackage

/// A source that yields its bytes in pieces of given lengths, and between two of them nothing yet.
struct ScriptedSource: ByteSource {
  private let bytes: [UInt8]
  private var pieces: ArraySlice<Int>
  private var position = 0
  private var isDry = false
  /// The most room that was ever offered.
  private(set) var largestRoom = 0

  /// - Parameter pieces: Their lengths, which make up all of `bytes` together.
  init(_ bytes: [UInt8], pieces: [Int]) {
    self.bytes = bytes
    self.pieces = pieces[...]
  }

  mutating func read(
    into room: inout OutputRawSpan, patience: Patience, interruption: Interruption
  ) throws(IPCError) -> ReadResult {
    largestRoom = max(largestRoom, room.freeCapacity)
    guard let piece = pieces.first else { return .endOfFile(after: 0) }
    isDry.toggle()
    if isDry, patience == .none { return .wouldBlock(after: 0) }
    let count = min(piece, room.freeCapacity)
    for byte in bytes[position..<position + count] { room.append(byte) }
    position += count
    if count == piece { pieces.removeFirst() } else { pieces[pieces.startIndex] -= count }
    return .read(count)
  }
}

/// A sink that takes what it is given in pieces of given lengths, again and again, and between two of them nothing yet.
struct ScriptedSink: ByteSink {
  private(set) var bytes: [UInt8] = []
  private let pieces: [Int]
  private var next = 0
  private var isFull = false

  init(pieces: [Int]) { self.pieces = pieces }

  mutating func write(
    _ message: RawSpan, patience: Patience, interruption: Interruption
  ) throws(IPCError) -> WriteResult {
    isFull.toggle()
    if isFull, patience == .none { return .wouldBlock(after: 0) }
    let count = min(pieces[next % pieces.count], message.byteCount)
    next += 1
    unsafe message.extracting(first: count).withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    return .wrote(count)
  }
}

/// Messages as the wire has them.
func frames(_ messages: [[UInt8]]) -> [UInt8] {
  messages.flatMap { message in
    [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: message.count >> $0) } + message
  }
}

/// Numbers that are the same in every run.
struct SeededNumbers: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
