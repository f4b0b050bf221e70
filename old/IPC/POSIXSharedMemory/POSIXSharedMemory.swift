/// POSIX shared memory: bytes under a name, which every process that is permitted to can map.
///
/// ```swift
/// let name = try POSIXSharedMemory.Name(validating: "/readings")
/// let object = try POSIXSharedMemory.ReadWriteObject(creating: name, permissions: .ownerReadWrite)
/// try object.resize(to: 4096)
/// let memory = try object.map()
/// try memory.write(reading.span, at: 16)
/// ```
///
/// What is opened read-only cannot be mapped for writing: its type has no way to. The memory lives in the kernel until its
/// name is removed (``Name/unlink()``) and everyone has closed and unmapped it. Memory without a name is made by
/// ``MemoryObject/init(anonymous:sealable:)``.
///
/// `shm_overview(7)`.
public enum POSIXSharedMemory {
  public typealias ReadOnlyObject = MemoryObject<ReadOnly>
  public typealias ReadWriteObject = MemoryObject<ReadWrite>
}
