internal import CIPC
internal import Synchronization
internal import SystemPackage

/// One end of a ring. What stands here was checked, and nobody else can change it.
struct RingEnd: ~Copyable, @unchecked Sendable {
  let header: RingHeader
  let role: RingHeader.Role
  let capacity: UInt64
  /// How many bytes this end has made visible, or taken.
  var position: UInt64
  /// How many the other has, as last seen.
  var otherPosition: UInt64
  /// Waits since looking was enough.
  var waitsInVain: UInt32 = 0
  /// When a wait is to look whether the other side lives; `.max` since what was waited for came.
  var due = Int64.max
  /// Whether the numbers of processes, and when they started, mean here what they mean to the maker of the ring.
  let sees: Bool
  private let owner: RingOwner

  /// Takes an end for this process, unless somebody who lives has it. Goes on where its last owner stopped.
  init(_ role: RingHeader.Role, of content: UInt32, in region: SharedRegion, at offset: Int) throws(IPCError) {
    func failure(_ reason: Errno) -> IPCError { IPCError(call: "ring_open", errno: reason) }
    let header = unsafe RingHeader(
      try unsafe region.place(bytes: RingHeader.size, alignment: RingHeader.alignment, at: offset), region)
    guard unsafe header.magic.pointee.load(ordering: .acquiring) == RingHeader.magic else {
      throw failure(.invalidArgument)
    }
    guard unsafe header.version.pointee.load(ordering: .relaxed) == RingHeader.version else {
      throw failure(.protocolNotSupported)
    }
    guard unsafe header.content.pointee.load(ordering: .relaxed) == content else { throw failure(.invalidArgument) }
    // Read once: from here on the capacity is ours.
    let capacity = unsafe header.capacity.pointee.load(ordering: .relaxed)
    let room = UInt64(region.size - offset - RingHeader.size)
    guard RingHeader.isPossible(capacity: capacity), capacity <= room else { throw failure(.badMessage) }
    _ = try unsafe region.place(
      bytes: RingHeader.size + Int(capacity), alignment: RingHeader.alignment, at: offset)
    let here = try RingNamespaces.own()
    let sees = here.pid != 0 && here == header.namespaces
    let owner = sees ? try RingOwner.thisProcess() : .unseen
    let before = try unsafe Self.claim(header.owner(role), for: owner, sees)
    unsafe header.sleeps(role).pointee.store(0, ordering: .sequentiallyConsistent)
    let position = unsafe header.position(role).pointee.load(ordering: .sequentiallyConsistent)
    let otherPosition = unsafe header.position(role.other).pointee.load(ordering: .sequentiallyConsistent)
    let used = role == .producer ? position &- otherPosition : otherPosition &- position
    let isAskew = content == RingRecords.code && (position | otherPosition) % 8 != 0
    guard used <= capacity, !isAskew else {
      unsafe header.owner(role).pointee.store(before.word, ordering: .sequentiallyConsistent)
      throw failure(.badMessage)
    }
    self.header = header
    self.role = role
    self.capacity = capacity
    self.position = position
    self.otherPosition = otherPosition
    self.sees = sees
    self.owner = owner
  }

  /// Who had the end before.
  private static func claim(
    _ word: UnsafeMutablePointer<Atomic<UInt64>>, for owner: RingOwner, _ sees: Bool
  ) throws(IPCError) -> RingOwner {
    while true {
      let before = RingOwner(word: unsafe word.pointee.load(ordering: .sequentiallyConsistent))
      if before == .closed { throw IPCError(call: "ring_open", errno: .brokenPipe) }
      if before != .nobody, !(sees ? try before.isDead() : false) {
        throw IPCError(call: "ring_open", errno: .resourceBusy)
      }
      let (exchanged, _) = unsafe word.pointee.compareExchange(
        expected: before.word, desired: owner.word, ordering: .sequentiallyConsistent)
      if exchanged { return before }
    }
  }

  // A safety net, and all that there is to closing: nothing of it can fail.
  deinit {
    _ = unsafe header.owner(role).pointee.compareExchange(
      expected: owner.word, desired: RingOwner.closed.word, ordering: .sequentiallyConsistent)
    wakeOther()
  }

  /// Wakes the other side if it sleeps, or is about to.
  func wakeOther() {
    // Keeps what was stored before from being seen after the load: the other side stores this word, and looks again.
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    let word = unsafe header.sleeps(role.other)
    if unsafe word.pointee.load(ordering: .relaxed) != 0 {
      unsafe word.pointee.store(0, ordering: .relaxed)
      unsafe Kernel.wake(word, 1)
    }
  }

  var otherOwner: RingOwner {
    RingOwner(word: unsafe header.owner(role.other).pointee.load(ordering: .sequentiallyConsistent))
  }

  /// How many bytes this end can take, or write.
  ///
  /// - Throws: ``IPCError`` with `.badMessage` when the other side says what cannot be: its position never goes back, and
  ///   never overtakes.
  mutating func available() throws(IPCError) -> UInt64 {
    let seen = unsafe header.position(role.other).pointee.load(ordering: .acquiring)
    let limit = role == .producer ? position : position &+ capacity
    guard seen &- otherPosition <= limit &- otherPosition else { throw IPCError(call: "ring", errno: .badMessage) }
    otherPosition = seen
    return role == .producer ? capacity - (position &- seen) : seen &- position
  }

  /// What was copied becomes visible, or its room is free: all of it, or nothing if this process dies before.
  mutating func advance(_ count: UInt64) {
    position &+= count
    unsafe header.position(role).pointee.store(position, ordering: .releasing)
    wakeOther()
  }
}
