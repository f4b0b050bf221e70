internal import CIPC
internal import Synchronization
internal import SystemPackage

/// One end of a ring.
///
/// The values stored here have been checked, and the other side cannot change them.
@usableFromInline @safe struct RingEnd: ~Copyable, @unchecked Sendable {
  private let own: RingHeader.End
  private let other: RingHeader.End
  private let data: UnsafeMutableRawPointer
  let capacity: UInt64
  /// The number of bytes that this end has published (producer) or consumed (consumer).
  private(set) var position: UInt64
  /// The position of the other end when it was last read.
  private var otherPosition: UInt64
  private let role: RingHeader.Role
  /// The number of waits since a spin last succeeded.
  private var failedSpins: UInt32 = 0
  /// The time of the next check that the other side is alive; `.max` after a successful wait.
  private var due = Int64.max
  /// Whether this process is in the same namespaces as the ring's creator, so that process IDs and start times match.
  private let sees: Bool
  private let owner: RingOwner
  /// Keeps the memory mapped.
  private let region: SharedRegion

  /// Makes this process the owner of an end unless the current owner is alive, and continues at the last owner's
  /// position.
  init(_ role: RingHeader.Role, of content: UInt32, in region: SharedRegion, at offset: Int) throws(IPCError) {
    func failure(_ reason: Errno) -> IPCError { IPCError(.ringOpen, reason) }
    let header = unsafe RingHeader(
      try unsafe region.place(bytes: RingHeader.size, alignment: RingHeader.alignment, at: offset))
    guard unsafe header.magic.pointee.load(ordering: .acquiring) == RingHeader.magic else {
      throw failure(.invalidArgument)
    }
    guard unsafe header.version.pointee.load(ordering: .relaxed) == RingHeader.version else {
      throw failure(.protocolNotSupported)
    }
    guard unsafe header.content.pointee.load(ordering: .relaxed) == content else { throw failure(.invalidArgument) }
    // Read the capacity only once, so that it cannot change after the check.
    let capacity = unsafe header.capacity.pointee.load(ordering: .relaxed)
    let room = UInt64(region.size - offset - RingHeader.size)
    guard RingHeader.isPossible(capacity: capacity), capacity <= room else { throw failure(.badMessage) }
    _ = try unsafe region.place(
      bytes: RingHeader.size + Int(capacity), alignment: RingHeader.alignment, at: offset)
    let here = try RingNamespaces.own()
    let sees = here.pid != 0 && here == header.namespaces
    let owner = sees ? try RingOwner.thisProcess() : .unseen
    let (own, other) = (header.end(role), header.end(role.other))
    let before = try Self.claim(own, for: owner, sees)
    unsafe own.sleeps.pointee.store(0, ordering: .sequentiallyConsistent)
    let position = unsafe own.position.pointee.load(ordering: .sequentiallyConsistent)
    let otherPosition = unsafe other.position.pointee.load(ordering: .sequentiallyConsistent)
    let used = role == .producer ? position &- otherPosition : otherPosition &- position
    let isMisaligned = content == RingRecords.code && (position | otherPosition) % 8 != 0
    guard used <= capacity, !isMisaligned else {
      unsafe own.owner.pointee.store(before.word, ordering: .sequentiallyConsistent)
      throw failure(.badMessage)
    }
    self.own = own
    self.other = other
    unsafe data = header.data
    self.capacity = capacity
    self.position = position
    self.otherPosition = otherPosition
    self.role = role
    self.sees = sees
    self.owner = owner
    self.region = region
  }

  /// Takes ownership, and returns the previous owner.
  private static func claim(
    _ end: RingHeader.End, for owner: RingOwner, _ sees: Bool
  ) throws(IPCError) -> RingOwner {
    while true {
      let before = RingOwner(word: unsafe end.owner.pointee.load(ordering: .sequentiallyConsistent))
      if before == .closed { throw IPCError(.ringOpen, .brokenPipe) }
      if before != .none, !(sees ? try before.isDead() : false) {
        throw IPCError(.ringOpen, .resourceBusy)
      }
      let (exchanged, _) = unsafe end.owner.pointee.compareExchange(
        expected: before.word, desired: owner.word, ordering: .sequentiallyConsistent)
      if exchanged { return before }
    }
  }

  @inlinable deinit { close() }

