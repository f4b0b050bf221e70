internal import Synchronization
internal import SystemPackage

/// A block of shared memory: data, a flag that is set when the data is complete, and a counter.
///
/// | offset | bytes | |
/// |---|---|---|
/// | 0 | 4 | the flag: 0 or 1 |
/// | 8 | 8 | the counter |
/// | 16 | its capacity, 4000 by default | the data |
///
/// Numbers are in host byte order. In C, the block is a `struct` that contains an `_Atomic uint32_t`, an
/// `_Atomic uint64_t` and an array. The capacity is not stored, so all processes must use the same one.
///
/// A process that sees the flag set can read the data that was stored before the flag. The block does not synchronize
/// anything else: only one process may publish data at a time, and the readers must signal when the data may be
/// replaced, for example with ``reset()``.
///
/// ```swift
/// let block = try SharedBlock.create(in: region, at: 0)
/// try block.publish(bytes.span)
///
/// // In another process:
/// let block = try SharedBlock.open(in: region, at: 0)
/// try block.wait(timeout: .after(.seconds(1)))
/// try block.read(into: &buffer)
/// ```
@safe public struct SharedBlock: @unchecked Sendable {
  private let address: UnsafeMutableRawPointer
  /// Keeps the memory mapped.
  private let region: SharedRegion

  /// The capacity of the data in bytes.
  public let capacity: Int

  /// The default capacity in bytes.
  public static var defaultCapacity: Int { 4000 }
  /// Returns the number of bytes that a block occupies in shared memory.
  public static func size(capacity: Int = defaultCapacity) -> Int { dataOffset + capacity }
  /// The alignment of a block in bytes.
  public static var alignment: Int { 8 }

  /// The offset of the flag in a block.
  public static var flagOffset: Int { 0 }
  /// The offset of the counter in a block.
  public static var counterOffset: Int { 8 }
  /// The offset of the data in a block.
  public static var dataOffset: Int { 16 }

  private init(_ region: SharedRegion, _ offset: Int, _ capacity: Int) throws(IPCError) {
    precondition(MemoryLayout<Atomic<UInt32>>.size == 4 && MemoryLayout<Atomic<UInt32>>.alignment == 4)
    precondition(MemoryLayout<Atomic<UInt64>>.size == 8 && MemoryLayout<Atomic<UInt64>>.alignment == Self.alignment)
    guard 0...Int.max - Self.dataOffset ~= capacity else { throw IPCError(.memcpy, .badAddress, on: region.object) }
    unsafe address = try unsafe region.place(
      bytes: Self.size(capacity: capacity), alignment: Self.alignment, at: offset)
    self.region = region
    self.capacity = capacity
  }

  /// Returns the block created by another process at this offset.
  ///
  /// Zeroed memory is a valid block that is not ready.
  ///
  /// - Parameters:
  ///   - region: The memory that all processes share.
  ///   - offset: The offset in bytes; a multiple of 8.
  ///   - capacity: The capacity in bytes that the block was created with.
  /// - Returns: The block, which keeps the region mapped.
  /// - Throws: ``IPCError`` with `.badAddress` if the block is not entirely inside the region and the mapped object;
  ///   `.invalidArgument` if the offset is misaligned.
  public static func open(
    in region: SharedRegion, at offset: Int, capacity: Int = defaultCapacity
  ) throws(IPCError) -> SharedBlock {
    try SharedBlock(region, offset, capacity)
  }

  /// Creates a block that is not ready; its counter and all data bytes are 0.
  ///
  /// Do not call this while a block at this offset is in use.
  ///
  /// - Throws: Any error from ``open(in:at:capacity:)``.
  public static func create(
    in region: SharedRegion, at offset: Int, capacity: Int = defaultCapacity
  ) throws(IPCError) -> SharedBlock {
    let block = try SharedBlock(region, offset, capacity)
    unsafe block.address.initializeMemory(as: UInt8.self, repeating: 0, count: size(capacity: capacity))
    return block
  }

  // An `Atomic` has no storage other than its bytes, so it can be bound to shared bytes; `region` keeps the memory
  // mapped.
  private var flag: UnsafeMutablePointer<Atomic<UInt32>> {
    unsafe (address + Self.flagOffset).assumingMemoryBound(to: Atomic<UInt32>.self)
  }
  private var counterWord: UnsafeMutablePointer<Atomic<UInt64>> {
    unsafe (address + Self.counterOffset).assumingMemoryBound(to: Atomic<UInt64>.self)
  }
  private var data: UnsafeMutableRawBufferPointer {
    unsafe UnsafeMutableRawBufferPointer(start: address + Self.dataOffset, count: capacity)
  }
}

