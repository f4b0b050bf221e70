internal import CIPC
internal import Synchronization
internal import SystemPackage

/// A lock in shared memory that remains usable if its owner dies: the kernel marks the lock, and the next owner can
/// repair the data.
///
/// The lock is a single word: 0, or the ID of the thread that owns the lock. The format is the same for every language,
/// C library and ABI. A ``SharedMutex`` is also robust, but its layout is specific to one C library. A thread can own
/// only one of these locks at a time, and must not lock a robust mutex while it owns one, because the C library then
/// clears the thread's record of the lock. All threads must be in the same PID namespace.
///
/// The implementation uses `set_robust_list(2)`.
@safe struct RobustLock {
  let word: UnsafeMutablePointer<Atomic<UInt32>>

  enum Acquisition {
    case acquired
    /// The lock was acquired, and its previous owner had died while holding it.
    case ownerDied
    case timedOut
  }

  /// The maximum time in nanoseconds that a running thread holds the lock.
  private static let longestHold: Int64 = 100_000_000
  private static let spins = Spin.time / Spin.interval

  private static let number: UInt32 = 0x3fff_ffff
  private static let waiters: UInt32 = 0x8000_0000
  private static let died: UInt32 = 0x4000_0000

  /// Waits for the lock.
  ///
  /// Signals do not interrupt this call.
  ///
  /// - Parameter timeout: How long to wait. After the timeout, the call waits up to 0.1 s longer, because a running
  ///   thread releases the lock within that time.
  /// - Returns: Whether the lock was acquired, and whether its previous owner died.
  /// - Throws: ``IPCError`` with `.deadlock` if this thread owns this or another lock; `ENOSYS` or `ENOTSUP` if the
  ///   kernel does not support such locks.
  @inline(__always)
  func acquire(_ timeout: Timeout) throws(IPCError) -> Acquisition {
    let mine = unsafe cipc_robust_begin(word)
    if mine == 0 { throw IPCError(.getRobustList, Syscall.lastError) }
    let (isFree, seen) = exchange(0, mine)
    return isFree ? .acquired : try acquireSlowly(mine, seen, timeout)
  }

  @inline(never)
  private func acquireSlowly(_ mine: UInt32, _ seen: UInt32, _ timeout: Timeout) throws(IPCError) -> Acquisition {
    let acquisition: Acquisition
    do throws(IPCError) { acquisition = try wait(mine, seen, timeout) } catch {
      cipc_robust_end()
      throw error
    }
    if acquisition == .timedOut { cipc_robust_end() }
    return acquisition
  }

  private func wait(_ mine: UInt32, _ first: UInt32, _ timeout: Timeout) throws(IPCError) -> Acquisition {
    let end = timeout.isNever ? .max : max(timeout.monotonicNanoseconds, MonotonicTime.now + Self.longestHold)
    var (seen, spins, slept) = (first, Int64(0), UInt32(0))
    while true {
      if seen & Self.number == 0 {
        // Other threads may have gone to sleep after this thread, so it must wake them when it releases the lock.
        let (isFree, other) = exchange(seen, mine | slept | seen & Self.waiters)
        if isFree { return seen & Self.died == 0 ? .acquired : .ownerDied }
        seen = other
        continue
      }
      if seen & Self.number == mine {
        throw IPCError(.futex, .deadlock)
      }
      spins += 1
      if spins <= Self.spins {
        _ = Spin.pause(after: MonotonicTime.now)
      } else if seen & Self.waiters != 0 || exchange(seen, seen | Self.waiters).0 {
        slept = Self.waiters
        // A thread can die after it has released the lock and before it wakes a sleeping thread, so a sleeping thread
        // checks the word from time to time.
        let now = MonotonicTime.now
        let result = try unsafe Futex.wait(
          while: word, is: seen | Self.waiters, nanoseconds: max(0, min(end - now, Self.longestHold)),
          retryOnInterrupt: true)
        if result == .timedOut, MonotonicTime.now >= end, value & Self.number != 0 { return .timedOut }
      }
      seen = value
    }
  }

  /// Releases the lock and wakes the next thread.
  @inline(__always)
  func release() {
    let seen = unsafe word.pointee.exchange(0, ordering: .acquiringAndReleasing)
    if seen & Self.waiters != 0 { unsafe Futex.wake(word, 1) }
    cipc_robust_end()
  }

  private var value: UInt32 { unsafe word.pointee.load(ordering: .acquiring) }

  @inline(__always)
  private func exchange(_ expected: UInt32, _ desired: UInt32) -> (Bool, UInt32) {
    unsafe word.pointee.compareExchange(
      expected: expected, desired: desired, ordering: .acquiringAndReleasing)
  }
}

/// A word in shared memory on which threads sleep until an event happens.
///
/// The word is odd while a thread may be sleeping. Only the owner of the lock changes the word. The owner signals the
/// event before it makes the change that the event reports; a woken thread then waits for the lock, which reports
/// whether the owner died.
@safe struct QueueEvent {
  let word: UnsafeMutablePointer<Atomic<UInt32>>

  /// Records that this thread is about to sleep, and returns the value to sleep on.
  func announce() -> UInt32 { unsafe word.pointee.bitwiseOr(1, ordering: .acquiringAndReleasing).newValue }

  /// Wakes all threads that are sleeping or about to sleep.
  @inline(__always)
  func signal() {
    guard unsafe word.pointee.load(ordering: .relaxed) & 1 == 1 else { return }
    unsafe word.pointee.wrappingAdd(1, ordering: .acquiringAndReleasing)
    unsafe Futex.wake(word, .max)
  }

  /// Sleeps until the event is signaled; returns false if the timeout has expired.
  func wait(_ announced: UInt32, _ timeout: Timeout, _ retryOnInterrupt: Bool) throws(IPCError) -> Bool {
    let result = try unsafe Futex.wait(
      while: word, is: announced, nanoseconds: timeout.nanoseconds ?? 0, retryOnInterrupt: retryOnInterrupt)
    return result == .woken
  }

  /// Records that this thread is about to sleep, and returns the entry for a wait on several events.
  var waiter: cipc_futex_waiter { unsafe cipc_futex_waiter(word, announce()) }

  /// Sleeps until one of several events is signaled; returns false if the timeout has expired.
  static func wait(
    forAnyOf waiters: [cipc_futex_waiter], _ timeout: Timeout, _ retryOnInterrupt: Bool
  ) throws(IPCError) -> Bool {
    let deadline = timeout.isNever ? -1 : max(0, timeout.monotonicNanoseconds)
    let result = Syscall.result(retryOnInterrupt: retryOnInterrupt) {
      unsafe cipc_futex_wait_any(waiters, UInt32(waiters.count), deadline)
    }
    switch result {
    // `.wouldBlock` means that a word had already changed.
    case .success, .failure(.wouldBlock): return true
    case .failure(.timedOut): return false
    case .failure(let reason): throw IPCError(.futexWaitAny, reason)
    }
  }
}
