internal import SystemPackage

/// Memory that processes share, for what they place in it: a ``POSIXSemaphore``, a ``SharedMutex``, a
/// ``SharedCondition``.
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

  private enum Memory: ~Copyable, @unchecked Sendable {
    case attached(SystemVSharedMemory.ReadWriteAttachment)
    case mapped(MemoryMapping<ReadWrite>)
  }

  /// Takes over an attached segment.
  public init(_ attachment: consuming SystemVSharedMemory.ReadWriteAttachment) { memory = .attached(attachment) }

  /// Takes over mapped memory.
  public init(_ mapping: consuming MemoryMapping<ReadWrite>) { memory = .mapped(mapping) }

  /// In bytes.
  public var size: Int {
    switch memory {
    case .attached(let attachment): attachment.size
    case .mapped(let mapping): mapping.size
    }
  }

  /// The place of something, as aligned as its type must be.
  func place<Value>(_ type: Value.Type, at offset: Int) throws(IPCError) -> UnsafeMutablePointer<Value> {
    guard offset >= 0, offset <= size, MemoryLayout<Value>.size <= size - offset else {
      throw IPCError(call: "memcpy", errno: .badAddress)
    }
    // Segments and mappings begin at a page.
    guard offset % MemoryLayout<Value>.alignment == 0 else {
      throw IPCError(call: "memcpy", errno: .invalidArgument)
    }
    let base =
      switch memory {
      case .attached(let attachment): unsafe attachment.base
      case .mapped(let mapping): unsafe mapping.pages.base
      }
    return unsafe (base + offset).assumingMemoryBound(to: type)
  }
}
