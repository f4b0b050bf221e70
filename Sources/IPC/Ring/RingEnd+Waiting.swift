internal import Glibc
internal import Synchronization
internal import SystemPackage

extension RingEnd {
  /// How often the processor is given to others before a wait sleeps: a partner at work is often done by then.
  private static let tries = 16
  /// How long a wait sleeps, in nanoseconds, without looking whether the other side lives.
  private static let slice: Int64 = 50_000_000

  /// Waits until `needed` bytes can be taken or written; `.transferred` tells how many can.
  mutating func wait(
    for needed: UInt64, _ patience: Patience, _ interruption: Interruption
  ) throws(IPCError) -> RingResult {
    // The other side has let a whole slice pass: then it is looked whether it lives.
    var isOverdue = false
    while true {
      var there = try available()
      var tries = patience == .none ? 0 : Self.tries
      while there < needed, tries > 0 {
        sched_yield()
        there = try available()
        tries -= 1
      }
      if there >= needed { return .transferred(Int(there)) }

      let rest = patience.nanoseconds
      let word = unsafe header.sleeps(role)
      unsafe word.pointee.store(1, ordering: .sequentiallyConsistent)
      defer { unsafe word.pointee.store(0, ordering: .relaxed) }
      atomicMemoryFence(ordering: .sequentiallyConsistent)
      // Asked before the position: what was made visible before the end is seen after it.
      let owner = otherOwner
      let look = isOverdue || rest == nil ? Result { () throws(IPCError) in sees ? try owner.isDead() : false } : nil
      if try available() >= needed { continue }
      if owner == .closed { return .closed }
      if try look?.get() == true { return .partnerDied }
      guard let rest else { return patience == .none ? .wouldBlock : .timedOut }
      let slept = try unsafe Kernel.sleep(
        while: word, is: 1, nanoseconds: rest < 0 ? Self.slice : min(rest, Self.slice), interruption)
      isOverdue = slept == .timedOut
    }
  }
}
