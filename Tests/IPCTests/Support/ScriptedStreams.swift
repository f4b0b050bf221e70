import IPC
import SystemPackage

/// A source that yields its bytes in pieces of given lengths, and would block between two pieces.
struct ScriptedSource: ReadableStream {
  private let bytes: [UInt8]
  private var pieces: ArraySlice<Int>
  private var position = 0
  private var isDry = false
  /// The largest buffer that was passed to a read.
  private(set) var largestRoom = 0

  /// Creates a stream whose `bytes` arrive in pieces of these lengths; their sum is the number of bytes.
  init(_ bytes: [UInt8], pieces: [Int]) {
    self.bytes = bytes
    self.pieces = pieces[...]
  }

  mutating func read(
    into room: inout OutputRawSpan, timeout: Timeout, retryOnInterrupt: Bool
  ) throws(IPCError) -> Int {
    largestRoom = max(largestRoom, room.freeCapacity)
    guard let piece = pieces.first else { return 0 }
    isDry.toggle()
    if isDry, timeout == .immediate { throw IPCError(.read, .wouldBlock) }
    let count = min(piece, room.freeCapacity)
    for byte in bytes[position..<position + count] { room.append(byte) }
    position += count
    if count == piece { pieces.removeFirst() } else { pieces[pieces.startIndex] -= count }
    return count
  }
}

/// A sink that accepts bytes in pieces, repeating the given lengths, and would block between two pieces.
struct ScriptedSink: WritableStream {
  private(set) var bytes: [UInt8] = []
  private let pieces: [Int]
  private var next = 0
  private var isFull = false
  /// The error that every write throws, if not nil.
  var failure: Errno?

  init(pieces: [Int]) { self.pieces = pieces }

  mutating func write(_ message: RawSpan, timeout: Timeout, retryOnInterrupt: Bool) throws(IPCError) -> Int {
    if let failure { throw IPCError(.write, failure) }
    isFull.toggle()
    if isFull, timeout == .immediate { throw IPCError(.write, .wouldBlock) }
    let count = min(pieces[next % pieces.count], message.byteCount)
    next += 1
    unsafe message.extracting(first: count).withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    return count
  }
}

/// A source that appends one byte, and returns a larger count.
struct BoastfulSource: ReadableStream {
  var bytes: ArraySlice<UInt8>

  mutating func read(
    into room: inout OutputRawSpan, timeout: Timeout, retryOnInterrupt: Bool
  ) throws(IPCError) -> Int {
    guard let byte = bytes.popFirst() else { return 0 }
    room.append(byte)
    return 1000
  }
}

/// Returns the messages in wire format.
func frames(_ messages: [[UInt8]]) -> [UInt8] {
  messages.flatMap { message in
    [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: message.count >> $0) } + message
  }
}

/// Random numbers that are the same in every run.
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
