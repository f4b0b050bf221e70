internal import Synchronization
internal import SystemPackage

/// The layout of a ring in memory: see `c-peers/include/ipc_ring.h`.
///
/// The other side can write every word at any time. So each word is read by one atomic load, and checked.
@safe struct RingHeader: @unchecked Sendable {
  static let size = 192
  static let alignment = 8
  /// The letters `ipc-ring`, the first in the least significant byte.
  static let magic: UInt64 = 0x676E_6972_2D63_7069
  static let version: UInt32 = 1

  /// A power of two that is an `Int`, with room for a record.
  static func isPossible(capacity: UInt64) -> Bool {
    capacity >= 16 && capacity & (capacity - 1) == 0 && capacity <= Int.max
  }

  enum Role: Int {
    case producer, consumer

    var other: Role { self == .producer ? .consumer : .producer }
  }

  private let base: UnsafeMutableRawPointer

  init(_ base: UnsafeMutableRawPointer) {
    // As C's static assertions; the compiler removes them.
    precondition(MemoryLayout<Atomic<UInt32>>.size == 4 && MemoryLayout<Atomic<UInt32>>.alignment == 4)
    precondition(MemoryLayout<Atomic<UInt64>>.size == 8 && MemoryLayout<Atomic<UInt64>>.alignment == Self.alignment)
    unsafe self.base = base
  }

  var magic: UnsafeMutablePointer<Atomic<UInt64>> { unsafe Self.word(base) }
  var version: UnsafeMutablePointer<Atomic<UInt32>> { unsafe Self.half(base + 8) }
  var content: UnsafeMutablePointer<Atomic<UInt32>> { unsafe Self.half(base + 12) }
  var capacity: UnsafeMutablePointer<Atomic<UInt64>> { unsafe Self.word(base + 16) }
  var data: UnsafeMutableRawPointer { unsafe base + Self.size }

  /// Those of the process that created the ring.
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

  /// Initializes an empty ring. The magic is stored last: a process that sees it sees the rest.
  func initialize(content: UInt32, capacity: UInt64, namespaces: RingNamespaces) {
    unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: Self.size)
    unsafe version.pointee.store(Self.version, ordering: .relaxed)
    unsafe self.content.pointee.store(content, ordering: .relaxed)
    unsafe self.capacity.pointee.store(capacity, ordering: .relaxed)
    self.namespaces = namespaces
    unsafe magic.pointee.store(Self.magic, ordering: .releasing)
  }

  /// The words of one end, in a cache line of their own.
  @safe struct End: @unchecked Sendable {
    fileprivate let base: UnsafeMutableRawPointer

    fileprivate init(base: UnsafeMutableRawPointer) { unsafe self.base = base }

    /// The number of bytes that the end has ever made visible, or taken.
    var position: UnsafeMutablePointer<Atomic<UInt64>> { unsafe word(base) }
    /// The owner of the end: a ``RingOwner``.
    var owner: UnsafeMutablePointer<Atomic<UInt64>> { unsafe word(base + 8) }
    /// 1 while the end sleeps, or is about to.
    var sleeps: UnsafeMutablePointer<Atomic<UInt32>> { unsafe half(base + 16) }
  }

  private static func word(_ address: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Atomic<UInt64>> {
    unsafe address.assumingMemoryBound(to: Atomic<UInt64>.self)
  }

  private static func half(_ address: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Atomic<UInt32>> {
    unsafe address.assumingMemoryBound(to: Atomic<UInt32>.self)
  }
}
