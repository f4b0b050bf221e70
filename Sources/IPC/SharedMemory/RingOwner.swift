internal import CIPC
internal import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// The owner of an end of a ring: a process by its number and its start time, in one word, so that both change at once.
///
/// The kernel reuses the number of a dead process, but not together with the start time.
struct RingOwner: Equatable {
  /// The number in the lowest 24 bits, and above them the start in clock ticks since the system started.
  let word: UInt64

  static let none = RingOwner(word: 0)
  static let closed = RingOwner(word: .max)
  /// A process in other namespaces, where its number and start time mean nothing.
  static let unseen = RingOwner(word: .max - 1)

  init(word: UInt64) { self.word = word }

  init(process: Int32, start: UInt64) { word = start << 24 | UInt64(process) }

  private var process: Int32 { Int32(word & 0xFF_FFFF) }
  private var isProcess: Bool { self != .none && self != .closed && self != .unseen }

  /// This process; `unseen` if `/proc` does not show it.
  static func thisProcess() throws(IPCError) -> RingOwner {
    let process = getpid()
    guard let start = try start(of: process) else { return .unseen }
    return RingOwner(process: process, start: start)
  }

  /// Whether the process is dead; false if that cannot be found out.
  ///
  /// A pidfd always refers to the same process, also after its death, while its number can be reused.
  ///
  /// - Throws: ``IPCError`` if it could be found out with more memory or descriptors.
  ///
  /// Calls `pidfd_open(2)`.
  @inline(never)
  func isDead() throws(IPCError) -> Bool {
    guard isProcess else { return false }
    switch Syscall.result({ cipc_pidfd_open(process) }) {
    // No such process, or a number that none can have.
    case .failure(.noSuchProcess), .failure(.invalidArgument), .failure(.noSuchFileOrDirectory): return true
    case .failure(let reason):
      try Self.ignoreIfHidden(reason, in: .pidfdOpen)
      return false
    case .success(let number):
      let opened = OwnedDescriptor(taking: number)
      if let start = try Self.start(of: process), RingOwner(process: process, start: start) != self { return true }
      let ready = try Syscall.wait(
        for: .readable, of: opened.descriptor.rawValue, until: .immediate, retryOnInterrupt: true)
      return ready.contains(.readable)
    }
  }

  /// Reads when a process started; nil if there is none, or `/proc` does not show it.
  ///
  /// - Throws: ``IPCError`` if it could be read with more memory or descriptors.
  ///
  /// Reads the field `starttime` of `proc_pid_stat(5)`.
  private static func start(of process: Int32) throws(IPCError) -> UInt64? {
    let number: Int32
    switch Syscall.result({ unsafe open("/proc/\(process)/stat", O_RDONLY | O_CLOEXEC) }) {
    case .success(let opened): number = opened
    case .failure(let reason):
      try ignoreIfHidden(reason, in: .open)
      return nil
    }
    let file = OwnedDescriptor(taking: number)
    var count = Result<Int, Errno>.success(0)
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 1024) { buffer, filled in
      count = Syscall.result { unsafe cipc_pipe_read(number, buffer.baseAddress, buffer.count, 0) }
      filled = (try? count.get()) ?? 0
    }
    try file.close()
    if case .failure(let reason) = count { try ignoreIfHidden(reason, in: .read) }
    // The name, field 2, can contain spaces and parentheses.
    guard let name = bytes.lastIndex(of: UInt8(ascii: ")")) else { return nil }
    let fields = bytes[(name + 1)...].split(separator: UInt8(ascii: " "))
    return fields.count > 19 ? UInt64(String(decoding: fields[19], as: UTF8.self)) : nil
  }

  /// Returns if a call failed because there is nothing to see, or no such call: repeating it would not help.
  ///
  /// - Throws: ``IPCError`` for the lack of memory or descriptors, after which the call can succeed the next time.
  static func ignoreIfHidden(_ reason: Errno, in call: IPCError.Call) throws(IPCError) {
    switch reason {
    case .noSuchFileOrDirectory, .notDirectory, .permissionDenied, .notPermitted, .noFunction, .noSuchProcess: return
    default: throw IPCError(call, reason)
    }
  }
}

/// The namespaces in which a process is identified: of its number, and of the clock of its start time. Each is the inode of
/// the namespace, or 0 if `/proc` does not show it.
///
/// `pid_namespaces(7)`, `time_namespaces(7)`.
struct RingNamespaces: Equatable {
  let pid: UInt64
  let time: UInt64

  /// Those of this process.
  ///
  /// - Throws: ``IPCError`` if they could be read with more memory.
  static func own() throws(IPCError) -> RingNamespaces {
    RingNamespaces(pid: try inode("/proc/self/ns/pid"), time: try inode("/proc/self/ns/time"))
  }

  private static func inode(_ path: String) throws(IPCError) -> UInt64 {
    switch Syscall.result({ unsafe cipc_inode(path) }) {
    case .success(let inode): return UInt64(inode)
    case .failure(let reason):
      try RingOwner.ignoreIfHidden(reason, in: .stat)
      return 0
    }
  }
}
