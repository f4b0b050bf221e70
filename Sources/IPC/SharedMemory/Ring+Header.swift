internal import CIPC
internal import Synchronization
internal import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// The memory layout of a ring: see `c-peers/include/ipc_ring.h`.
///
/// The other side can overwrite any word at any time, so each word is read with one atomic load and then checked.
@safe struct RingHeader: @unchecked Sendable {
  static let size = 192
  static let alignment = 8
  /// The letters `ipc-ring`, with the first letter in the least significant byte.
  static let magic: UInt64 = 0x676E_6972_2D63_7069
  static let version: UInt32 = 1

  /// Whether the capacity is a power of two that fits in an `Int` and can hold a record.
  static func isPossible(capacity: UInt64) -> Bool {
    capacity >= 16 && capacity & (capacity - 1) == 0 && capacity <= Int.max
  }

  enum Role: Int {
    case producer, consumer

    var other: Role { self == .producer ? .consumer : .producer }
  }

  private let base: UnsafeMutableRawPointer

  init(_ base: UnsafeMutableRawPointer) {
    // Static assertions, as in C; the compiler removes them.
    precondition(MemoryLayout<Atomic<UInt32>>.size == 4 && MemoryLayout<Atomic<UInt32>>.alignment == 4)
    precondition(MemoryLayout<Atomic<UInt64>>.size == 8 && MemoryLayout<Atomic<UInt64>>.alignment == Self.alignment)
    unsafe self.base = base
  }

  var magic: UnsafeMutablePointer<Atomic<UInt64>> { unsafe Self.word(base) }
  var version: UnsafeMutablePointer<Atomic<UInt32>> { unsafe Self.half(base + 8) }
  var content: UnsafeMutablePointer<Atomic<UInt32>> { unsafe Self.half(base + 12) }
  var capacity: UnsafeMutablePointer<Atomic<UInt64>> { unsafe Self.word(base + 16) }
  var data: UnsafeMutableRawPointer { unsafe base + Self.size }

  /// The namespaces of the ring's creator.
  private(set) var namespaces: RingNamespaces {
    get {
      unsafe RingNamespaces(
        pid: Self.word(base + 24).pointee.load(ordering: .relaxed),
        time: Self.word(base + 32).pointee.load(ordering: .relaxed))
    }
    nonmutating set {
      unsafe Self.word(base + 24).pointee.store(newValue.pid, ordering: .relaxed)
      unsafe Self.word(base + 32).pointee.store(newValue.time, ordering: .relaxed)
    }
  }

  func end(_ role: Role) -> End { unsafe End(base: base + 64 * (role.rawValue + 1)) }

  /// Initializes an empty ring.
  ///
  /// This stores the magic number last, so a process that sees the number can also read the other fields.
  func initialize(content: UInt32, capacity: UInt64, namespaces: RingNamespaces) {
    unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: Self.size)
    unsafe version.pointee.store(Self.version, ordering: .relaxed)
    unsafe self.content.pointee.store(content, ordering: .relaxed)
    unsafe self.capacity.pointee.store(capacity, ordering: .relaxed)
    self.namespaces = namespaces
    unsafe magic.pointee.store(Self.magic, ordering: .releasing)
  }

  /// The fields of one end, in a separate cache line.
  @safe struct End: @unchecked Sendable {
    fileprivate let base: UnsafeMutableRawPointer

    fileprivate init(base: UnsafeMutableRawPointer) { unsafe self.base = base }

    /// The total number of bytes that this end has published (producer) or consumed (consumer).
    var position: UnsafeMutablePointer<Atomic<UInt64>> { unsafe word(base) }
    /// The end's owner: a ``RingOwner``.
    var owner: UnsafeMutablePointer<Atomic<UInt64>> { unsafe word(base + 8) }
    /// 1 while this end is asleep or about to sleep.
    var sleeps: UnsafeMutablePointer<Atomic<UInt32>> { unsafe half(base + 16) }
  }

  private static func word(_ address: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Atomic<UInt64>> {
    unsafe address.assumingMemoryBound(to: Atomic<UInt64>.self)
  }

  private static func half(_ address: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Atomic<UInt32>> {
    unsafe address.assumingMemoryBound(to: Atomic<UInt32>.self)
  }
}

/// The owner of one end of a ring: a process ID and a start time.
///
/// Both are stored in a single word, because they must change together.
///
/// The kernel reuses process IDs, but never with the same start time.
struct RingOwner: Equatable {
  /// The process ID in the lowest 24 bits, and the start time in clock ticks since boot in the other bits.
  let word: UInt64

  static let none = RingOwner(word: 0)
  static let closed = RingOwner(word: .max)
  /// A process in other namespaces; its ID and start time have no meaning here.
  static let unseen = RingOwner(word: .max - 1)

  init(word: UInt64) { self.word = word }

  init(process: Int32, start: UInt64) { word = start << 24 | UInt64(process) }

  private var process: Int32 { Int32(word & 0xFF_FFFF) }
  private var isProcess: Bool { self != .none && self != .closed && self != .unseen }

  /// Returns the owner value for this process; `unseen` if `/proc` does not show the process.
  static func thisProcess() throws(IPCError) -> RingOwner {
    let process = getpid()
    guard let start = try start(of: process) else { return .unseen }
    return RingOwner(process: process, start: start)
  }

  /// Whether the process is known to be dead.
  ///
  /// A pidfd always refers to the same process, even after the process has died. A process ID, in contrast, can be
  /// reused.
  ///
  /// - Throws: ``IPCError`` if memory or descriptors are exhausted.
  ///
  /// Calls `pidfd_open(2)`.
  @inline(never)
  func isDead() throws(IPCError) -> Bool {
    guard isProcess else { return false }
    switch Syscall.result({ cipc_pidfd_open(process, 0) }) {
    // The process does not exist, or the ID is invalid.
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

  /// Returns a process's start time; nil if the process does not exist or `/proc` does not show it.
  ///
  /// - Throws: ``IPCError`` if memory or descriptors are exhausted.
  ///
  /// Reads the `starttime` field of `proc_pid_stat(5)`.
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
    // The process name (field 2) can contain spaces and parentheses.
    guard let name = bytes.lastIndex(of: UInt8(ascii: ")")) else { return nil }
    let fields = bytes[(name + 1)...].split(separator: UInt8(ascii: " "))
    return fields.count > 19 ? UInt64(String(decoding: fields[19], as: UTF8.self)) : nil
  }

  /// Ignores a permanent failure, such as a hidden process or a call that the kernel does not support.
  ///
  /// - Throws: ``IPCError`` if memory or descriptors are exhausted; a later call can succeed.
  static func ignoreIfHidden(_ reason: Errno, in call: IPCError.Call) throws(IPCError) {
    switch reason {
    case .noSuchFileOrDirectory, .notDirectory, .permissionDenied, .notPermitted, .noFunction, .noSuchProcess: return
    default: throw IPCError(call, reason)
    }
  }
}

/// The two namespaces needed to identify a process: a PID namespace for its ID, and a time namespace for its start
/// time.
///
/// Each is the namespace's inode number, or 0 if `/proc` does not show it.
///
/// `pid_namespaces(7)`, `time_namespaces(7)`.
struct RingNamespaces: Equatable {
  let pid: UInt64
  let time: UInt64

  /// Returns the namespaces of this process.
  ///
  /// - Throws: ``IPCError`` if memory is exhausted.
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
