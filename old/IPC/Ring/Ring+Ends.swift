extension Ring {
  /// The end of a ring that is written. It is closed when its owner goes.
  ///
  /// It belongs to the process, and may go from thread to thread.
  public struct Producer: ~Copyable, Sendable {
    var end: RingEnd

    /// Opens the producing end for this process, and goes on where its last owner died.
    ///
    /// - Throws: ``IPCError`` with `.badAddress` when the ring does not lie in the region, or the mapped object is shorter;
    ///   `.invalidArgument` when there is no ring of this content; `.protocolNotSupported` for another version;
    ///   `.badMessage` for a corrupt one; `.resourceBusy` when a process that lives has the end; `.brokenPipe` when it was
    ///   closed. `.tooManyOpenFiles` and the like where it could not be looked who lives: nothing was taken.
    ///
    /// Calls `pidfd_open(2)` when somebody has the end.
    public init(in region: SharedRegion, at offset: Int) throws(IPCError) {
      end = try RingEnd(.producer, of: Content.code, in: region, at: offset)
    }

    /// In bytes.
    public var capacity: Int { Int(end.capacity) }

    /// Closes the end: the consumer takes what there is, and is told.
    public consuming func close() {}
  }

  /// The end of a ring that is read. It is closed when its owner goes.
  ///
  /// It belongs to the process, and may go from thread to thread.
  public struct Consumer: ~Copyable, Sendable {
    var end: RingEnd

    /// Opens the consuming end for this process, and goes on where its last owner died.
    ///
    /// - Throws: As ``Ring/Producer/init(in:at:)`` does.
    public init(in region: SharedRegion, at offset: Int) throws(IPCError) {
      end = try RingEnd(.consumer, of: Content.code, in: region, at: offset)
    }

    /// In bytes.
    public var capacity: Int { Int(end.capacity) }

    /// Closes the end: the producer is told.
    public consuming func close() {}
  }
}
