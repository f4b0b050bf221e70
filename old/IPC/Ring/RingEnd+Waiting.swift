internal import Synchronization
internal import SystemPackage

extension RingEnd {
  /// How long a wait looks before it sleeps, in nanoseconds: as long as a sleep and its end cost, so that looking in vain
  /// at most doubles that. It keeps the processor: who gives it away has it back after all others.
  private static let lookingTime: Int64 = 10_000
  /// How far apart the looks are: each takes the line in the cache from who writes it.
  private static let interval: Int64 = 250
  /// After a look in vain only one wait of so many begins with one.
  private static let waitsToALook: UInt32 = 8
  /// How long a wait sleeps without looking whether the other side lives.
  private static let slice: Int64 = 50_000_000

  /// Waits until `needed` bytes can be taken or written; `.transferred` tells how many can.
  mutating func wait(
    for needed: UInt64, _ patience: Patience, _ interruption: Interruption
  ) throws(IPCError) -> RingResult {
    while true {
      let there = try look(for: needed, patience)
      if there >= needed {
        due = .max
        return .transferred(Int(there))
      }

      let (now, rest) = (Deadline.now.nanoseconds, patience.nanoseconds)
      let word = unsafe header.sleeps(role)
      unsafe word.pointee.store(1, ordering: .sequentiallyConsistent)
      defer { unsafe word.pointee.store(0, ordering: .relaxed) }
      atomicMemoryFence(ordering: .sequentiallyConsistent)
      // Asked before the position: what was made visible before the end is seen after it.
      let owner = otherOwner
      let looks = rest == nil || now >= due
      let isDead = looks ? Result { () throws(IPCError) in sees ? try owner.isDead() : false } : nil
      if try available() >= needed { continue }
      if owner == .closed { return .closed }
      if try isDead?.get() == true { return .partnerDied }
      guard let rest else { return patience == .none ? .wouldBlock : .timedOut }
      // Kept from sleep to sleep: what interrupts them may come more often.
      if looks || due == .max { due = now + Self.slice }
      _ = try unsafe Kernel.sleep(
        while: word, is: 1, nanoseconds: rest < 0 ? due - now : min(rest, due - now), interruption)
    }
  }

  /// Looks for a moment whether `needed` bytes can be taken or written, and returns how many can.
  private mutating func look(for needed: UInt64, _ patience: Patience) throws(IPCError) -> UInt64 {
    var there = try available()
    if there >= needed || patience == .none { return there }
    defer { waitsInVain = there >= needed ? 0 : waitsInVain &+ 1 }
    guard waitsInVain % Self.waitsToALook == 0 else { return there }
    var now = Deadline.now.nanoseconds
    var until = now + Self.lookingTime
    if case .until(let deadline) = patience { until = min(until, deadline.nanoseconds) }
    while there < needed, now < until {
      let next = now + Self.interval
      while now < next { now = Deadline.now.nanoseconds }
      there = try available()
    }
    return there
  }
}
