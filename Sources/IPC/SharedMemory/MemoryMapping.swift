internal import CIPC
internal import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// A ``MemoryObject`` mapped into this process's address space.
///
/// ```swift
/// let memory = try object.map()
/// try memory.store(UInt32(1), at: 0)
/// let flag = try memory.load(as: UInt32.self, at: 0)
/// ```
///
/// Destroying the mapping unmaps it. You can close the object and remove its name before that. ``MappedBytes``
/// describes how to read and write the bytes.
///
/// `mmap(2)`.
@safe public struct MemoryMapping<Access: MemoryAccess>: ~Copyable, @unchecked Sendable, MappedBytes {
  private var pages: MappedPages
  // A copy of the address in `pages`; code that reads the copy can be inlined into other modules.
  /// The address of the first byte, which is valid until the mapping is resized or destroyed.
  @unsafe public private(set) var baseAddress: UnsafeMutableRawPointer

  /// The number of mapped bytes.
  ///
  /// The object can be shorter; pages past its end cannot be accessed.
  public private(set) var size: Int

  /// The object named in errors.
  public let object: IPCError.Object?

  init(
    _ descriptor: FileDescriptor, at offset: Int, count: Int, _ sharing: Int32, _ object: IPCError.Object
  ) throws(IPCError) {
    let protection = Access.isWritable ? PROT_READ | PROT_WRITE : PROT_READ
    self.init(try MappedPages(count, protection, sharing, descriptor.rawValue, at: offset, on: object), object)
  }

  private init(_ pages: consuming MappedPages, _ object: IPCError.Object?) {
    unsafe baseAddress = pages.base
    size = pages.size
    self.pages = pages
    self.object = object
  }

  /// Maps the same memory a second time.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` if the mapping is private.
  ///
  /// Calls `mremap(2)`.
  public func mapAgain() throws(IPCError) -> MemoryMapping {
    MemoryMapping(try pages.mapAgain(object), object)
  }

  /// Unmaps the memory and throws if that fails; destroying the value ignores a failure.
  ///
  /// Calls `munmap(2)`.
  public consuming func unmap() throws(IPCError) { try pages.unmap(object) }

  /// Changes the size of the mapping, for example after the object has grown; its address may change.
  ///
  /// - Parameter count: The number of bytes.
  /// - Throws: ``IPCError`` with `.invalidArgument` if `count` is less than 1; `.noMemory`; `.wouldBlock` (`EAGAIN`) if
  ///   the mapping is locked and the process would lock more bytes than `RLIMIT_MEMLOCK` allows. On error, the mapping is
  ///   unchanged.
  ///
  /// Calls `mremap(2)`.
  public mutating func resize(to count: Int) throws(IPCError) {
    try pages.resize(to: count, object)
    unsafe baseAddress = pages.base
    size = count
  }
}

/// Mapped pages, unmapped when the value is destroyed.
@usableFromInline @safe struct MappedPages: ~Copyable, @unchecked Sendable {
  private(set) var base: UnsafeMutableRawPointer
  /// The size in bytes.
  private(set) var size: Int

  /// Calls `mmap(2)`.
  init(
    _ count: Int, _ protection: Int32, _ sharing: Int32, _ descriptor: Int32, at offset: Int,
    on object: IPCError.Object?
  ) throws(IPCError) {
    let address = try Syscall.call(.mmap, on: object) {
      // The kernel rejects a count of 0, and a negative count, which becomes a size larger than the address space.
      Int(bitPattern: unsafe mmap(nil, count, protection, sharing, descriptor, offset))
    }
    unsafe base = try Self.pointer(address, .mmap, object)
    size = count
  }

  private init(mapped base: UnsafeMutableRawPointer, _ size: Int) {
    unsafe self.base = base
    self.size = size
  }

  private static func pointer(
    _ address: Int, _ call: IPCError.Call, _ object: IPCError.Object?
  ) throws(IPCError) -> UnsafeMutableRawPointer {
    guard let base = unsafe UnsafeMutableRawPointer(bitPattern: address) else {
      throw IPCError(call, .badAddress, on: object)
    }
    return unsafe base
  }

  // A failure cannot be reported here; unmap() reports it.
  deinit { unsafe munmap(base, size) }

  consuming func unmap(_ object: IPCError.Object?) throws(IPCError) {
    let (base, size) = unsafe (base, size)
    discard self
    try Syscall.call(.munmap, on: object) { unsafe munmap(base, size) }
  }

  func mapAgain(_ object: IPCError.Object?) throws(IPCError) -> MappedPages {
    let (base, count) = unsafe (base, size)
    let address = try Syscall.call(.mremap, on: object) { Int(bitPattern: unsafe cipc_map_again(base, count)) }
    return unsafe MappedPages(mapped: try Self.pointer(address, .mremap, object), count)
  }

