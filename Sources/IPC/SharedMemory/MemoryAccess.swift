/// The access to memory that an object was opened, mapped or attached with.
public protocol MemoryAccess: Sendable {
  /// Whether the memory can be written.
  static var isWritable: Bool { get }
}

/// Memory that can only be read: it has no calls that write.
public struct ReadOnlyAccess: MemoryAccess {
  public static var isWritable: Bool { false }
  @inlinable public init() {}
}

/// Memory that can be read and written.
public struct ReadWriteAccess: MemoryAccess {
  public static var isWritable: Bool { true }
  @inlinable public init() {}
}

extension MemoryAccess where Self == ReadOnlyAccess {
  /// Only for reading.
  @inlinable public static var readOnly: ReadOnlyAccess { ReadOnlyAccess() }
}

extension MemoryAccess where Self == ReadWriteAccess {
  /// For reading and writing.
  @inlinable public static var readWrite: ReadWriteAccess { ReadWriteAccess() }
}
