internal import CIPC
internal import Synchronization
internal import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Memory that contains shared objects: a ``SharedMutex``, ``ConditionVariable``, ``SharedRWLock``, ``SharedBarrier``,
/// ``POSIXSemaphore``, ``SharedBlock``, ring or ``SharedQueue``, and the program's own values.
///
/// ```swift
/// let region = SharedRegion(try object.map())
/// let mutex = try SharedMutex.open(in: region, at: 0)
/// try mutex.withLock {
///   try region.store(try region.load(as: UInt64.self, at: 64) + 1, at: 64)
/// }
/// ```
///
/// Each object in the region keeps a reference to the region. The memory is unmapped or detached when the last
/// reference is released.
///
/// The objects are accessed in place. If another process truncates the mapped object, the next access raises `SIGBUS`:
/// see ``MappedBytes``.
@safe public final class SharedRegion: MappedBytes, @unchecked Sendable {
  /// The access mode of every region: read-write.
  public typealias Access = ReadWriteAccess

  /// The number of bytes.
  public let size: Int
  /// Whether another process may be able to truncate the object, so that an in-place access raises `SIGBUS`.
  public let canShrink: Bool
  /// The object named in errors.
  public let object: IPCError.Object?
  /// The address of the first byte, which is valid as long as this object exists.
  @unsafe public let baseAddress: UnsafeMutableRawPointer

  private let memory: AnyObject

  /// The addresses of locked mutexes that keep this region mapped, each with a count.
  ///
  /// A ``SharedMutex`` value at such an address was destroyed while the mutex was locked, so the C library still has
  /// the address in its list of robust mutexes.
  private let held = Mutex<[Int: (region: SharedRegion, count: Int)]>([:])

  /// Takes ownership of mapped or attached memory.
  public init<Memory: MappedBytes & Sendable & ~Copyable>(
    _ memory: consuming Memory
  ) where Memory.Access == ReadWriteAccess {
    size = memory.size
    canShrink = memory.canShrink
    object = memory.object
    unsafe baseAddress = memory.baseAddress
    self.memory = Owner(memory)
  }

  private final class Owner<Memory: Sendable & ~Copyable>: Sendable {
    let memory: Memory
    init(_ memory: consuming Memory) { self.memory = memory }
  }

  /// Creates zeroed memory for the threads of this process and for children created with `fork(2)`.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` if `size` is less than 1; `.noMemory`.
  ///
  /// Calls `mmap(2)` with `MAP_SHARED | MAP_ANONYMOUS`.
  public init(size: Int) throws(IPCError) {
    // The kernel would report a negative size as ENOMEM.
    guard size > 0 else { throw IPCError(.mmap, .invalidArgument) }
    let pages = try MappedPages(size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, at: 0, on: nil)
    self.size = size
    canShrink = false
    object = nil
    unsafe baseAddress = pages.base
    memory = Owner(pages)
  }

  /// Keeps the region mapped until ``letGo(_:)`` has been called `count` times for `place`.
  func hold(_ place: UnsafeRawPointer, _ count: Int) {
    held.withLock { $0[Int(bitPattern: place), default: (self, 0)].count += count }
  }

  /// Undoes one ``hold(_:)``, and returns whether the address was held.
  func letGo(_ place: UnsafeRawPointer) -> Bool {
    held.withLock { held in
      guard let count = held[Int(bitPattern: place)]?.count else { return false }
      if count > 1 {
        held[Int(bitPattern: place)]?.count = count - 1
      } else {
        held[Int(bitPattern: place)] = nil
      }
      return true
    }
  }

  /// Returns the address of a value whose type has the same alignment as its C counterpart.
  func place<Value: ~Copyable>(
    _ type: Value.Type, at offset: Int
  ) throws(IPCError) -> UnsafeMutablePointer<Value> {
    let address = try unsafe place(
      bytes: MemoryLayout<Value>.size, alignment: MemoryLayout<Value>.alignment, at: offset)
    return unsafe address.assumingMemoryBound(to: type)
  }

  /// Returns the address of `count` bytes; the address is valid as long as the region exists.
  ///
  /// This populates the pages, and throws an error if the mapping is longer than its object or the file system is full.
  /// Otherwise, a later access would raise `SIGBUS` in these cases.
  ///
  /// - Throws: ``IPCError`` with `.badAddress` if the range is outside the memory or the object; `.invalidArgument` if
  ///   the offset is misaligned.
  package func place(bytes count: Int, alignment: Int, at offset: Int) throws(IPCError) -> UnsafeMutableRawPointer {
    let address = try unsafe place(count, alignment, at: offset)
    switch Syscall.result({ unsafe cipc_populate(address, count) }) {
    // Linux before 5.14 has no MADV_POPULATE_WRITE.
    case .success, .failure(.invalidArgument): return unsafe address
    case .failure(let reason): throw IPCError(.madvise, reason, on: object)
    }
  }
}
