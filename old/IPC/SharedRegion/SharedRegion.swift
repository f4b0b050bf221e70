internal import CIPC
internal import Glibc
internal import Synchronization
internal import SystemPackage

/// Memory that processes share, for what they place in it: a ``POSIXSemaphore``, a ``SharedMutex``, a
/// ``SharedCondition``, a ``SharedBlock``, a ``Ring``, a ``SharedQueue``.
///
/// Each of these keeps the region, so that it is detached or unmapped only when the last of them has gone.
///
/// ```swift
/// let region = SharedRegion(try segment.attach())
/// let free = try POSIXSemaphore(making: 1, in: region, at: 0)
/// ```
///
/// What is placed is reached by its address. A mapped object must not be made shorter meanwhile: seal it against that
/// (``MemorySeals/shrink``), or let nobody open it who would.
public final class SharedRegion: Sendable {
  private let memory: Memory

  /// This region, for each address at which a ``SharedMutex`` was let go while it was locked: so it stays for that.
  private let held = Mutex<[Int: SharedRegion]>([:])

  private enum Memory: ~Copyable, @unchecked Sendable {
    case attached(SystemVSharedMemory.ReadWriteAttachment)
    case mapped(MemoryMapping<ReadWrite>)
    case anonymous(MappedPages)
  }

  /// Takes over an attached segment.
  public init(_ attachment: consuming SystemVSharedMemory.ReadWriteAttachment) { memory = .attached(attachment) }

  /// Takes over mapped memory.
  public init(_ mapping: consuming MemoryMapping<ReadWrite>) { memory = .mapped(mapping) }

  /// Makes memory for the threads of this process, and for children made by `fork(2)`. It begins with zeros.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` for less than 1 byte, `.noMemory`.
  ///
  /// Calls `mmap(2)` with `MAP_SHARED | MAP_ANONYMOUS`.
  public init(size: Int) throws(IPCError) {
    let address = try Kernel.call("mmap") {
      // A negative count is, as a size, beyond all memory; 0 is refused by the kernel.
      Int(bitPattern: unsafe mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))
    }
    guard let base = unsafe UnsafeMutableRawPointer(bitPattern: address) else {
      throw IPCError(call: "mmap", errno: .badAddress)
    }
    memory = unsafe .anonymous(MappedPages(taking: base, size))
  }

  /// In bytes.
  public var size: Int {
    switch memory {
    case .attached(let attachment): attachment.size
    case .mapped(let mapping): mapping.size
    case .anonymous(let pages): pages.size
    }
  }

  /// Keeps the region, though everybody lets it go, until the place is let go.
  func hold(_ place: UnsafeRawPointer) { held.withLock { $0[Int(bitPattern: place)] = self } }

  /// Ends that, and tells whether it was held.
  func letGo(_ place: UnsafeRawPointer) -> Bool {
    held.withLock { $0.removeValue(forKey: Int(bitPattern: place)) != nil }
  }

  /// The place of something, as aligned as its type must be.
  func place<Value: ~Copyable>(
    _ type: Value.Type, at offset: Int
  ) throws(IPCError) -> UnsafeMutablePointer<Value> {
    let address = try unsafe place(
      bytes: MemoryLayout<Value>.size, alignment: MemoryLayout<Value>.alignment, at: offset)
    return unsafe address.assumingMemoryBound(to: type)
  }

  /// The place of so many bytes. Their pages are there, or it throws: a mapping may be longer than its object, and its
  /// file system full.
  package func place(bytes count: Int, alignment: Int, at offset: Int) throws(IPCError) -> UnsafeMutableRawPointer {
    guard offset >= 0, offset <= size, count <= size - offset else {
      throw IPCError(call: "memcpy", errno: .badAddress)
    }
    // Segments and mappings begin at a page.
    guard offset % alignment == 0 else { throw IPCError(call: "memcpy", errno: .invalidArgument) }
    let base =
      switch memory {
      case .attached(let attachment): unsafe attachment.base
      case .mapped(let mapping): unsafe mapping.pages.base
      case .anonymous(let pages): unsafe pages.base
      }
    let address = unsafe base + offset
    switch Kernel.attempt(.retry, { unsafe cipc_populate(address, count) }) {
    // Before Linux 5.14 nobody tells.
    case .success, .failure(.invalidArgument): return unsafe address
    case .failure(let reason): throw IPCError(call: "madvise", errno: reason)
    }
  }
}