  /// Closes the end, which cannot fail.
  @usableFromInline @inline(never)
  borrowing func close() {
    _ = unsafe own.owner.pointee.compareExchange(
      expected: owner.word, desired: RingOwner.closed.word, ordering: .sequentiallyConsistent)
    wakeOther()
  }
}

extension RingEnd {
  /// Wakes the other side if it is asleep or about to sleep.
  @inline(__always)
  private func wakeOther() {
    // This orders the earlier stores before the load. The other side stores this word before it checks the ring again.
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    if unsafe other.sleeps.pointee.load(ordering: .relaxed) != 0 {
      unsafe other.sleeps.pointee.store(0, ordering: .relaxed)
      unsafe Futex.wake(other.sleeps, 1)
    }
  }

  /// Whether the other end was closed.
  ///
  /// If so, all of the other side's earlier stores are visible.
  @inline(__always)
  var otherIsClosed: Bool {
    unsafe other.owner.pointee.load(ordering: .acquiring) == RingOwner.closed.word
  }

  /// Returns the number of bytes that this end can read or write.
  ///
  /// - Throws: ``IPCError`` with `.badMessage` if the other side's position is invalid: it decreased, or overtook this
  ///   end.
  @inline(__always)
  mutating func available() throws(IPCError) -> UInt64 {
    let seen = unsafe other.position.pointee.load(ordering: .acquiring)
    let limit = role == .producer ? position : position &+ capacity
    if seen &- otherPosition > limit &- otherPosition { try Self.fail() }
    otherPosition = seen
    return role == .producer ? capacity &- (position &- seen) : seen &- position
  }

  static var corrupted: IPCError {
    @inline(never) get { IPCError(.ring, .badMessage) }
  }

  /// Throws the error in a separate function, so that callers do not save registers for a path that is rarely taken.
  @inline(never)
  private static func fail() throws(IPCError) { throw corrupted }

  /// Returns the result of ``available()``, for callers in other modules that spin.
  @usableFromInline
  mutating func availableCount() throws(IPCError) -> Int { Int(truncatingIfNeeded: try available()) }

  /// Publishes the bytes that were written, or frees the bytes that were read, with a single store.
  ///
  /// If this process dies before the store, the ring has not changed.
  @inline(__always)
  mutating func advance(_ count: UInt64) {
    position &+= count
    unsafe own.position.pointee.store(position, ordering: .releasing)
    wakeOther()
  }
}

extension RingEnd {
  /// The maximum time in nanoseconds between two checks that the other side is alive.
  private static let slice: Int64 = 50_000_000

  /// Waits until `needed` bytes can be read or written.
  ///
  /// - Returns: The number of available bytes; nil if the other end is closed and `needed` bytes will never be
  ///   available.
  @inline(__always)
  mutating func wait(
    for needed: UInt64, _ call: IPCError.Call, _ timeout: Timeout, _ retryOnInterrupt: Bool
  ) throws(IPCError) -> UInt64? {
    let count = try available()
    if count >= needed {
      due = .max
      return count
    }
    return try waitSlowly(for: needed, call, timeout, retryOnInterrupt)
  }

  @inline(never)
  private mutating func waitSlowly(
    for needed: UInt64, _ call: IPCError.Call, _ timeout: Timeout, _ retryOnInterrupt: Bool
  ) throws(IPCError) -> UInt64? {
    while true {
      let count = try spin(for: needed, timeout)
      if count >= needed {
        due = .max
        return count
      }
      let (now, rest) = (MonotonicTime.now, timeout.nanoseconds)
      let word = unsafe own.sleeps
      unsafe word.pointee.store(1, ordering: .sequentiallyConsistent)
      defer { unsafe word.pointee.store(0, ordering: .relaxed) }
      atomicMemoryFence(ordering: .sequentiallyConsistent)
      // Read the owner before the position, to see all data published before the other side closed its end or died.
      let otherOwner = RingOwner(word: unsafe other.owner.pointee.load(ordering: .sequentiallyConsistent))
      let checksLife = rest == nil || now >= due
      let isDead = checksLife ? Result { () throws(IPCError) in sees ? try otherOwner.isDead() : false } : nil
      if try available() >= needed { continue }
      if otherOwner == .closed { return nil }
      if try isDead?.get() == true { throw IPCError(call, .ownerDied) }
      guard let rest else { throw IPCError(call, timeout.expirationError) }
      // Keep the time of the next check across sleeps, because signals can interrupt sleeps before the next check is
      // due.
      if checksLife || due == .max { due = now + Self.slice }
      _ = try unsafe Futex.wait(
        while: word, is: 1, nanoseconds: rest < 0 ? due - now : min(rest, due - now), retryOnInterrupt: retryOnInterrupt
      )
    }
  }

