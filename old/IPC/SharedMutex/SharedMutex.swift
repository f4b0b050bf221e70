internal import Glibc
internal import Synchronization
internal import SystemPackage

/// A mutex between processes, in memory that they share.
///
/// It tells what others keep silent about: that its owner died (``LockResult/ownerDied``), that its owner locks it again,
/// that somebody unlocks it who has not locked it.
///
/// ```swift
/// let mutex = try SharedMutex(in: region, at: 0)
/// switch try mutex.lock() {
/// case .ownerDied:
///   repair()
///   try mutex.makeConsistent()
/// default: break
/// }
/// defer { try? mutex.unlock() }
/// ```
///
/// It belongs to the thread that locked it.
///
/// `pthread_mutexattr_setrobust(3)`, `pthread_mutexattr_setpshared(3)`.
@safe public struct SharedMutex: ~Copyable, @unchecked Sendable {
  let address: UnsafeMutablePointer<pthread_mutex_t>
  let region: SharedRegion
  /// Whether it was locked by this value, and not unlocked by it since. Where another unlocked it, the region may stay
  /// for nothing; where it is locked, it stays.
  let isLocked = Atomic(false)

  /// How many bytes a mutex takes in shared memory.
  public static var size: Int { unsafe MemoryLayout<pthread_mutex_t>.size }

  /// The mutex that another process made at this place. What is no mutex is taken for one.
  ///
  /// - Throws: ``IPCError`` with `.badAddress` when it would not lie in the region, `.invalidArgument` for an offset that
  ///   is not a multiple of 8.
  public init(in region: SharedRegion, at offset: Int) throws(IPCError) {
    unsafe address = try unsafe region.place(pthread_mutex_t.self, at: offset)
    self.region = region
  }

  // The C library links what a thread has locked by address, and writes there when it locks or unlocks the next one.
  deinit { if isLocked.load(ordering: .relaxed) { unsafe region.hold(address) } }

  /// Makes a mutex in shared memory, unlocked. Nobody may use one that is there already.
  ///
  /// - Parameter offset: Where: a multiple of 8.
  /// - Throws: ``IPCError`` as for one that is there.
  ///
  /// Calls `pthread_mutex_init(3)` with `PTHREAD_PROCESS_SHARED`, `PTHREAD_MUTEX_ROBUST` and
  /// `PTHREAD_MUTEX_ERRORCHECK`.
  public init(makingIn region: SharedRegion, at offset: Int) throws(IPCError) {
    try unsafe Self.make(try unsafe region.place(pthread_mutex_t.self, at: offset))
    try self.init(in: region, at: offset)
  }

  private static func make(_ address: UnsafeMutablePointer<pthread_mutex_t>) throws(IPCError) {
    var attributes = pthread_mutexattr_t()
    try Kernel.perform("pthread_mutexattr_init") { unsafe pthread_mutexattr_init(&attributes) }
    defer { _ = unsafe pthread_mutexattr_destroy(&attributes) }
    try Kernel.perform("pthread_mutexattr_setpshared") {
      unsafe pthread_mutexattr_setpshared(&attributes, Int32(PTHREAD_PROCESS_SHARED))
    }
    try Kernel.perform("pthread_mutexattr_setrobust") {
      unsafe pthread_mutexattr_setrobust(&attributes, Int32(PTHREAD_MUTEX_ROBUST))
    }
    try Kernel.perform("pthread_mutexattr_settype") {
      unsafe pthread_mutexattr_settype(&attributes, Int32(PTHREAD_MUTEX_ERRORCHECK))
    }
    try Kernel.perform("pthread_mutex_init") { unsafe pthread_mutex_init(address, &attributes) }
  }

  /// Ends the mutex. Nobody may have it locked, which is not checked, and nobody may use it afterwards.
  ///
  /// Calls `pthread_mutex_destroy(3)`.
  public consuming func destroy() throws(IPCError) {
    try Kernel.perform("pthread_mutex_destroy") { unsafe pthread_mutex_destroy(address) }
  }
}