  mutating func resize(to count: Int, _ object: IPCError.Object?) throws(IPCError) {
    var address: UnsafeMutableRawPointer? = unsafe base
    let before = size
    try Syscall.call(.mremap, on: object) { unsafe cipc_mremap(&address, before, count) }
    if let address = unsafe address { unsafe base = address }
    size = count
  }
}

/// The expected use of memory, for `madvise(2)`.
///
/// Only ``dontNeed`` affects the contents.
public enum MemoryAdvice: Hashable, Sendable {
  /// No particular use, which is the default.
  case normal
  /// Accesses are in random order, so read-ahead does not help.
  case random
  /// Accesses are in ascending order.
  case sequential
  /// The bytes will be needed soon, so the kernel may read ahead.
  case willNeed
  /// The bytes will not be needed soon. The next access rereads the object, so changes in a private mapping are lost.
  case dontNeed

  fileprivate var number: Int32 {
    switch self {
    case .normal: MADV_NORMAL
    case .random: MADV_RANDOM
    case .sequential: MADV_SEQUENTIAL
    case .willNeed: MADV_WILLNEED
    case .dontNeed: MADV_DONTNEED
    }
  }
}

extension MemoryMapping {
  /// Writes changes to disk; other processes see the changes without this call.
  ///
  /// - Parameters:
  ///   - offset: A multiple of the page size.
  ///   - count: The number of bytes; nil for all bytes up to the end.
  ///   - waiting: Whether to wait until the changes are written. If false, the kernel writes them later.
  /// - Throws: ``IPCError`` with `.invalidArgument` if `offset` is misaligned; `.badAddress` if the range is outside
  ///   the mapping; `.ioError` if writing to disk failed.
  ///
  /// Calls `msync(2)` with `MS_SYNC` or `MS_ASYNC`.
  public func sync(at offset: Int = 0, count: Int? = nil, waiting: Bool = true) throws(IPCError) {
    let bytes = try unsafe range(at: offset, count: count)
    try Syscall.call(.msync, on: object) { unsafe msync(bytes.baseAddress, bytes.count, waiting ? MS_SYNC : MS_ASYNC) }
  }

  /// Advises the kernel about the expected use of the memory.
  ///
  /// - Parameters:
  ///   - advice: The expected use of the memory.
  ///   - offset: A multiple of the page size.
  ///   - count: The number of bytes; nil for all bytes up to the end.
  /// - Throws: ``IPCError`` with `.invalidArgument` if `offset` is misaligned; `.badAddress` if the range is outside
  ///   the mapping.
  ///
  /// Calls `madvise(2)`.
  public func advise(_ advice: MemoryAdvice, at offset: Int = 0, count: Int? = nil) throws(IPCError) {
    let bytes = try unsafe range(at: offset, count: count)
    try Syscall.call(.madvise, on: object) { unsafe madvise(bytes.baseAddress, bytes.count, advice.number) }
  }

  /// Locks the pages in memory: they are loaded now, and stay in RAM until they are unlocked or unmapped.
  ///
  /// Locks do not nest, belong to this process, and are not inherited by a child. After an error, some of the pages may
  /// be locked.
  ///
  /// - Parameters:
  ///   - offset: The offset in bytes; the whole page that contains it is locked.
  ///   - count: The number of bytes; nil for all bytes up to the end.
  /// - Throws: ``IPCError`` with `.noMemory` if more bytes would be locked than `RLIMIT_MEMLOCK` allows, if a page is
  ///   past the end of the object, or if the process would have too many mappings; `.notPermitted` if the limit is 0;
  ///   `.wouldBlock` (`EAGAIN`) if there is not enough memory; `.badAddress` if the range is outside the mapping. The
  ///   limit does not apply to a process with `CAP_IPC_LOCK`.
  ///
  /// Calls `mlock(2)`.
  public func lock(at offset: Int = 0, count: Int? = nil) throws(IPCError) {
    let bytes = try unsafe range(at: offset, count: count)
    try Syscall.call(.mlock, on: object) { unsafe mlock(bytes.baseAddress, bytes.count) }
  }

  /// Unlocks pages, however often they were locked.
  ///
  /// - Parameters:
  ///   - offset: The offset in bytes; the whole page that contains it is unlocked.
  ///   - count: The number of bytes; nil for all bytes up to the end.
  /// - Throws: ``IPCError`` with `.badAddress` if the range is outside the mapping; `.noMemory` if the process would have
  ///   too many mappings. After an error, some of the pages may be unlocked.
  ///
  /// Calls `munlock(2)`.
  public func unlock(at offset: Int = 0, count: Int? = nil) throws(IPCError) {
    let bytes = try unsafe range(at: offset, count: count)
    try Syscall.call(.munlock, on: object) { unsafe munlock(bytes.baseAddress, bytes.count) }
  }
}
