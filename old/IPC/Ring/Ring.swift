internal import SystemPackage

/// What a ring carries.
public protocol RingContent {
  /// How the header of the ring says it.
  static var code: UInt32 { get }
}

/// A stream of bytes, without any marks in it.
public enum RingBytes: RingContent {
  public static var code: UInt32 { 1 }
}

/// Records, each of which comes whole or not at all.
public enum RingRecords: RingContent {
  public static var code: UInt32 { 2 }
}

public typealias ByteRing = Ring<RingBytes>
public typealias RecordRing = Ring<RingRecords>

/// A ring in memory that two processes share: one produces, one consumes, and the kernel is asked for nothing but to sleep
/// when the ring is empty or full, and to wake who sleeps.
///
/// One process makes it, and each opens its end:
///
/// ```swift
/// try RecordRing.make(capacity: 65536, in: region, at: 0)
/// var producer = try RecordRing.Producer(in: region, at: 0)
/// switch try producer.send(record, patience: .atMost(.seconds(1))) {
/// case .transferred: break
/// case .closed, .partnerDied: print("nobody takes it")
/// case .wouldBlock, .timedOut: print("full")
/// }
/// ```
///
/// C programs speak with it by `c-peers/include/ipc_ring.h`, which has the layout.
///
/// What the other side wrote is never trusted: it is read once, checked, and reduced to the capacity that the ring had when
/// it was opened. An object that others can make shorter is another matter, as ``SharedRegion`` says.
public enum Ring<Content: RingContent> {
  /// How many bytes a ring takes in shared memory.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` for a capacity that none has.
  public static func size(capacity: Int) throws(IPCError) -> Int {
    guard RingHeader.isPossible(capacity: UInt64(clamping: capacity)) else {
      throw IPCError(call: "ring_make", errno: .invalidArgument)
    }
    return RingHeader.size + capacity
  }

  /// Makes a ring, empty. Nobody may use one that is there already.
  ///
  /// - Parameters:
  ///   - capacity: In bytes: a power of two, 16 or more. A record takes 8 more than it has, and up to 7 to be a multiple of 8.
  ///   - offset: Where: a multiple of 8. One of 64 keeps the two sides' words apart in the caches.
  /// - Throws: ``IPCError`` with `.badAddress` when it would not lie in the region, or the mapped object is shorter;
  ///   `.invalidArgument` for another capacity or offset.
  public static func make(capacity: Int, in region: SharedRegion, at offset: Int) throws(IPCError) {
    let base = try unsafe region.place(
      bytes: size(capacity: capacity), alignment: RingHeader.alignment, at: offset)
    let namespaces = try RingNamespaces.own()
    let header = unsafe RingHeader(base, region)
    header.initialize(content: Content.code, capacity: UInt64(capacity), namespaces: namespaces)
  }
}

/// What came of the transfer of a record through a ring. Bytes have a ``WriteResult`` and a ``ReadResult``, as in any stream.
public enum RingResult: Hashable, Sendable {
  /// So many bytes went through: all that the record has.
  case transferred(Int)
  /// The other end was closed. A consumer has taken all that there was; what a producer wrote last may not have been taken.
  case closed
  /// The other process died without closing its end. A consumer has taken all that was whole. A successor may open that end
  /// anew, and then the ring works again.
  case partnerDied
  /// The ring is empty or full, and there was no patience to wait.
  case wouldBlock
  /// It was until the deadline.
  case timedOut
}
