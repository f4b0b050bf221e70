internal import CIPC
internal import Glibc

/// Pages of this process's address space, which are unmapped when their owner goes.
@safe package struct MappedPages: ~Copyable {
  package private(set) var base: UnsafeMutableRawPointer
  /// In bytes.
  package private(set) var size: Int

  init(taking base: UnsafeMutableRawPointer, _ size: Int) {
    unsafe self.base = base
    self.size = size
  }

  // A safety net: nobody is left to whom a failure could be told.
  deinit { unsafe munmap(base, size) }

  consuming func unmap(_ object: IPCError.Object) throws(IPCError) {
    let (base, size) = unsafe (base, size)
    discard self
    try Kernel.call("munmap", on: object) { unsafe munmap(base, size) }
  }

  /// They stay as they were when it fails.
  mutating func resize(to count: Int, _ object: IPCError.Object) throws(IPCError) {
    var address: UnsafeMutableRawPointer? = unsafe base
    let before = size
    try Kernel.call("mremap", on: object) { unsafe cipc_mremap(&address, before, count) }
    if let address = unsafe address { unsafe base = address }
    size = count
  }
}
