internal import CIPC
public import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// An open object that can be mapped: POSIX shared memory (``POSIXSharedMemory``), a regular file (``MappedFile``) or
/// anonymous memory (``anonymous(_:size:sealable:)``).
///
/// ```swift
/// let object = try POSIXSharedMemory.create("/readings", size: 4096)
/// let memory = try object.map()
/// ```
///
/// Destroying the value closes the object; its mappings remain. The descriptor is close-on-exec. To share anonymous
/// memory, let a child inherit the descriptor (``ChildProcess``), or send it over a Unix domain socket.
///
/// POSIX calls this a memory object.
public struct MemoryObject<Access: MemoryAccess>: ~Copyable, Sendable, DescriptorOwner {
  let owned: OwnedDescriptor

  /// The object named in errors.
  let object: IPCError.Object

  /// Whether the call that opened the object created it.
  public let isNew: Bool

  /// Takes ownership of an inherited or received descriptor, and makes it close-on-exec.
  ///
  /// If the initializer throws, the previous owner keeps the descriptor.
  ///
  /// - Throws: ``IPCError`` with `.operationNotSupportedByDevice` if the descriptor does not refer to a regular file or
  ///   memory; `.permissionDenied` if the descriptor is not open with this access mode.
  public init(adopting descriptor: FileDescriptor) throws(IPCError) {
    let object = IPCError.Object.descriptor(descriptor)
    // A descriptor opened with O_PATH has no access mode, but its mode bits look like O_RDONLY.
    let access = try NonBlocking.statusFlags(of: descriptor) & (O_ACCMODE | Int32(CIPC_O_PATH))
    guard access == O_RDWR || access == O_RDONLY && !Access.isWritable else {
      throw IPCError(.mmap, .permissionDenied, on: object)
    }
    try Self.check(descriptor, object)
    owned = try OwnedDescriptor.adopting(descriptor)
    self.object = object
    isNew = false
  }

  init(taking opened: consuming OwnedDescriptor, _ object: IPCError.Object) throws(IPCError) {
    try Self.check(opened.descriptor, object)
    owned = opened
    self.object = object
    isNew = false
  }

  /// Takes ownership of an object that this process has just created.
  ///
  /// This makes no checks, because a failed check would leave the object behind.
  init(created opened: consuming OwnedDescriptor, _ object: IPCError.Object) {
    owned = opened
    self.object = object
    isNew = true
  }

  /// Rejects directories and devices; shared memory counts as a regular file.
  private static func check(_ descriptor: FileDescriptor, _ object: IPCError.Object) throws(IPCError) {
    guard try FileStatus(of: descriptor, object).isRegularFile else {
      throw IPCError(.mmap, .operationNotSupportedByDevice, on: object)
    }
  }

  /// The open descriptor, owned and closed by this value.
  public var descriptor: FileDescriptor { owned.descriptor }
  /// Transfers ownership of the descriptor to the caller.
  public consuming func takeDescriptor() -> OwnedDescriptor { owned }

  /// Returns the size, permissions and ownership of the object.
  ///
  /// Calls `fstat(2)`.
  public func status() throws(IPCError) -> FileStatus { try FileStatus(of: descriptor, object) }
}

extension MemoryObject {
  /// Maps the object with the access mode with which it was opened; writes are visible to all processes.
  ///
  /// - Parameters:
  ///   - offset: The offset in the object where the mapping begins; a multiple of the page size.
  ///   - count: The number of bytes; nil to map from `offset` to the end of the object. The mapping can extend past the
  ///     end of the object, but the bytes there cannot be accessed.
  /// - Returns: The mapping, which remains valid after the object is closed.
  /// - Throws: ``IPCError`` with `.invalidArgument` if `offset` is misaligned, or if there are no bytes to map, for
  ///   example because the object is new and has size 0; `.notPermitted` if the object is sealed against writing.
  ///
  /// Calls `mmap(2)` with `MAP_SHARED`.
  public func map(at offset: Int = 0, count: Int? = nil) throws(IPCError) -> MemoryMapping<Access> {
    try MemoryMapping(descriptor, at: offset, count: try self.count(count, from: offset), MAP_SHARED, object)
  }

  /// Maps the object for reading; other processes' writes are visible.
  ///
  /// - Throws: Any error from ``map(at:count:)``.
  ///
  /// Calls `mmap(2)` with `MAP_SHARED`.
  public func mapReadOnly(at offset: Int = 0, count: Int? = nil) throws(IPCError) -> MemoryMapping<ReadOnlyAccess> {
    try MemoryMapping(descriptor, at: offset, count: try self.count(count, from: offset), MAP_SHARED, object)
  }

  /// Maps a private copy of the object: writes do not reach the object or other processes.
  ///
  /// The kernel copies a page when this process first writes to it. Until then, changes that other processes make to
  /// the page may be visible.
  ///
  /// - Throws: Any error from ``map(at:count:)``.
  ///
  /// Calls `mmap(2)` with `MAP_PRIVATE`.
  public func mapPrivate(at offset: Int = 0, count: Int? = nil) throws(IPCError) -> MemoryMapping<ReadWriteAccess> {
    try MemoryMapping(descriptor, at: offset, count: try self.count(count, from: offset), MAP_PRIVATE, object)
  }

  private func count(_ count: Int?, from offset: Int) throws(IPCError) -> Int {
    if let count { return count }
    return max(0, try status().size - max(0, offset))
  }
}

