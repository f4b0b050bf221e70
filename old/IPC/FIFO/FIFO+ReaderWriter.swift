public import SystemPackage

extension FIFO {
  /// Both ends of a FIFO in one descriptor.
  public struct ReaderWriter: ~Copyable, Sendable, PipeEnd, ReadingEnd, WritingEnd {
    private let owned: OwnedDescriptor

    init(_ owned: consuming OwnedDescriptor) { self.owned = owned }

    public var descriptor: FileDescriptor { owned.descriptor }
    public consuming func close() throws(IPCError) { try owned.close() }

    /// Gives up the descriptor, which stays open, to somebody else's care.
    public consuming func release() -> FileDescriptor { owned.release() }
  }
}
