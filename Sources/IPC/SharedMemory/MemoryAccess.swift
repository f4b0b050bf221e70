/// What memory, or the object that it is mapped from, was opened for.
public protocol MemoryAccess {
  /// Whether the memory can be written.
  static var isWritable: Bool { get }
}

/// Memory that can only be read.
public enum ReadOnlyAccess: MemoryAccess {
  public static var isWritable: Bool { false }
}

/// Memory that can be read and written.
public enum ReadWriteAccess: MemoryAccess {
  public static var isWritable: Bool { true }
}
