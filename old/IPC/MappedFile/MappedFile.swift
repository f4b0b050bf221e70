/// Files as memory: a regular file, mapped into the address spaces of those who share it.
///
/// ```swift
/// let file = try MappedFile.ReadOnlyObject(opening: "/var/lib/thermometer/readings")
/// let memory = try file.map()
/// let latest = try memory.bytes(at: 16, count: 8)
/// ```
///
/// What one process writes is at once what the others see in their mappings, and what `read(2)` returns. It is on the disk
/// some time later, or after ``MemoryMapping/sync(at:count:waiting:)``.
///
/// `mmap(2)`.
public enum MappedFile {
  public typealias ReadOnlyObject = MemoryObject<ReadOnly>
  public typealias ReadWriteObject = MemoryObject<ReadWrite>
}
