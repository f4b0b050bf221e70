internal import Synchronization
internal import SystemPackage

/// A bounded message queue in shared memory, for any number of senders and receivers in any threads and processes.
///
/// Messages are received in the order in which they were sent, and each message is received once. If a process is
/// killed, the others continue: a message that it was sending is either sent completely or not sent, and another
/// process receives a message that it had not received completely.
///
/// ```swift
/// let region = SharedRegion(try segment.attach())
/// let jobs = try SharedQueue.create(in: region, at: 0, slotCount: 64, slotSize: 128)
/// // In another process, in any language:
/// let jobs = try SharedQueue.open(in: SharedRegion(try segment.attach()), at: 0)
/// ```
///
/// The queue and its ends, ``sender`` and ``receiver``, can be copied and passed to other threads. C programs use the
/// queue through `ipc_queue.h`. Do not use the queue in a signal handler.
///
/// All processes must be in the same PID namespace, because the queue's lock contains the ID of its owner.
@safe public struct SharedQueue: @unchecked Sendable {
  /// The number of messages that the queue can hold.
  public let slotCount: Int
  /// The maximum length of a message in bytes.
  public let slotSize: Int

  private let region: SharedRegion
  let base: UnsafeMutableRawPointer

  /// Creates a queue in shared memory.
  ///
  /// Do not call this while a queue at this offset is in use.
  ///
  /// - Parameters:
  ///   - region: The memory that all processes share.
  ///   - offset: A multiple of 8, preferably a multiple of 64.
  ///   - slotCount: The number of messages that the queue can hold, 1 to 2³⁰.
  ///   - slotSize: The maximum length of a message in bytes, 1 to 2³⁰.
  /// - Returns: The queue, which keeps the region mapped.
  /// - Throws: ``IPCError`` with `.invalidArgument` if an argument is out of range; `.badAddress` if the region has
  ///   fewer than ``size(slotCount:slotSize:)`` bytes after `offset`, or the mapped object is shorter.
  public static func create(
    in region: SharedRegion, at offset: Int, slotCount: Int, slotSize: Int
  ) throws(IPCError) -> SharedQueue {
    let size = try size(slotCount: slotCount, slotSize: slotSize)
    let base = try unsafe region.place(bytes: size, alignment: 8, at: offset)
    unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: Layout.slots)
    unsafe base.storeBytes(of: Layout.currentVersion, toByteOffset: Layout.version, as: UInt32.self)
    unsafe base.storeBytes(of: UInt32(slotSize), toByteOffset: Layout.slotSize, as: UInt32.self)
    unsafe base.storeBytes(of: UInt32(slotCount), toByteOffset: Layout.slotCount, as: UInt32.self)
    let queue = unsafe SharedQueue(region, base, slotCount, slotSize)
    // Store the magic number last, so that a process that sees it can also read the other fields.
    unsafe queue.number(Layout.magic).pointee.store(Layout.letters, ordering: .releasing)
    return queue
  }

  /// Opens the queue at an offset in shared memory.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` if there is no queue yet, or if the offset is not a multiple of 8;
  ///   `.protocolNotSupported` if the queue has a different layout version; `.badMessage` if its sizes are invalid;
  ///   `.badAddress` if the queue is not entirely inside the region and the mapped object.
  public static func open(in region: SharedRegion, at offset: Int) throws(IPCError) -> SharedQueue {
    let header = unsafe SharedQueue(region, try region.place(bytes: Layout.slots, alignment: 8, at: offset), 0, 0)
    guard unsafe header.number(Layout.magic).pointee.load(ordering: .acquiring) == Layout.letters else {
      throw IPCError(.sharedQueueOpen, .invalidArgument)
    }
    guard unsafe header.word(Layout.version).pointee.load(ordering: .relaxed) == Layout.currentVersion else {
      throw IPCError(.sharedQueueOpen, .protocolNotSupported)
    }
    // Read these only once, because other processes can change them.
    let slotCount = Int(unsafe header.word(Layout.slotCount).pointee.load(ordering: .relaxed))
    let slotSize = Int(unsafe header.word(Layout.slotSize).pointee.load(ordering: .relaxed))
    guard isPossible(slotCount, slotSize) else { throw IPCError(.sharedQueueOpen, .badMessage) }
    let size = try size(slotCount: slotCount, slotSize: slotSize)
    return unsafe SharedQueue(region, try region.place(bytes: size, alignment: 8, at: offset), slotCount, slotSize)
  }

  private init(_ region: SharedRegion, _ base: UnsafeMutableRawPointer, _ slotCount: Int, _ slotSize: Int) {
    self.region = region
    unsafe self.base = base
    self.slotCount = slotCount
    self.slotSize = slotSize
  }

  /// The sending end.
  public var sender: Sender { Sender(queue: self) }
  /// The receiving end.
  public var receiver: Receiver { Receiver(queue: self) }

  /// Returns the number of bytes that a queue occupies in shared memory.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` if an argument is out of range.
  public static func size(slotCount: Int, slotSize: Int) throws(IPCError) -> Int {
    guard isPossible(slotCount, slotSize) else { throw IPCError(.sharedQueueCreate, .invalidArgument) }
    return Layout.slots + slotCount * Layout.stride(slotSize)
  }

  private static func isPossible(_ slotCount: Int, _ slotSize: Int) -> Bool {
    (1...Layout.maximum).contains(slotCount) && (1...Layout.maximum).contains(slotSize)
  }
}

