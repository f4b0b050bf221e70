internal import CIPC
internal import Synchronization
internal import SystemPackage

/// The steps of sending and receiving, which only the owner of the lock performs.
///
/// A single store sends or receives a message, so the queue stays consistent if a process dies before or after that
/// store.
extension SharedQueue {
  /// Locks the queue.
  @inline(__always)
  package func lock(_ call: IPCError.Call, _ timeout: Timeout = .never) throws(IPCError) {
    switch try lockWord.acquire(timeout) {
    case .acquired: return
    case .ownerDied: recover()
    case .timedOut: throw IPCError(call, timeout.expirationError)
    }
  }

  @inline(__always)
  package func unlock() { lockWord.release() }

  private var lockWord: RobustLock { unsafe RobustLock(word: word(Layout.lock)) }

  /// Wakes all waiting threads after the lock owner has died.
  ///
  /// A single store commits an operation, so the operation is either complete or has no effect. However, the owner may
  /// have died before it woke the waiting threads.
  @inline(never)
  private func recover() {
    unsafe word(Layout.recoveries).pointee.wrappingAdd(1, ordering: .relaxed)
    _ = readable.announce()
    readable.signal()
    _ = writable.announce()
    writable.signal()
  }

  /// Unlocks the queue, then spins briefly or sleeps until the event is signalled.
  ///
  /// The caller must check the queue again.
  @inline(never)
  func sleep(
    on event: QueueEvent, _ call: IPCError.Call, _ timeout: Timeout, _ retryOnInterrupt: Bool
  ) throws(IPCError) {
    // A nonblocking call makes no system call, and does not cause other processes to make system calls to wake this
    // thread. Therefore, a process can make such calls in a loop.
    if timeout.isImmediate {
      unlock()
      throw IPCError(call, timeout.expirationError)
    }
    let failedSpins = cipc_failed_spins()
    if failedSpins % Spin.waitsPerSpin == 0 {
      let before = difference
      unlock()
      let isChanged = try Spin.until(timeout) { difference != before }
      cipc_set_failed_spins(isChanged ? 0 : failedSpins &+ 1)
      return
    }
    cipc_set_failed_spins(failedSpins &+ 1)
    let announced = event.announce()
    unlock()
    guard try event.wait(announced, timeout, retryOnInterrupt) else {
      throw IPCError(call, timeout.expirationError)
    }
  }

  /// The number of messages, which other threads can change at any time unless this thread holds the lock.
  @inline(__always)
  private var difference: UInt64 {
    let sent = unsafe number(Layout.sent).pointee.load(ordering: .relaxed)
    return unsafe sent &- number(Layout.received).pointee.load(ordering: .relaxed)
  }

  /// Returns the number of messages after checking the positions, because other processes are not trusted.
  @inline(__always)
  func messageCount() throws(IPCError) -> Int {
    let count = difference
    if count > UInt64(truncatingIfNeeded: slotCount) { throw IPCError(.sharedQueueMessages, .badMessage) }
    return Int(truncatingIfNeeded: count)
  }

  /// Whether the queue is open and was full at some point during the call; this does not acquire the lock.
  ///
  /// Both counters only increase, and `sent` is never smaller than `received`. A result of true is therefore correct
  /// even if the counter that was loaded first is outdated.
  @inline(__always)
  var isFull: Bool {
    defer { extendLifetime(self) }
    let sent = unsafe number(Layout.sent).pointee.load(ordering: .acquiring)
    let count = unsafe sent &- number(Layout.received).pointee.load(ordering: .relaxed)
    return count == UInt64(truncatingIfNeeded: slotCount) && !isClosed
  }

  /// Whether the queue is open and was empty at some point during the call; like ``isFull``, this does not acquire the
  /// lock.
  @inline(__always)
  var isEmpty: Bool {
    defer { extendLifetime(self) }
    let received = unsafe number(Layout.received).pointee.load(ordering: .acquiring)
    return unsafe number(Layout.sent).pointee.load(ordering: .relaxed) == received && !isClosed
  }

  var isClosed: Bool { unsafe word(Layout.closed).pointee.load(ordering: .acquiring) != 0 }

  /// Copies a message, which must fit, into the first free slot without making it visible to receivers.
  @inline(__always)
  package func place(_ message: RawSpan) {
    let slot = unsafe freeSlot
    unsafe message.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return }
      unsafe (slot + Layout.message).copyMemory(from: start, byteCount: bytes.count)
    }
    unsafe setLength(message.byteCount, of: slot)
  }

  /// The first free slot.
  @inline(__always)
  var freeSlot: UnsafeMutableRawPointer {
    unsafe slot(number(Layout.sent).pointee.load(ordering: .relaxed))
  }

  @inline(__always)
  func setLength(_ length: Int, of slot: UnsafeMutableRawPointer) {
    unsafe slot.storeBytes(of: UInt32(truncatingIfNeeded: length), as: UInt32.self)
    unsafe slot.storeBytes(of: 0, toByteOffset: 4, as: UInt32.self)
  }

  /// Sends the message in the first free slot with a single store.
  ///
  /// The receivers are woken before the store. They then wait for the lock, which reports whether the lock owner died
  /// before the store.
  @inline(__always)
  package func publish() {
    readable.signal()
    unsafe number(Layout.sent).pointee.wrappingAdd(1, ordering: .acquiringAndReleasing)
  }

  /// Copies the first message without removing it; nil if there is none.
  package func peek(into room: UnsafeMutableRawBufferPointer) throws(IPCError) -> Int? {
    guard let message = try unsafe first() else { return nil }
    if message.count > room.count { throw IPCError(.sharedQueueReceive, .messageTooLong) }
    unsafe room.copyMemory(from: message)
    return message.count
  }

  /// Returns the first message's bytes in its slot; nil if there is no message.
  @inline(__always) @unsafe
  func first() throws(IPCError) -> UnsafeRawBufferPointer? {
    if try messageCount() == 0 { return nil }
    let slot = unsafe slot(number(Layout.received).pointee.load(ordering: .relaxed))
    // Read the length only once, because a process that does not hold the lock could change it after the check.
    let length = Int(unsafe slot.assumingMemoryBound(to: Atomic<UInt32>.self).pointee.load(ordering: .relaxed))
    if length > slotSize { throw IPCError(.sharedQueueReceive, .badMessage) }
    return unsafe UnsafeRawBufferPointer(start: slot + Layout.message, count: length)
  }

  /// Removes the first message with a single store.
  @inline(__always)
  package func consume() {
    writable.signal()
    unsafe number(Layout.received).pointee.wrappingAdd(1, ordering: .acquiringAndReleasing)
  }
}
