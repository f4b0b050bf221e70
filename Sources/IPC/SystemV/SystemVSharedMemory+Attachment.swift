internal import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

extension SystemVSharedMemory {
  /// A segment that this process can read.
  public typealias ReadOnlyAttachment = Attachment<ReadOnlyAccess>
  /// A segment that this process can read and write.
  public typealias ReadWriteAttachment = Attachment<ReadWriteAccess>

  /// A segment in the address space of this process. It is detached when this value is destroyed.
  ///
  /// Other processes may write while this one reads. Use ``SystemVSemaphores`` or atomics to order the accesses. A
  /// child made by `fork(2)` has the segment attached too; a program that is executed has not.
  @safe public struct Attachment<Access: MemoryAccess>: MappedBytes, ~Copyable, @unchecked Sendable {
    /// In bytes.
    public let size: Int

    public let segment: SystemVSharedMemory

    /// The address of the first byte, which is valid as long as this value.
    @unsafe public let baseAddress: UnsafeMutableRawPointer

    /// The object that errors name.
    public var object: IPCError.Object? { segment.object }

    /// Whether another process can make the segment shorter, which is not possible.
    public var canShrink: Bool { false }

    init(_ segment: SystemVSharedMemory) throws(IPCError) {
      let address = try Syscall.call(.shmat, on: segment.object) {
        Int(bitPattern: unsafe shmat(segment.identifier, nil, Access.isWritable ? 0 : SHM_RDONLY))
      }
      guard let base = unsafe UnsafeMutableRawPointer(bitPattern: address) else {
        throw IPCError(.shmat, .badAddress, on: segment.object)
      }
      do throws(IPCError) {
        // Not earlier: only now the segment cannot be freed. Its size never changes.
        size = try segment.status().size
      } catch {
        unsafe shmdt(base)
        throw error
      }
      unsafe baseAddress = base
      self.segment = segment
    }

    // A failure cannot be reported here; detach() reports it.
    deinit { unsafe shmdt(baseAddress) }

    /// Removes the segment from the address space of this process, and reports a failure. The segment stays in the
    /// kernel until it is removed.
    ///
    /// Calls `shmdt(2)`.
    public consuming func detach() throws(IPCError) {
      let (base, segment) = unsafe (baseAddress, segment)
      discard self
      try Syscall.call(.shmdt, on: segment.object) { unsafe shmdt(base) }
    }
  }

  /// Attaches the segment for reading and writing, at an address that the kernel selects.
  ///
  /// - Throws: ``IPCError`` with `.permissionDenied`; `.invalidArgument` or `.identifierRemoved` if the segment was
  ///   removed.
  ///
  /// Calls `shmat(2)`.
  public func attach() throws(IPCError) -> ReadWriteAttachment { try Attachment(self) }

  /// Attaches the segment for reading, at an address that the kernel selects.
  ///
  /// - Throws: ``IPCError`` with `.permissionDenied`; `.invalidArgument` or `.identifierRemoved` if the segment was
  ///   removed.
  ///
  /// Calls `shmat(2)` with `SHM_RDONLY`.
  public func attachReadOnly() throws(IPCError) -> ReadOnlyAttachment { try Attachment(self) }
}
