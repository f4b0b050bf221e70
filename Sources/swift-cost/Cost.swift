internal import IPC
internal import SystemPackage

/// One measurement.
///
/// The time of a run consists of a constant part and the cost per round. Therefore, the cost per round is computed from
/// two runs of different lengths.
struct Cost: Sendable {
  enum Kind: Sendable {
    /// Each round sends and receives one message.
    case message
    /// Each round makes two calls that transfer no bytes.
    case calls
    /// The cost is the time per round within one process.
    case single(Int)
    /// The cost is the time per round between two processes.
    case pair(Int)
  }

  let name: String
  var kind = Kind.message
  let run: @Sendable (Run) throws -> Void

  /// The measurement's line in the output of `swift-cost list`.
  var description: String {
    switch kind {
    case .message: "\(name) message 3000"
    case .calls: "\(name) calls 3000"
    case .single(let count): "\(name) single \(count)"
    case .pair(let count): "\(name) pair \(count)"
    }
  }
}

/// One run of a measurement, with its arguments.
///
/// For a measurement between two processes, the arguments include the path of the shared file and the role of this
/// process.
struct Run {
  let count: Int
  let usesArrays: Bool
  let path: String?
  let isFirst: Bool

  /// Maps `size` bytes, initially zero: anonymous memory, or a file, which is created if necessary.
  func map(_ size: Int) throws -> SharedRegion {
    guard let path else { return try SharedRegion(size: size) }
    let file = try FileDescriptor.open(
      FilePath(path), .readWrite, options: [.create, .closeOnExec], permissions: .ownerReadWrite)
    let object = try MemoryObject<ReadWriteAccess>(adopting: file)
    try object.resize(to: size)
    return SharedRegion(try object.map())
  }
}

/// The message length, in bytes.
let messageLength = 64

/// A message to send, and a buffer in which to receive one.
@safe struct Buffers: ~Copyable {
  let message: UnsafeMutableRawBufferPointer
  let room: UnsafeMutableRawBufferPointer

  init() {
    unsafe message = .allocate(byteCount: messageLength, alignment: 16)
    unsafe room = .allocate(byteCount: messageLength, alignment: 16)
    unsafe message.initializeMemory(as: UInt8.self, repeating: 1)
  }

  deinit {
    unsafe message.deallocate()
    unsafe room.deallocate()
  }
}

/// Exits with an error if `condition` is false.
@inline(__always)
func require(_ condition: Bool) {
  if !condition { fail("a message differs from what was sent") }
}
