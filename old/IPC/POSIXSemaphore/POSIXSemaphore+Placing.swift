internal import Glibc
internal import SystemPackage

extension POSIXSemaphore {
  /// How many bytes a semaphore takes in shared memory.
  public static var size: Int { MemoryLayout<sem_t>.size }

  /// Makes a semaphore in shared memory. Nobody may wait on one that is there already.
  ///
  /// - Parameters:
  ///   - value: What it begins with.
  ///   - offset: Where: a multiple of 8.
  /// - Throws: ``IPCError`` with `.invalidArgument` for a value beyond ``maximumValue``, or another offset; `.badAddress`
  ///   when there is no room for it.
  ///
  /// Calls `sem_init(3)`.
  public init(making value: UInt32, in region: SharedRegion, at offset: Int) throws(IPCError) {
    let address = try unsafe region.place(sem_t.self, at: offset)
    try Kernel.call("sem_init") { unsafe sem_init(address, 1, value) }
    unsafe self.init(placed: address, in: region, isNew: true)
  }

  /// The semaphore that another process made at this place. What is no semaphore is taken for one.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` or `.badAddress`, as for making one.
  public init(in region: SharedRegion, at offset: Int) throws(IPCError) {
    unsafe self.init(placed: try region.place(sem_t.self, at: offset), in: region, isNew: false)
  }

  /// Ends a semaphore in shared memory. Nobody may wait on it, and nobody may use it afterwards.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` for a named one, which is closed instead.
  ///
  /// Calls `sem_destroy(3)`.
  public consuming func destroy() throws(IPCError) {
    guard !isNamed else { throw IPCError(call: "sem_destroy", errno: .invalidArgument, object: object) }
    try Kernel.call("sem_destroy", on: object) { unsafe sem_destroy(address) }
  }
}
