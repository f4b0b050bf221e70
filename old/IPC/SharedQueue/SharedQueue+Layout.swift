internal import Synchronization
internal import SystemPackage

extension SharedQueue {
  /// Where what lies, in bytes: `docs/wire-formats.md`.
  enum Layout {
    static let magic = 0
    static let version = 8
    static let slotSize = 12
    static let slotCount = 16
    static let lock = 64
    static let readable = 68
    static let writable = 72
    static let closed = 76
    static let sent = 80
    static let received = 88
    static let recoveries = 96
    static let slots = 128

    /// "ipcqueue", as it lies in memory.
    static let letters = UInt64(bigEndian: 0x6970_6371_7565_7565)
    static let currentVersion: UInt32 = 1
    static let most = 1 << 30

    /// From one slot to the next: the length, four bytes of nothing, and the message.
    static func stride(_ size: Int) -> Int { message + (size + 7) / 8 * 8 }
    static let message = 8
  }

  func word(_ offset: Int) -> UnsafeMutablePointer<Atomic<UInt32>> {
    unsafe (base + offset).assumingMemoryBound(to: Atomic<UInt32>.self)
  }

  var readable: QueueEvent { unsafe QueueEvent(word: word(Layout.readable)) }
  var writable: QueueEvent { unsafe QueueEvent(word: word(Layout.writable)) }

  func number(_ offset: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
    unsafe (base + offset).assumingMemoryBound(to: Atomic<UInt64>.self)
  }

  /// The slot of the message that is, or will be, the so-and-so-many-th.
  func slot(_ number: UInt64) -> UnsafeMutableRawPointer {
    unsafe base + Layout.slots + Int(number % UInt64(slotCount)) * Layout.stride(slotSize)
  }
}
