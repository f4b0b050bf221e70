internal import Synchronization
internal import SystemPackage

/// A block of memory that processes share: a flag that says that the data behind it is there, a counter, and the data.
///
/// | offset | bytes | |
/// |---|---|---|
/// | 0 | 4 | the flag: 0 or 1 |
/// | 8 | 8 | the counter |
/// | 16 | 4000 | the data |
///
/// Numbers are in the byte order of the machine. In C it is a `struct` of an `_Atomic uint32_t`, an `_Atomic uint64_t` and
/// an array; who has a flag of one byte sees the same on a little-endian machine.
///
/// Whoever sees the flag sees the data that was stored before it. That is all that is promised: one publishes, those who
/// read say by other means, or by ``reset()``, when the data may become other data.
///
/// ```swift
/// let block = try SharedBlock(makingIn: region, at: 0)
/// try block.publish(bytes)
/// // Elsewhere:
/// if try block.wait(patience: .atMost(.seconds(1))) == .ready { try block.read(into: &buffer) }
/// ```
@safe public struct SharedBlock: @unchecked Sendable {
  private let address: UnsafeMutableRawPointer
  /// Kept, so that the memory stays.
  private let region: SharedRegion

  /// How many bytes a block takes in shared memory.
  public static var size: Int { dataOffset + capacity }
  /// How many bytes of data it has.
  public static var capacity: Int { 4000 }
  /// Where it may lie: at multiples of so many bytes.
  public static var alignment: Int { 8 }

  /// Where the flag, the counter and the data are.
  public static var flagOffset: Int { 0 }
  public static var counterOffset: Int { 8 }
  public static var dataOffset: Int { 16 }

  /// The block that another process made at this place. Memory that nobody wrote is one as well, and not ready.
  ///
  /// - Throws: ``IPCError`` with `.badAddress` when it would not lie in the region, or the mapped object is shorter;
  ///   `.invalidArgument` for an offset that is not a multiple of 8.
  public init(in region: SharedRegion, at offset: Int) throws(IPCError) {
    // In place of C's assertions: constants, of which nothing is left in what is compiled.
    precondition(MemoryLayout<Atomic<UInt32>>.size == 4 && MemoryLayout<Atomic<UInt32>>.alignment == 4)
    precondition(MemoryLayout<Atomic<UInt64>>.size == 8 && MemoryLayout<Atomic<UInt64>>.alignment == Self.alignment)
    unsafe address = try unsafe region.place(bytes: Self.size, alignment: Self.alignment, at: offset)
    self.region = region
  }

  /// Makes a block: not ready, its counter and its data 0. Nobody may use one that is there already.
  ///
  /// - Throws: ``IPCError`` as for one that is there.
  public init(makingIn region: SharedRegion, at offset: Int) throws(IPCError) {
    try self.init(in: region, at: offset)
    unsafe address.initializeMemory(as: UInt8.self, repeating: 0, count: Self.size)
  }

  // Atomics are bound in place: an `Atomic` is its bytes, and the memory outlives them by `region`.
  var flag: UnsafeMutablePointer<Atomic<UInt32>> {
    unsafe (address + Self.flagOffset).assumingMemoryBound(to: Atomic<UInt32>.self)
  }
  var counterWord: UnsafeMutablePointer<Atomic<UInt64>> {
    unsafe (address + Self.counterOffset).assumingMemoryBound(to: Atomic<UInt64>.self)
  }
  var data: UnsafeMutableRawBufferPointer {
    unsafe UnsafeMutableRawBufferPointer(start: address + Self.dataOffset, count: Self.capacity)
  }
}
