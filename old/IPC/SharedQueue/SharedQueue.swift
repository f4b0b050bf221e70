internal import Synchronization
internal import SystemPackage

/// A bounded queue of messages in memory that threads and processes share: any number of them send, any number receive.
///
/// Each message is received once, in the order of sending. Whoever dies, in whatever moment, holds up nobody: what it had
/// not sent yet was never sent, and what it had not received yet another one receives.
///
/// ```swift
/// let region = SharedRegion(try segment.attach())
/// let jobs = try SharedQueue(makingIn: region, at: 0, slots: 64, of: 128)
/// // Elsewhere, in whichever process and language:
/// let jobs = try SharedQueue(in: SharedRegion(try segment.attach()), at: 0)
/// ```
///
/// It may be copied and given to other threads, and so may its ends, ``sender`` and ``receiver``. C programs speak with it
/// by `ipc_queue.h`. In a signal handler it may not be used.
@safe public struct SharedQueue: @unchecked Sendable {
  /// How many messages there is room for.
  public let slotCount: Int
  /// The length of the longest message, in bytes.
  public let slotSize: Int

  let region: SharedRegion
  let base: UnsafeMutableRawPointer

  /// Makes a queue in shared memory. Nobody may use one that is there already.
  ///
  /// - Parameters:
  ///   - offset: Where: a multiple of 8; best of 64.
  ///   - slots: How many messages there is room for, 1 to 2³⁰.
  ///   - size: How long a message may be, in bytes, 1 to 2³⁰.
  /// - Throws: ``IPCError`` with `.invalidArgument` for other numbers, `.badAddress` when there is not room for
  ///   ``size(slots:of:)`` bytes.
  public init(
    makingIn region: SharedRegion, at offset: Int, slots: Int, of size: Int
  ) throws(IPCError) {
    let base = try unsafe region.place(bytes: Self.size(slots: slots, of: size), alignment: 8, at: offset)
    unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: Layout.slots)
    unsafe base.storeBytes(of: Layout.currentVersion, toByteOffset: Layout.version, as: UInt32.self)
    unsafe base.storeBytes(of: UInt32(size), toByteOffset: Layout.slotSize, as: UInt32.self)
    unsafe base.storeBytes(of: UInt32(slots), toByteOffset: Layout.slotCount, as: UInt32.self)
    unsafe self.init(region, base, slots, size)
    // Last: who sees it sees the rest.
    unsafe number(Layout.magic).pointee.store(Layout.letters, ordering: .releasing)
  }

  /// The queue that somebody made at this place.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` when there is none (yet), or for an offset that is not a multiple of 8;
  ///   `EPROTONOSUPPORT` for one of another version; `EBADMSG` for one of impossible sizes; `.badAddress` when it does
  ///   not lie in the region, or its object is shorter.
  public init(in region: SharedRegion, at offset: Int) throws(IPCError) {
    unsafe self.init(region, try region.place(bytes: Layout.slots, alignment: 8, at: offset), 0, 0)
    guard unsafe number(Layout.magic).pointee.load(ordering: .acquiring) == Layout.letters else {
      throw IPCError(call: "ipc_queue_open", errno: .invalidArgument)
    }
    guard unsafe word(Layout.version).pointee.load(ordering: .relaxed) == Layout.currentVersion else {
      throw IPCError(call: "ipc_queue_open", errno: .protocolNotSupported)
    }
    // Read once, and never again: others can write them.
    let slots = Int(unsafe word(Layout.slotCount).pointee.load(ordering: .relaxed))
    let size = Int(unsafe word(Layout.slotSize).pointee.load(ordering: .relaxed))
    guard Self.isPossible(slots, size) else { throw IPCError(call: "ipc_queue_open", errno: .badMessage) }
    let bytes = try Self.size(slots: slots, of: size)
    unsafe self.init(region, try region.place(bytes: bytes, alignment: 8, at: offset), slots, size)
  }

  private init(_ region: SharedRegion, _ base: UnsafeMutableRawPointer, _ slots: Int, _ size: Int) {
    self.region = region
    unsafe self.base = base
    slotCount = slots
    slotSize = size
  }

  /// The end that sends.
  public var sender: Sender { Sender(queue: self) }
  /// The end that receives.
  public var receiver: Receiver { Receiver(queue: self) }

  /// How many bytes of memory a queue takes.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` for numbers that none has.
  public static func size(slots: Int, of size: Int) throws(IPCError) -> Int {
    guard isPossible(slots, size) else { throw IPCError(call: "ipc_queue_make", errno: .invalidArgument) }
    return Layout.slots + slots * Layout.stride(size)
  }

  private static func isPossible(_ slots: Int, _ size: Int) -> Bool {
    (1...Layout.most).contains(slots) && (1...Layout.most).contains(size)
  }
}