extension SharedBlock {
  /// Copies bytes to the beginning of the data, sets the flag, and wakes all threads waiting for it.
  ///
  /// Data after these bytes does not change.
  ///
  /// - Throws: ``IPCError`` with `.messageTooLong` if there are more than ``capacity`` bytes. On error, nothing is
  ///   stored.
  ///
  /// Stores with release ordering, and calls `futex(2)`.
  public func publish(_ bytes: RawSpan) throws(IPCError) {
    guard bytes.byteCount <= capacity else { throw IPCError(.memcpy, .messageTooLong, on: region.object) }
    unsafe bytes.withUnsafeBytes { unsafe data.copyMemory(from: $0) }
    set(1)
  }

  /// Publishes the bytes of an array or a string, like ``publish(_:)-(RawSpan)``.
  public func publish(_ bytes: Span<UInt8>) throws(IPCError) { try publish(unsafe bytes.bytes) }

  /// Clears the flag to signal that the data may be replaced, and wakes all threads waiting for that.
  public func reset() { set(0) }

  /// Copies data from its beginning until `buffer` is full; call this when the block is ready.
  ///
  /// - Throws: ``IPCError`` with `.badAddress` if `buffer` has room for more than ``capacity`` bytes. On error, nothing
  ///   is appended.
  public func read(into buffer: inout OutputRawSpan) throws(IPCError) {
    guard buffer.freeCapacity <= capacity else { throw IPCError(.memcpy, .badAddress, on: region.object) }
    unsafe buffer.withUnsafeMutableBytes { bytes, filled in
      let room = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[filled...])
      unsafe room.copyMemory(from: UnsafeRawBufferPointer(rebasing: data[..<room.count]))
      filled = bytes.count
    }
  }

  /// Atomically adds to the counter, which wraps at 2⁶⁴, and returns the new value.
  @discardableResult
  public func add(_ count: UInt64) -> UInt64 {
    unsafe counterWord.pointee.wrappingAdd(count, ordering: .sequentiallyConsistent).newValue
  }

  /// The current value of the counter.
  public var counter: UInt64 { unsafe counterWord.pointee.load(ordering: .sequentiallyConsistent) }

  /// Sets the counter.
  public func setCounter(_ value: UInt64) { unsafe counterWord.pointee.store(value, ordering: .sequentiallyConsistent) }

  private func set(_ value: UInt32) {
    unsafe flag.pointee.store(value, ordering: .releasing)
    unsafe Futex.wake(flag, .max)
  }
}

extension SharedBlock {
  /// How a reader waits for the flag.
  public enum WaitMethod: Hashable, Sendable {
    /// Sleeps in `futex(2)` until a process changes the flag and wakes it, as ``publish(_:)-(RawSpan)`` does.
    case futex
    /// Checks the flag every 0.1 to 10 ms, for a writer that does not call `futex(2)`.
    case polling
  }

  /// Whether the flag is set, so that the published data can be read.
  ///
  /// Loads with acquire ordering.
  public var isReady: Bool { unsafe flag.pointee.load(ordering: .acquiring) != 0 }

  /// Waits until the flag is set or, if `isReady` is false, until it is cleared.
  ///
  /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock`; `.interrupted` if
  ///   `retryOnInterrupt` is false and a signal handler ran.
  public func wait(
    until isReady: Bool = true, by method: WaitMethod = .futex, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) {
    var backoff = Backoff()
    while true {
      let value = unsafe flag.pointee.load(ordering: .acquiring)
      if (value != 0) == isReady { return }
      switch method {
      case .futex:
        guard let rest = timeout.nanoseconds else {
          throw IPCError(.futex, timeout.expirationError, on: region.object)
        }
        _ = try unsafe Futex.wait(while: flag, is: value, nanoseconds: rest, retryOnInterrupt: retryOnInterrupt)
      case .polling:
        guard try backoff.sleep(before: timeout, retryOnInterrupt: retryOnInterrupt) else {
          throw IPCError(.futex, timeout.expirationError, on: region.object)
        }
      }
    }
  }
}
