internal import CIPC
internal import Glibc
internal import SystemPackage

/// Memory that this process shares through a ``MemoryObject``, or, mapped privately, has a copy of.
///
/// It is unmapped when its owner goes. The object, and its descriptor, may be closed and its name be removed before.
/// Others may write while this process reads: what may be seen when, processes agree on by other means, such as
/// ``SystemVSemaphores``.
///
/// Bytes are copied in and out by the kernel. So whatever numbers come from outside, and whoever makes the object
/// shorter meanwhile, an access ends with an ``IPCError``, never with `SIGSEGV` or `SIGBUS`.
public struct MemoryMapping<Access: MemoryAccess>: ~Copyable {
  /// For what this package builds in mapped memory. Whoever follows its address may meet the end of the object.
  package private(set) var pages: MappedPages

  /// What an error says that it is about.
  let object: IPCError.Object

  init(
    _ descriptor: FileDescriptor, at offset: Int, count: Int, _ sharing: Int32, _ object: IPCError.Object
  ) throws(IPCError) {
    let protection = Access.isWritable ? PROT_READ | PROT_WRITE : PROT_READ
    let address = try Kernel.call("mmap", on: object) {
      // A negative count is, as a size, beyond all memory; 0 is refused by the kernel.
      Int(bitPattern: unsafe mmap(nil, count, protection, sharing, descriptor.rawValue, offset))
    }
    guard let base = unsafe UnsafeMutableRawPointer(bitPattern: address) else {
      throw IPCError(call: "mmap", errno: .badAddress, object: object)
    }
    pages = unsafe MappedPages(taking: base, count)
    self.object = object
  }

  /// Maps the same memory once more, as for a ``SharedRegion``, which takes over what it is made of.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` for what is mapped privately.
  ///
  /// Calls `mremap(2)` of 0 bytes.
  public func mapAgain() throws(IPCError) -> MemoryMapping { try MemoryMapping(again: self) }

  private init(again other: borrowing MemoryMapping) throws(IPCError) {
    let (base, count) = unsafe (other.pages.base, other.pages.size)
    let address = try Kernel.call("mremap", on: other.object) {
      Int(bitPattern: unsafe cipc_map_again(base, count))
    }
    guard let again = unsafe UnsafeMutableRawPointer(bitPattern: address) else {
      throw IPCError(call: "mremap", errno: .badAddress, object: other.object)
    }
    pages = unsafe MappedPages(taking: again, count)
    object = other.object
  }

  /// In bytes, as it was mapped. The object may be shorter: what lies in a page beyond its end is `.badAddress`.
  public var size: Int { pages.size }

  /// Takes the memory out of the address space of this process.
  ///
  /// Calls `munmap(2)`.
  public consuming func unmap() throws(IPCError) { try pages.unmap(object) }

  /// Makes the mapping longer, as when the object has grown, or shorter. It may move, which nobody sees.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` for less than 1 byte, `.noMemory`. The mapping stays as it was then.
  ///
  /// Calls `mremap(2)`.
  public mutating func resize(to count: Int) throws(IPCError) { try pages.resize(to: count, object) }
}
