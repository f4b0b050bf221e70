internal import Synchronization

/// A ring in memory, by its layout: see `c-peers/include/ipc_ring.h`.
///
/// Every word of it may be written by the other side at any time, so each is read by an atomic load, and once.
@safe struct RingHeader: @unchecked Sendable {
  static let size = 192
  static let alignment = 8
  /// The letters `ipc-ring`, the first least significant.
  static let magic: UInt64 = 0x676E_6972_2D63_7069
  static let version: UInt32 = 1

  /// A power of two, as an `Int` can have it, and room for a record.
  static func isPossible(capacity: UInt64) -> Bool {
    capacity >= 16 && capacity & (capacity - 1) == 0 && capacity <= Int.max
  }

  enum Role: Int {
    case producer, consumer

    var other: Role { self == .producer ? .consumer : .producer }
  }

  private let base: UnsafeMutableRawPointer
  /// Kept, so that the memory stays.
  private let region: SharedRegion

  init(_ base: UnsafeMutableRawPointer, _ region: SharedRegion) {
    // In place of C's assertions: constants, of which nothing is left in what is compiled.
    precondition(MemoryLayout<Atomic<UInt32>>.size == 4 && MemoryLayout<Atomic<UInt32>>.alignment == 4)
    precondition(MemoryLayout<Atomic<UInt64>>.size == 8 && MemoryLayout<Atomic<UInt64>>.alignment == Self.alignment)
    unsafe self.base = base
    self.region = region
  }

  var magic: UnsafeMutablePointer<Atomic<UInt64>> { unsafe word(0) }
  var version: UnsafeMutablePointer<Atomic<UInt32>> { unsafe half(8) }
  var content: UnsafeMutablePointer<Atomic<UInt32>> { unsafe half(12) }
  var capacity: UnsafeMutablePointer<Atomic<UInt64>> { unsafe word(16) }
  var data: UnsafeMutableRawPointer { unsafe base + Self.size }

  /// Those of whoever made the ring.
  private(set) var namespaces: RingNamespaces {
    get {
      unsafe RingNamespaces(
        pid: word(24).pointee.load(ordering: .relaxed), time: word(32).pointee.load(ordering: .relaxed))
    }
    nonmutating set {
      unsafe word(24).pointee.store(newValue.pid, ordering: .relaxed)
      unsafe word(32).pointee.store(newValue.time, ordering: .relaxed)
    }
  }

  /// How many bytes an end has ever made visible, or taken.
  func position(_ role: Role) -> UnsafeMutablePointer<Atomic<UInt64>> { unsafe word(64 * (role.rawValue + 1)) }
  /// Whose an end is: a ``RingOwner``.
  func owner(_ role: Role) -> UnsafeMutablePointer<Atomic<UInt64>> { unsafe word(64 * (role.rawValue + 1) + 8) }
  /// 1 while an end sleeps, or is about to.
  func sleeps(_ role: Role) -> UnsafeMutablePointer<Atomic<UInt32>> { unsafe half(64 * (role.rawValue + 1) + 16) }

  /// The magic comes last: who sees it sees the rest.
  func initialize(content: UInt32, capacity: UInt64, namespaces: RingNamespaces) {
    unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: Self.size)
    unsafe version.pointee.store(Self.version, ordering: .relaxed)
    unsafe self.content.pointee.store(content, ordering: .relaxed)
    unsafe self.capacity.pointee.store(capacity, ordering: .relaxed)
    self.namespaces = namespaces
    unsafe magic.pointee.store(Self.magic, ordering: .releasing)
  }

  private func word(_ offset: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
    unsafe (base + offset).assumingMemoryBound(to: Atomic<UInt64>.self)
  }

  private func half(_ offset: Int) -> UnsafeMutablePointer<Atomic<UInt32>> {
    unsafe (base + offset).assumingMemoryBound(to: Atomic<UInt32>.self)
  }
}
