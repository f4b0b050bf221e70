internal import SystemPackage

/// The kind of content in a ring: ``RingBytes`` or ``RingRecords``.
public protocol RingContent {
  /// The number that identifies this kind of content in the ring header.
  static var code: UInt32 { get }
}

/// A stream of bytes without boundaries.
public enum RingBytes: RingContent {
  /// The number that identifies a byte ring: 1.
  public static var code: UInt32 { 1 }
}

/// Records, each of which is received whole or not at all.
public enum RingRecords: RingContent {
  /// The number that identifies a record ring: 2.
  public static var code: UInt32 { 2 }
}

/// A ring that carries a stream of bytes, like a pipe.
public typealias ByteRing = Ring<RingBytes>
/// A ring that carries records.
public typealias RecordRing = Ring<RingRecords>

/// A lock-free ring buffer in shared memory between one producer and one consumer, in two processes or threads.
///
/// Calls on a ring enter the kernel only to sleep while the ring is empty or full, and to wake the other side.
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
/// The other side is not trusted: each value that it has stored is read only once and then checked, and positions are
/// checked against the capacity that the ring had when it was opened. However, if another process truncates the memory
/// object, an access raises `SIGBUS`, as in ``SharedRegion``.
///
/// Destroy an end before you call `execve(2)`: the new program has the same process ID, so the end would stay in use.
public enum Ring<Content: RingContent> {
  /// Returns the number of bytes that a ring occupies in shared memory.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` if the capacity is invalid.
  public static func size(capacity: Int) throws(IPCError) -> Int {
    guard RingHeader.isPossible(capacity: UInt64(clamping: capacity)) else {
      throw IPCError(.ringCreate, .invalidArgument)
    }
    return RingHeader.size + capacity
  }

  /// Creates an empty ring.
  ///
  /// Do not call this while a ring at this offset is in use.
  ///
  /// - Parameters:
  ///   - capacity: The capacity in bytes: a power of two, at least 16. A record occupies 8 bytes more than its length,
  ///     rounded up to a multiple of 8.
  ///   - region: The memory that all processes share.
  ///   - offset: A multiple of 8. If it is a multiple of 64, the two sides do not share cache lines.
  /// - Throws: ``IPCError`` with `.badAddress` if the ring would not be entirely inside the region and the mapped
  ///   object; `.invalidArgument` if the capacity or offset is invalid.
  public static func create(capacity: Int, in region: SharedRegion, at offset: Int) throws(IPCError) {
    let base = try unsafe region.place(
      bytes: size(capacity: capacity), alignment: RingHeader.alignment, at: offset)
    let namespaces = try RingNamespaces.own()
    let header = unsafe RingHeader(base)
    header.initialize(content: Content.code, capacity: UInt64(capacity), namespaces: namespaces)
  }

  /// The write end of a ring, closed when the value is destroyed.
  ///
  /// The end belongs to the process, and can be passed between threads.
  public struct Producer: ~Copyable, Sendable {
    @usableFromInline var end: RingEnd

    /// Opens the write end for this process, and replaces an owner that died.
    ///
    /// - Throws: ``IPCError`` with `.badAddress` if the ring is not entirely inside the region and the mapped object;
    ///   `.invalidArgument` if there is no ring with this kind of content; `.protocolNotSupported` if the ring has
    ///   a different layout version; `.badMessage` if the ring is corrupted; `.resourceBusy` if a live process owns the
    ///   end; `.brokenPipe` if the end was closed; `.tooManyOpenFiles` or another error if the owner's state could not
    ///   be read.
    ///
    /// Calls `pidfd_open(2)` if the end has an owner.
    public static func open(in region: SharedRegion, at offset: Int) throws(IPCError) -> Producer {
      Producer(end: try RingEnd(.producer, of: Content.code, in: region, at: offset))
    }

    /// The ring's capacity in bytes.
    public var capacity: Int { Int(end.capacity) }

    /// The number of bytes that can be written without waiting.
    ///
    /// A record occupies 8 bytes more than its length, rounded up to a multiple of 8.
    ///
    /// This property makes no system call, so a process can read it in a loop. The property does not show whether the
    /// consumer has closed its end or died; the write calls report this.
    ///
    /// - Throws: ``IPCError`` with `.badMessage` if the ring is corrupted.
    @inlinable public var freeCapacity: Int { mutating get throws(IPCError) { try end.availableCount() } }

    /// Closes the end: the consumer reads the remaining contents, and then end of file.
    public consuming func close() {}
  }

  /// The read end of a ring, closed when the value is destroyed.
  ///
  /// The end belongs to the process, and can be passed between threads.
  public struct Consumer: ~Copyable, Sendable {
    @usableFromInline var end: RingEnd

    /// Opens the read end for this process, and replaces an owner that died.
    ///
    /// - Throws: Any error from ``Ring/Producer/open(in:at:)``.
    public static func open(in region: SharedRegion, at offset: Int) throws(IPCError) -> Consumer {
      Consumer(end: try RingEnd(.consumer, of: Content.code, in: region, at: offset))
    }

    /// The ring's capacity in bytes.
    public var capacity: Int { Int(end.capacity) }

    /// The number of bytes that can be read without waiting, including each record's 8-byte header and padding.
    ///
    /// This property makes no system call, so a process can read it in a loop. The property does not show whether the
    /// producer has closed its end or died; the read calls report this.
    ///
    /// - Throws: ``IPCError`` with `.badMessage` if the ring is corrupted.
    @inlinable public var bytesAvailable: Int { mutating get throws(IPCError) { try end.availableCount() } }

    /// Closes the end: the producer's calls throw `.brokenPipe`.
    public consuming func close() {}
  }
}
