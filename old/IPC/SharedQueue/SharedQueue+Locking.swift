internal import Synchronization
internal import SystemPackage

/// The steps of sending and receiving, each for who has the lock. One store decides whether a message is sent or received;
/// who dies before or after it leaves nothing half done.
extension SharedQueue {
  /// False when patience ran out.
  package func lock(_ patience: Patience = .forever) throws(IPCError) -> Bool {
    switch try lockWord.acquire(patience) {
    case .acquired: return true
    case .ownerDied:
      recover()
      return true
    case .timedOut: return false
    }
  }

  package func unlock() { lockWord.release() }

  private var lockWord: RobustLock { unsafe RobustLock(word: word(Layout.lock)) }

  /// What the dead one did counts or does not, by its one store. What it may have left out is to tell.
  private func recover() {
    unsafe word(Layout.recoveries).pointee.wrappingAdd(1, ordering: .relaxed)
    _ = readable.announce()
    readable.tell()
    _ = writable.announce()
    writable.tell()
  }

  /// Unlocks the queue, and sleeps until the event is told. False when patience ran out.
  func sleep(
    on event: QueueEvent, _ patience: Patience, _ interruption: Interruption
  ) throws(IPCError) -> Bool {
    let announced = event.announce()
    unlock()
    switch patience {
    case .none: return false
    case .until(let deadline): return try event.wait(announced, until: deadline, interruption)
    case .forever: return try event.wait(announced, until: nil, interruption)
    }
  }

  /// How many messages wait. What others wrote is not believed.
  func messageCount() throws(IPCError) -> Int {
    let sent = unsafe number(Layout.sent).pointee.load(ordering: .relaxed)
    let count = unsafe sent &- number(Layout.received).pointee.load(ordering: .relaxed)
    guard count <= UInt64(slotCount) else { throw IPCError(call: "ipc_queue_messages", errno: .badMessage) }
    return Int(count)
  }

  var isClosed: Bool { unsafe word(Layout.closed).pointee.load(ordering: .acquiring) != 0 }

  /// Puts a message into the first free slot, where nobody sees it yet. It must not be longer than the slot.
  package func place(_ message: RawSpan) {
    let slot = unsafe slot(number(Layout.sent).pointee.load(ordering: .relaxed))
    unsafe slot.storeBytes(of: UInt32(message.byteCount), as: UInt32.self)
    unsafe slot.storeBytes(of: 0, toByteOffset: 4, as: UInt32.self)
    unsafe message.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return }
      unsafe (slot + Layout.message).copyMemory(from: start, byteCount: bytes.count)
    }
  }

  /// From this store on the placed message is sent. Those who wait are told before: they find the lock taken, and if its
  /// owner dies, that it died.
  package func publish() {
    readable.tell()
    unsafe number(Layout.sent).pointee.wrappingAdd(1, ordering: .acquiringAndReleasing)
  }

  /// Copies the first message, and leaves it. Nil when there is none.
  package func peek(into room: UnsafeMutableRawBufferPointer) throws(IPCError) -> Int? {
    guard try messageCount() > 0 else { return nil }
    let slot = unsafe slot(number(Layout.received).pointee.load(ordering: .relaxed))
    // Read once: somebody who has not the lock may write another one after it was checked.
    let length = Int(unsafe slot.assumingMemoryBound(to: Atomic<UInt32>.self).pointee.load(ordering: .relaxed))
    guard length <= slotSize else { throw IPCError(call: "ipc_queue_receive", errno: .badMessage) }
    guard length <= room.count else { throw IPCError(call: "ipc_queue_receive", errno: .messageTooLong) }
    if let start = room.baseAddress { unsafe start.copyMemory(from: slot + Layout.message, byteCount: length) }
    return length
  }

  /// From this store on the first message is received.
  package func consume() {
    writable.tell()
    unsafe number(Layout.received).pointee.wrappingAdd(1, ordering: .acquiringAndReleasing)
  }
}
