internal import CIPC
internal import Synchronization
internal import SystemPackage

/// A lock in shared memory whose owner may die: the kernel marks it then, and the next one is told.
///
/// It is one word, the same for every language, C library and ABI: 0, or the number of the thread that has it. A
/// ``SharedMutex`` does the same in the layout of one C library. A thread has one of them at a time, and locks no mutex
/// meanwhile. `set_robust_list(2)`.
@safe struct RobustLock {
  let word: UnsafeMutablePointer<Atomic<UInt32>>

  enum Acquisition {
    case acquired
    /// It is acquired, and whoever had it died with it.
    case ownerDied
    case timedOut
  }

  /// Nobody who lives and runs has the lock for longer.
  private static let longestPossession = Duration.milliseconds(100)
  private static let spins = 100

  private static let number: UInt32 = 0x3fff_ffff
  private static let waiters: UInt32 = 0x8000_0000
  private static let died: UInt32 = 0x4000_0000

  /// Waits for whoever has the lock. Signals do not interrupt this.
  ///
  /// - Parameter patience: Where it is over, the lock is waited for a tenth of a second more: longer only somebody has
  ///   it who was stopped.
  /// - Throws: ``IPCError`` with `.deadlock` when this thread has it, or another; `ENOSYS` or `ENOTSUP` where the kernel
  ///   does not know such locks.
  func acquire(_ patience: Patience) throws(IPCError) -> Acquisition {
    let mine = try begin()
    let (isFree, seen) = exchange(0, mine)
    if isFree { return .acquired }
    let acquisition: Acquisition
    do throws(IPCError) { acquisition = try wait(mine, seen, patience) } catch {
      cipc_robust_end()
      throw error
    }
    if acquisition == .timedOut { cipc_robust_end() }
    return acquisition
  }

  private func wait(_ mine: UInt32, _ first: UInt32, _ patience: Patience) throws(IPCError) -> Acquisition {
    let end = Self.end(patience)
    var (seen, spins, slept) = (first, 0, UInt32(0))
    while true {
      if seen & Self.number == 0 {
        // Others may sleep behind this one, whom its release must wake.
        let (isFree, other) = exchange(seen, mine | slept | seen & Self.waiters)
        if isFree { return seen & Self.died == 0 ? .acquired : .ownerDied }
        seen = other
        continue
      }
      if seen & Self.number == mine {
        throw IPCError(call: "futex", errno: .deadlock)
      }
      spins += 1
      if spins > Self.spins, seen & Self.waiters != 0 || exchange(seen, seen | Self.waiters).0 {
        slept = Self.waiters
        // Who dies between releasing and waking may wake nobody: nobody sleeps for long without looking.
        let look = Deadline.after(Self.longestPossession)
        let until = end.map { min($0, look) } ?? look
        let result = try unsafe Kernel.sleep(
          while: word, is: seen | Self.waiters, nanoseconds: max(0, until.remaining), .retry)
        if result == .timedOut, let end, end.hasPassed, value & Self.number != 0 { return .timedOut }
      }
      seen = value
    }
  }

  /// Gives the lock to the next one.
  func release() {
    let seen = unsafe word.pointee.exchange(0, ordering: .acquiringAndReleasing)
    if seen & Self.waiters != 0 { unsafe Kernel.wake(word, 1) }
    cipc_robust_end()
  }

  private func begin() throws(IPCError) -> UInt32 {
    let number = try Kernel.call("get_robust_list") {
      // 0 is its failure, where others have -1.
      let number = unsafe cipc_robust_begin(word)
      return number == 0 ? -1 : Int64(number)
    }
    return UInt32(truncatingIfNeeded: number)
  }

  private static func end(_ patience: Patience) -> Deadline? {
    switch patience {
    case .none: .after(longestPossession)
    case .until(let deadline): max(deadline, .after(longestPossession))
    case .forever: nil
    }
  }

  private var value: UInt32 { unsafe word.pointee.load(ordering: .acquiring) }

  private func exchange(_ expected: UInt32, _ desired: UInt32) -> (Bool, UInt32) {
    unsafe word.pointee.compareExchange(
      expected: expected, desired: desired, ordering: .acquiringAndReleasing)
  }
}
