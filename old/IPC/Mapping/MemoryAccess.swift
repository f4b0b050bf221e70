/// What memory, and what it is mapped from, was opened for.
public protocol MemoryAccess {
  static var isWritable: Bool { get }
}

/// Memory that can be read: it has no way to be written.
public enum ReadOnly: MemoryAccess {
  public static var isWritable: Bool { false }
}

/// Memory that can be read and written.
public enum ReadWrite: MemoryAccess {
  public static var isWritable: Bool { true }
}
