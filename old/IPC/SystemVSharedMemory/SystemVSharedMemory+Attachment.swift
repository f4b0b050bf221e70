internal import Glibc
internal import SystemPackage

extension SystemVSharedMemory {
  /// A segment that this process can read.
  public typealias ReadOnlyAttachment = Attachment<ReadOnly>
  /// A segment that this process can read and write.
  public typealias ReadWriteAttachment = Attachment<ReadWrite>

  /// A segment in the address space of this process. It is detached when its owner goes.
  ///
  /// Others may write while this process reads: what may be seen when, processes agree on by other means, such as
  /// ``SystemVSemaphores``. A child made by `fork(2)` is attached too; a program that is executed is not.
  @safe public struct Attachment<Access: MemoryAccess>: ~Copyable {
    /// In bytes.
    public let size: Int

    public let segment: SystemVSharedMemory

    let base: UnsafeMutableRawPointer

    init(_ segment: SystemVSharedMemory, _ flags: Int32) throws(IPCError) {
      let address = try Kernel.call("shmat", on: segment.object) {
        Int(bitPattern: unsafe shmat(segment.identifier, nil, flags))
      }
      guard let base = unsafe UnsafeMutableRawPointer(bitPattern: address) else {
        throw IPCError(call: "shmat", errno: .badAddress, object: segment.object)
      }
      do throws(IPCError) {
        // Asked only now: while this process is attached, the segment cannot go, and its size never changes.
        size = try segment.status().size
      } catch {
        unsafe shmdt(base)
        throw error
      }
      unsafe self.base = base
      self.segment = segment
    }

    // A safety net: nobody is left to whom a failure could be told.
    deinit { unsafe shmdt(base) }

    /// Takes the segment out of the address space of this process. It stays in the kernel until it is removed.
    ///
    /// Calls `shmdt(2)`.
    public consuming func detach() throws(IPCError) {
      let (base, segment) = unsafe (base, segment)
      discard self
      try Kernel.call("shmdt", on: segment.object) { unsafe shmdt(base) }
    }
  }

  /// Attaches the segment for reading and writing, where the kernel finds room.
  ///
  /// - Throws: ``IPCError`` with `.permissionDenied`; `.invalidArgument` or `.identifierRemoved` when it is gone.
  ///
  /// Calls `shmat(2)`.
  public func attach() throws(IPCError) -> ReadWriteAttachment { try Attachment(self, 0) }

  /// Attaches the segment for reading.
  ///
  /// - Throws: ``IPCError`` with `.permissionDenied`; `.invalidArgument` or `.identifierRemoved` when it is gone.
  ///
  /// Calls `shmat(2)` with `SHM_RDONLY`.
  public func attachReadOnly() throws(IPCError) -> ReadOnlyAttachment { try Attachment(self, SHM_RDONLY) }
}