  /// Spins for a limited time until `needed` bytes can be read or written, and returns the number of available bytes.
  private mutating func spin(for needed: UInt64, _ timeout: Timeout) throws(IPCError) -> UInt64 {
    var count = try available()
    if count >= needed || timeout.isImmediate { return count }
    if failedSpins % Spin.waitsPerSpin == 0 {
      _ = try Spin.until(timeout) { () throws(IPCError) in
        count = try available()
        return count >= needed
      }
    }
    failedSpins = count >= needed ? 0 : failedSpins &+ 1
    return count
  }
}

extension RingEnd {
  /// Copies bytes into the ring at a stream position.
  ///
  /// The copy wraps around at the end of the ring if necessary. The ring must have room.
  @inline(__always)
  func put(_ bytes: RawSpan, at position: UInt64) {
    let (place, first) = run(position, bytes.byteCount)
    unsafe bytes.withUnsafeBytes { bytes in
      guard let source = bytes.baseAddress else { return }
      if first < bytes.count {
        unsafe (data + place).copyMemory(from: source, byteCount: first)
        unsafe data.copyMemory(from: source + first, byteCount: bytes.count &- first)
      } else {
        unsafe (data + place).copyMemory(from: source, byteCount: bytes.count)
      }
    }
  }

  /// Copies `count` bytes out of the ring from a stream position.
  ///
  /// The copy wraps around at the end of the ring if necessary. `buffer` must have room.
  @inline(__always)
  func take(_ count: Int, at position: UInt64, into buffer: inout OutputRawSpan) {
    let (place, first) = run(position, count)
    unsafe buffer.withUnsafeMutableBytes { bytes, filled in
      guard let base = bytes.baseAddress else { return }
      let destination = unsafe base + filled
      if first < count {
        unsafe destination.copyMemory(from: data + place, byteCount: first)
        unsafe (destination + first).copyMemory(from: data, byteCount: count &- first)
      } else {
        unsafe destination.copyMemory(from: data + place, byteCount: count)
      }
      filled &+= count
    }
  }

  /// Fetches the second cache line of a record together with the first, if `available` bytes reach it.
  ///
  /// Otherwise, the copy would fetch it only after the record's length, which is in the first, has arrived.
  @inline(__always)
  func prefetch(_ available: UInt64) {
    if available > 64 { unsafe cipc_prefetch(data + run(position &+ 64, 0).place) }
  }

  /// Stores the two numbers that precede a record.
  ///
  /// The numbers never wrap around, because a record starts at a multiple of 8.
  @inline(__always)
  func putFrame(length: UInt32, at position: UInt64) {
    let place = unsafe data + run(position, 8).place
    unsafe place.storeBytes(of: length, as: UInt32.self)
    unsafe place.storeBytes(of: 0, toByteOffset: 4, as: UInt32.self)
  }

  /// Reads both numbers only once, because the other side could change them after the check.
  @inline(__always)
  func frame(at position: UInt64) -> (length: UInt32, zeros: UInt32) {
    let place = unsafe (data + run(position, 8).place).assumingMemoryBound(to: Atomic<UInt32>.self)
    return (unsafe place[0].load(ordering: .relaxed), unsafe place[1].load(ordering: .relaxed))
  }

  /// Returns the memory for `count` bytes at a stream position: one part before the end of the ring, and the rest at
  /// the start of the ring.
  @inline(__always) @unsafe
  func memory(_ count: Int, at position: UInt64) -> (UnsafeMutableRawBufferPointer, UnsafeMutableRawBufferPointer) {
    let (place, first) = run(position, count)
    return unsafe (
      UnsafeMutableRawBufferPointer(start: data + place, count: first),
      UnsafeMutableRawBufferPointer(start: data, count: count - first)
    )
  }

  /// Converts a stream position to an offset in the ring, and returns how many of `count` bytes fit before the end of
  /// the ring.
  @inline(__always)
  private func run(_ position: UInt64, _ count: Int) -> (place: Int, first: Int) {
    let place = Int(truncatingIfNeeded: position & (capacity &- 1))
    return (place, min(count, Int(truncatingIfNeeded: capacity) &- place))
  }
}
