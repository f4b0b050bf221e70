internal import Glibc
internal import SystemPackage

extension MemoryObject {
  /// Maps the object for what it was opened for. What one process writes the others see.
  ///
  /// - Parameters:
  ///   - offset: Where in the object to begin: a multiple of the page size.
  ///   - count: How many bytes; nil for all from there on. There may be more than the object has: they can be reached
  ///     once it has grown.
  /// - Throws: ``IPCError`` with `.invalidArgument` for another `offset`, and for 0 bytes, as a new object has;
  ///   `.notPermitted` when it is sealed against writing.
  ///
  /// Calls `mmap(2)` with `MAP_SHARED`.
  public func map(at offset: Int = 0, count: Int? = nil) throws(IPCError) -> MemoryMapping<Access> {
    try MemoryMapping(descriptor, at: offset, count: try self.count(count, from: offset), MAP_SHARED, object)
  }

  /// Maps the object for reading.
  ///
  /// What others write is seen.
  ///
  /// Calls `mmap(2)` with `MAP_SHARED`.
  public func mapReadOnly(at offset: Int = 0, count: Int? = nil) throws(IPCError) -> MemoryMapping<ReadOnly> {
    try MemoryMapping(descriptor, at: offset, count: try self.count(count, from: offset), MAP_SHARED, object)
  }

  /// Maps the object such that nobody else sees what is written, and the object does not get it: each page is this
  /// mapping's own from the first time that it is written. Whether others' changes of the rest are seen is not said.
  ///
  /// Calls `mmap(2)` with `MAP_PRIVATE`.
  public func mapPrivate(at offset: Int = 0, count: Int? = nil) throws(IPCError) -> MemoryMapping<ReadWrite> {
    try MemoryMapping(descriptor, at: offset, count: try self.count(count, from: offset), MAP_PRIVATE, object)
  }

  private func count(_ count: Int?, from offset: Int) throws(IPCError) -> Int {
    if let count { return count }
    return max(0, try status().size - max(0, offset))
  }
}
