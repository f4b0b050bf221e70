internal import Synchronization
internal import SystemPackage

/// A word in shared memory on which threads sleep until something has happened. It is odd when somebody may.
///
/// Only who has the lock changes it, and says that something has happened before it does it: who is woken waits for the
/// lock then, and who dies in between is found out there.
@safe struct QueueEvent {
  let word: UnsafeMutablePointer<Atomic<UInt32>>

  /// Says that this thread is about to sleep, and returns what it is to find when it does.
  func announce() -> UInt32 { unsafe word.pointee.bitwiseOr(1, ordering: .acquiringAndReleasing).newValue }

  /// Wakes all who sleep, or are about to.
  func tell() {
    guard unsafe word.pointee.load(ordering: .relaxed) & 1 == 1 else { return }
    unsafe word.pointee.wrappingAdd(1, ordering: .acquiringAndReleasing)
    unsafe Kernel.wake(word, .max)
  }

  /// Sleeps until the event is told. False when the deadline has passed.
  func wait(
    _ announced: UInt32, until deadline: Deadline?, _ interruption: Interruption
  ) throws(IPCError) -> Bool {
    let nanoseconds = deadline.map { max(0, $0.remaining) } ?? -1
    return try unsafe Kernel.sleep(while: word, is: announced, nanoseconds: nanoseconds, interruption) == .woken
  }
}
