internal import IPC
internal import SystemPackage

/// One measurement.
///
/// The time of a run is a constant plus the cost of a round times the number of rounds. So two runs give the cost of a
/// round.
struct Cost: Sendable {
  enum Kind: Sendable {
    /// One message is sent and received in each round.
    case message
    /// Two calls without bytes are made in each round.
    case calls
    /// The cost is the time of this many rounds, within one process.
    case single(Int)
    /// The cost is the time of this many rounds, between two processes.
    case pair(Int)
  }

  let name: String
  var kind = Kind.message
  let run: @Sendable (Run) throws -> Void

  /// The line of `swift-cost list`.
  var description: String {
    switch kind {
    case .message: "\(name) message 3000"
    case .calls: "\(name) calls 3000"
    case .single(let count): "\(name) single \(count)"
    case .pair(let count): "\(name) pair \(count)"
    }
  }
}

/// A measurement with its arguments.
///
/// A measurement between two processes also has the shared file and the role of this process.
struct Run {
  let count: Int
  let usesArrays: Bool
  let path: String?
  let isFirst: Bool

  /// Maps `size` zero bytes: anonymous memory, or a file that is created if necessary.
  func map(_ size: Int) throws -> SharedRegion {
    guard let path else { return try SharedRegion(size: size) }
    let file = try FileDescriptor.open(
      FilePath(path), .readWrite, options: [.create, .closeOnExec], permissions: .ownerReadWrite)
    let object = try MemoryObject<ReadWriteAccess>(adopting: file)
    try object.resize(to: size)
    return SharedRegion(try object.map())
  }
}

/// The length of the messages, in bytes.
let messageLength = 64

/// A message, and memory in which to receive one.
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

/// Ends the program if `condition` is false.
@inline(__always)
func require(_ condition: Bool) {
  if !condition { fatalError("a message differs from what was sent") }
}