extension SharedQueue {
  /// Closes the queue for all processes: send calls throw `.brokenPipe`, including calls that are already waiting.
  ///
  /// Receive calls return the remaining messages, and then nil.
  ///
  /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock` if a process was stopped in
  ///   the middle of an operation; `.deadlock` if this thread is in the middle of another operation. On error, the
  ///   queue is not closed.
  public func close(timeout: Timeout = .never) throws(IPCError) {
    defer { extendLifetime(self) }
    try lock(.sharedQueueClose, timeout)
    readable.signal()
    writable.signal()
    unsafe word(Layout.closed).pointee.store(1, ordering: .releasing)
    unlock()
  }

  /// A snapshot of a queue's state.
  public struct Status: Hashable, Sendable {
    /// The number of messages in the queue.
    public let messageCount: Int
    /// Whether the queue was closed.
    public let isClosed: Bool
    /// The number of times a process has died in the middle of an operation.
    public let recoveryCount: UInt32
  }

  /// Returns the queue's state.
  ///
  /// - Throws: ``IPCError`` with `.badMessage` if the queue is corrupted; any error from ``close(timeout:)``.
  public func status(timeout: Timeout = .never) throws(IPCError) -> Status {
    try lock(.sharedQueueStatus, timeout)
    defer {
      unlock()
      extendLifetime(self)
    }
    return Status(
      messageCount: try messageCount(), isClosed: isClosed,
      recoveryCount: unsafe word(Layout.recoveries).pointee.load(ordering: .relaxed))
  }
}

extension SharedQueue {
  /// The byte offsets of the fields: see `docs/wire-formats.md`.
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

    /// "ipcqueue", in memory order.
    static let letters = UInt64(bigEndian: 0x6970_6371_7565_7565)
    static let currentVersion: UInt32 = 1
    static let maximum = 1 << 30

    /// The distance between two slots in bytes: the length, four bytes of padding, and the message rounded up to 8
    /// bytes.
    @inline(__always)
    static func stride(_ size: Int) -> Int { message &+ (size &+ 7) & ~7 }
    static let message = 8
  }

  @inline(__always)
  func word(_ offset: Int) -> UnsafeMutablePointer<Atomic<UInt32>> {
    unsafe (base + offset).assumingMemoryBound(to: Atomic<UInt32>.self)
  }

  @inline(__always)
  func number(_ offset: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
    unsafe (base + offset).assumingMemoryBound(to: Atomic<UInt64>.self)
  }

  var readable: QueueEvent { unsafe QueueEvent(word: word(Layout.readable)) }
  var writable: QueueEvent { unsafe QueueEvent(word: word(Layout.writable)) }

  /// Returns the slot of the message with this number, counted since the queue was created.
  @inline(__always)
  func slot(_ number: UInt64) -> UnsafeMutableRawPointer {
    let index = Int(truncatingIfNeeded: number % UInt64(truncatingIfNeeded: slotCount))
    return unsafe base + Layout.slots + index &* Layout.stride(slotSize)
  }
}
