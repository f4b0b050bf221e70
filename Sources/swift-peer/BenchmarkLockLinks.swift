internal import IPC
internal import PeerProtocol
internal import SystemPackage

// Benchmark links over a lock, or over a flag in shared memory.

extension Peer {
  fileprivate func descriptor(named name: String) throws -> FileDescriptor {
    try handles.find(name, as: (any DescriptorHandle).self, "descriptor").descriptor
  }
}

/// Runs a benchmark in which each message is one lock and one unlock.
func runMutex(_ benchmark: inout Benchmark, _ peer: Peer, _ ends: Ends) throws {
  let to = try SharedMutex.open(in: try peer.region(named: ends.write), at: 0)
  let from = try SharedMutex.open(in: try peer.region(named: ends.read), at: 0)
  try benchmark.run(
    send: { (_) throws(IPCError) in
      _ = try to.lock()
      try to.unlock()
    },
    receive: { (_) throws(IPCError) in
      _ = try from.lock()
      try from.unlock()
      return 0
    })
}

/// A mutex-protected message, with a flag that is 1 until the message is received.
///
/// The layout matches `struct mailbox` in the C peer.
private struct Mailbox: ~Copyable {
  private static let (condition, full, message) = (64, 128, 192)
  static let capacity = 4096

  private let region: SharedRegion
  private let mutex: SharedMutex
  private let changed: ConditionVariable

  private init(_ region: SharedRegion, _ mutex: consuming SharedMutex, _ changed: consuming ConditionVariable) {
    self.region = region
    self.mutex = mutex
    self.changed = changed
  }

  static func open(in region: SharedRegion) throws -> Mailbox {
    let mutex = try SharedMutex.open(in: region, at: 0)
    return Mailbox(region, mutex, try ConditionVariable.open(in: region, at: condition))
  }

  /// Waits until the mailbox is full (1) or empty (0), and locks it.
  private func lock(when wanted: UInt32) throws(IPCError) {
    _ = try mutex.lock()
    while try region.load(as: UInt32.self, at: Self.full) != wanted { _ = try changed.wait(unlocking: mutex) }
  }

  private func unlock(as full: UInt32) throws(IPCError) {
    try region.store(full, at: Self.full)
    try changed.signal()
    try mutex.unlock()
  }

  func send(_ bytes: RawSpan) throws(IPCError) {
    try lock(when: 0)
    try region.copy(bytes, at: Self.message)
    try unlock(as: 1)
  }

  func receive(into room: inout OutputRawSpan) throws(IPCError) {
    try lock(when: 1)
    try region.copy(at: Self.message, into: &room)
    try unlock(as: 0)
  }
}

func runMailbox(_ benchmark: inout Benchmark, _ peer: Peer, _ ends: Ends) throws {
  guard benchmark.size <= Mailbox.capacity else { throw Failure(.messageTooLong) }
  let to = try Mailbox.open(in: try peer.region(named: ends.write))
  let from = try Mailbox.open(in: try peer.region(named: ends.read))
  try benchmark.run(
    send: { (bytes) throws(IPCError) in try to.send(bytes) },
    receive: { [size = benchmark.size] (room) throws(IPCError) in
      try from.receive(into: &room)
      return size
    })
}

func runBlock(_ benchmark: inout Benchmark, _ peer: Peer, _ ends: Ends) throws {
  guard benchmark.size <= SharedBlock.defaultCapacity else { throw Failure(.messageTooLong) }
  let to = try SharedBlock.open(in: try peer.region(named: ends.write), at: 0)
  let from = try SharedBlock.open(in: try peer.region(named: ends.read), at: 0)
  try benchmark.run(
    send: { (bytes) throws(IPCError) in
      try to.wait(until: false, retryOnInterrupt: false)
      try to.publish(bytes)
    },
    receive: { [size = benchmark.size] (room) throws(IPCError) in
      try from.wait(retryOnInterrupt: false)
      try from.read(into: &room)
      from.reset()
      return size
    })
}

/// Runs a benchmark in which each message is an exclusive OFD lock on the whole file, followed by an unlock.
func runRecordLock(_ benchmark: inout Benchmark, _ peer: Peer, _ ends: Ends) throws {
  let (to, from) = (try peer.descriptor(named: ends.write), try peer.descriptor(named: ends.read))
  func lock(_ file: FileDescriptor) throws(IPCError) {
    try RecordLock.lock(file, .exclusive, owner: .openFileDescription, retryOnInterrupt: false)
    try RecordLock.unlock(file, owner: .openFileDescription, retryOnInterrupt: false)
  }
  try benchmark.run(
    send: { (_) throws(IPCError) in try lock(to) },
    receive: { (_) throws(IPCError) in
      try lock(from)
      return 0
    })
}

func runFileLock(_ benchmark: inout Benchmark, _ peer: Peer, _ ends: Ends) throws {
  let (to, from) = (try peer.descriptor(named: ends.write), try peer.descriptor(named: ends.read))
  func lock(_ file: FileDescriptor) throws(IPCError) {
    try WholeFileLock.lock(file, .exclusive, retryOnInterrupt: false)
    try WholeFileLock.unlock(file, retryOnInterrupt: false)
  }
  try benchmark.run(
    send: { (_) throws(IPCError) in try lock(to) },
    receive: { (_) throws(IPCError) in
      try lock(from)
      return 0
    })
}
