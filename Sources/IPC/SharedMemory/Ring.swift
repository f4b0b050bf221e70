internal import SystemPackage

/// The content that a ring carries: ``RingBytes`` or ``RingRecords``.
public protocol RingContent {
  /// The number that identifies the content in the header of the ring.
  static var code: UInt32 { get }
}

/// A stream of bytes without boundaries.
public enum RingBytes: RingContent {
  /// The number that identifies a ring of bytes: 1.
  public static var code: UInt32 { 1 }
}

/// Records, each of which is received whole or not at all.
public enum RingRecords: RingContent {
  /// The number that identifies a ring of records: 2.
  public static var code: UInt32 { 2 }
}

/// A ring that carries a stream of bytes, like a pipe.
public typealias ByteRing = Ring<RingBytes>
/// A ring that carries records, each of which is received whole.
public typealias RecordRing = Ring<RingRecords>

/// A lock-free ring buffer in shared memory, between one producer and one consumer: two processes or threads.
///
/// The ring makes system calls only to sleep when it is empty or full, and to wake the other side.
///
/// One process creates the ring, and each process opens its end:
///
/// ```swift
/// try RecordRing.create(capacity: 65536, in: region, at: 0)
/// var producer = try RecordRing.Producer.open(in: region, at: 0)
/// try producer.send(record, timeout: .after(.seconds(1)))
/// ```
///
/// C programs use the ring through `c-peers/include/ipc_ring.h`, which documents the layout.
///
/// The other side is not trusted: its data is read once, checked, and limited to the capacity that the ring had when it
/// was opened. But if another process makes the memory object shorter, an access raises `SIGBUS`, as in
/// ``SharedRegion``.
public enum Ring<Content: RingContent> {
  /// Returns the number of bytes that a ring occupies in shared memory.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` for an impossible capacity.
  public static func size(capacity: Int) throws(IPCError) -> Int {
    guard RingHeader.isPossible(capacity: UInt64(clamping: capacity)) else {
      throw IPCError(.ringCreate, .invalidArgument)
    }
    return RingHeader.size + capacity
  }

  /// Creates an empty ring.
  ///
  /// An existing ring at this place must not be in use.
  ///
  /// - Parameters:
  ///   - capacity: The size in bytes: a power of two, at least 16. A record occupies 8 bytes more than its length, rounded up to
  ///     a multiple of 8.
  ///   - region: The memory that all processes share.
  ///   - offset: A multiple of 8. With a multiple of 64, the two sides do not share cache lines.
  /// - Throws: ``IPCError`` with `.badAddress` if it would not be inside the region, or the mapped object is shorter;
  ///   `.invalidArgument` for another capacity or offset.
  public static func create(capacity: Int, in region: SharedRegion, at offset: Int) throws(IPCError) {
    let base = try unsafe region.place(
      bytes: size(capacity: capacity), alignment: RingHeader.alignment, at: offset)
    let namespaces = try RingNamespaces.own()
    let header = unsafe RingHeader(base)
    header.initialize(content: Content.code, capacity: UInt64(capacity), namespaces: namespaces)
  }

  /// The write end of a ring, which is closed when it is destroyed.
  ///
  /// It belongs to the process, and can be passed from thread to thread.
  public struct Producer: ~Copyable, Sendable {
    @usableFromInline var end: RingEnd

    /// Opens the write end for this process, and continues where its last owner died.
    ///
    /// - Throws: ``IPCError`` with `.badAddress` if the ring is not inside the region, or the mapped object is shorter;
    ///   `.invalidArgument` if there is no ring of this content; `.protocolNotSupported` for another version;
    ///   `.badMessage` for a corrupted ring; `.resourceBusy` if a live process owns the end; `.brokenPipe` if it was
    ///   closed; `.tooManyOpenFiles` or another reason if the state of its owner could not be read.
    ///
    /// Calls `pidfd_open(2)` if the end has an owner.
    public static func open(in region: SharedRegion, at offset: Int) throws(IPCError) -> Producer {
      Producer(end: try RingEnd(.producer, of: Content.code, in: region, at: offset))
    }

    /// The size of the ring in bytes.
    public var capacity: Int { Int(end.capacity) }

    /// The number of bytes that can be written without waiting.
    ///
    /// A record needs 8 bytes more than its length, rounded up to a multiple of 8.
    ///
    /// This makes no system call, so a process can spin on it. It does not show whether the consumer has closed its end
    /// or died; the calls that write do.
    ///
    /// - Throws: ``IPCError`` with `.badMessage` if the ring is corrupted.
    @inlinable public var freeCapacity: Int { mutating get throws(IPCError) { try end.availableCount() } }

    /// Closes the end: the consumer receives the contents of the ring, and then end of file.
    public consuming func close() {}
  }

  /// The read end of a ring, which is closed when it is destroyed.
  ///
  /// It belongs to the process, and can be passed from thread to thread.
  public struct Consumer: ~Copyable, Sendable {
    @usableFromInline var end: RingEnd

    /// Opens the read end for this process, and continues where its last owner died.
    ///
    /// - Throws: The errors of ``Ring/Producer/open(in:at:)``.
    public static func open(in region: SharedRegion, at offset: Int) throws(IPCError) -> Consumer {
      Consumer(end: try RingEnd(.consumer, of: Content.code, in: region, at: offset))
    }

    /// The size of the ring in bytes.
    public var capacity: Int { Int(end.capacity) }

    /// The number of bytes that can be read without waiting, with the 8 bytes in front of each record and its padding.
    ///
    /// This makes no system call, so a process can spin on it. It does not show whether the producer has closed its end
    /// or died; the calls that read do.
    ///
    /// - Throws: ``IPCError`` with `.badMessage` if the ring is corrupted.
    @inlinable public var bytesAvailable: Int { mutating get throws(IPCError) { try end.availableCount() } }

    /// Closes the end: the calls of the producer throw `.brokenPipe`.
    public consuming func close() {}
  }
}