extension MemoryObject where Access == ReadWriteAccess {
  /// Changes the size of the object.
  ///
  /// New bytes are zero and occupy no memory until they are written.
  ///
  /// - Parameter size: The size in bytes. Accessing bytes past this size raises `SIGBUS` in all mappings.
  /// - Throws: ``IPCError`` with `.fileTooLarge` if the size exceeds `RLIMIT_FSIZE` (`SIGXFSZ` is suppressed);
  ///   `.notPermitted` if a seal forbids it; `.invalidArgument` if the size is negative.
  ///
  /// Calls `ftruncate(2)`.
  public func resize(to size: Int) throws(IPCError) {
    try changeSize(.ftruncate) { ftruncate($0, size) }
  }

  /// Reserves memory or disk space for the first `size` bytes, so that later accesses do not fail because the space has
  /// run out.
  ///
  /// If the object is smaller, it grows. Its contents are preserved.
  ///
  /// - Throws: ``IPCError`` with `.noSpace` if there is not enough space; `.notSupportedOnSocket` (`EOPNOTSUPP`) if the
  ///   file system does not support this; any error from ``resize(to:)``.
  ///
  /// Calls `fallocate(2)`.
  public func allocate(_ size: Int) throws(IPCError) {
    try changeSize(.fallocate) { cipc_fallocate($0, 0, Int64(size)) }
  }
}

extension MemoryObject {
  private func changeSize(_ call: IPCError.Call, _ body: (Int32) -> Int32) throws(IPCError) {
    // If the size exceeds RLIMIT_FSIZE, the kernel also sends SIGXFSZ, which would kill the process.
    let result = ThreadSignal.contained(SIGXFSZ) {
      Syscall.result { body(descriptor.rawValue) }
    } raised: {
      $0.failed(with: .fileTooLarge)
    }
    if case .failure(let reason) = result { throw IPCError(call, reason, on: object) }
  }

  /// Sets the exact permissions of an object that this process has just created, and reserves space for `size` bytes.
  ///
  /// On failure, this removes the file at `path`, unless the path now refers to another file.
  static func created(
    _ opened: consuming OwnedDescriptor, at path: FilePath, _ object: IPCError.Object, size: Int,
    _ permissions: FilePermissions, applyUmask: Bool
  ) throws(IPCError) -> MemoryObject {
    let descriptor = opened.descriptor
    let created = MemoryObject(created: opened, object)
    do throws(IPCError) {
      if !applyUmask {
        try Syscall.call(.fchmod, on: object) { fchmod(descriptor.rawValue, permissions.rawValue) }
      }
      if size != 0 { try created.changeSize(.fallocate) { cipc_fallocate($0, 0, Int64(size)) } }
    } catch {
      if let status = try? created.status() { LocatedFile.unlink(path, ifSameAs: status) }
      throw error
    }
    return created
  }
}

extension MemoryObject {
  /// Marks this process as a user of the named object, so that ``POSIXSharedMemory/unlinkIfAbandoned(_:)`` does not
  /// remove it.
  ///
  /// The marker is a shared lock on the open file description. The kernel releases the lock when the object is closed
  /// and all its mappings are removed, in this process and in processes that inherited or received the descriptor. This
  /// happens at the latest when these processes exit, even if they are killed.
  ///
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory` if the name was removed, for example between opening the
  ///   object and this call: create or open the object again. `.timedOut` if another process does not release its lock
  ///   on the object in time.
  ///
  /// Calls `flock(2)`.
  public func markOwned(timeout: Timeout = .never, retryOnInterrupt: Bool = true) throws(IPCError) {
    var backoff = Backoff()
    while true {
      let result = Syscall.result(retryOnInterrupt: retryOnInterrupt) {
        flock(descriptor.rawValue, LOCK_SH | LOCK_NB)
      }
      switch result {
      case .success:
        if try status().hasName { return }
        throw IPCError(.flock, .noSuchFileOrDirectory, on: object)
      case .failure(.wouldBlock):
        guard try backoff.sleep(before: timeout, retryOnInterrupt: retryOnInterrupt) else {
          throw IPCError(.flock, timeout.expirationError, on: object)
        }
      case .failure(let reason): throw IPCError(.flock, reason, on: object)
      }
    }
  }
}

/// The access mode with which memory was opened, mapped or attached.
public protocol MemoryAccess: Sendable {
  /// Whether the memory can be written.
  static var isWritable: Bool { get }
}

/// Read-only access: the memory's type has no methods that write.
public struct ReadOnlyAccess: MemoryAccess {
  /// Whether the memory can be written: always false.
  public static var isWritable: Bool { false }
  /// Creates a read-only access mode; ``MemoryAccess/readOnly`` is shorter.
  @inlinable public init() {}
}

/// Read-write access.
public struct ReadWriteAccess: MemoryAccess {
  /// Whether the memory can be written: always true.
  public static var isWritable: Bool { true }
  /// Creates a read-write access mode; ``MemoryAccess/readWrite`` is shorter.
  @inlinable public init() {}
}

extension MemoryAccess where Self == ReadOnlyAccess {
  /// Read-only access.
  @inlinable public static var readOnly: ReadOnlyAccess { ReadOnlyAccess() }
}

extension MemoryAccess where Self == ReadWriteAccess {
  /// Read-write access.
  @inlinable public static var readWrite: ReadWriteAccess { ReadWriteAccess() }
}
