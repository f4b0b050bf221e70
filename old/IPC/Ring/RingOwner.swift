internal import Glibc
internal import SystemPackage

/// Whose an end of a ring is: a process by its number and by when it started, in one word, so that both change at once.
///
/// A number alone may be given to another process after its owner's death.
struct RingOwner: Equatable {
  /// The number in the lowest 24 bits, and above them the start in clock ticks since the machine's.
  let word: UInt64

  static let nobody = RingOwner(word: 0)
  static let closed = RingOwner(word: .max)
  /// Somebody in other namespaces, whose number or start means nothing here.
  static let unseen = RingOwner(word: .max - 1)

  init(word: UInt64) { self.word = word }

  init(process: Int32, start: UInt64) { word = start << 24 | UInt64(process) }

  var process: Int32 { Int32(word & 0xFF_FFFF) }

  var isProcess: Bool { self != .nobody && self != .closed && self != .unseen }

  /// This process; `unseen` where it cannot be found in `/proc`.
  static func thisProcess() throws(IPCError) -> RingOwner {
    let process = getpid()
    guard let start = try start(of: process) else { return .unseen }
    return RingOwner(process: process, start: start)
  }

  /// When a process started. Nil when there is none, or nobody says.
  ///
  /// - Throws: ``IPCError`` where somebody would, and memory or descriptors are wanting.
  ///
  /// The field `starttime` of `proc_pid_stat(5)`.
  static func start(of process: Int32) throws(IPCError) -> UInt64? {
    let descriptor: Int32
    switch Kernel.attempt(.retry, { unsafe open("/proc/\(process)/stat", O_RDONLY | O_CLOEXEC) }) {
    case .success(let opened): descriptor = opened
    case .failure(let reason):
      try passOver(reason, of: "open")
      return nil
    }
    defer { _ = close(descriptor) }
    var count = Result<Int, Errno>.success(0)
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 1024) { buffer, filled in
      count = Kernel.attempt { unsafe read(descriptor, buffer.baseAddress, buffer.count) }
      filled = (try? count.get()) ?? 0
    }
    if case .failure(let reason) = count { try passOver(reason, of: "read") }
    // The name, field 2, may have spaces and parentheses in it.
    guard let name = bytes.lastIndex(of: UInt8(ascii: ")")) else { return nil }
    let fields = bytes[(name + 1)...].split(separator: UInt8(ascii: " "))
    return fields.count > 19 ? UInt64(String(decoding: fields[19], as: UTF8.self)) : nil
  }
}
