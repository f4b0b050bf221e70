internal import CIPC
public import SystemPackage

/// A list of descriptors that one call waits for.
///
/// ```swift
/// var set = PollSet()
/// set.add(pipe.reader, for: .readable, token: 0)
/// set.add(queue, for: .readable, token: 1)
/// try set.wait(timeout: .after(.seconds(1)))
/// for event in set where !event.readiness.isEmpty { print(event.token) }
/// ```
///
/// The kernel examines the whole list in each wait. Use a ``PollSet`` for a few descriptors, or if the list changes
/// between waits; use ``Epoll`` for many descriptors. The set does not own the descriptors: remove them before you
/// close them.
///
/// `poll(2)`.
public struct PollSet: Sendable {
  private var entries: [cipc_pollfd] = []
  private var tokens: [UInt64] = []

  /// Creates an empty set.
  public init() {}

  /// Adds a descriptor.
  ///
  /// The same descriptor can be added several times.
  ///
  /// - Parameters:
  ///   - owner: The owner of the descriptor, or the descriptor itself.
  ///   - events: The events to wait for. ``Readiness/error`` and ``Readiness/hangUp`` are always reported.
  ///   - token: A value that is returned with the descriptor's events.
  public mutating func add(
    _ owner: borrowing some DescriptorRepresentable & ~Copyable, for events: Readiness, token: UInt64
  ) {
    add(owner.descriptor, for: events, token: token)
  }

  /// Adds a descriptor, which the caller must keep open.
  public mutating func add(_ descriptor: FileDescriptor, for events: Readiness, token: UInt64) {
    entries.append(cipc_pollfd(descriptor: descriptor.rawValue, events: events.rawValue, revents: 0))
    tokens.append(token)
  }

  /// Removes all descriptors, but keeps the capacity for new ones.
  public mutating func removeAll() {
    entries.removeAll(keepingCapacity: true)
    tokens.removeAll(keepingCapacity: true)
  }

  /// Waits until a descriptor is ready, and records the readiness of each descriptor.
  ///
  /// - Returns: The number of descriptors that are ready; 0 after a timeout. As in
  ///   ``Epoll/wait(appendingTo:maxEvents:timeout:retryOnInterrupt:)``, a timeout is not an error here, because an
  ///   event loop uses it to do other work.
  /// - Throws: ``IPCError`` with `.interrupted` if `retryOnInterrupt` is false and a signal handler ran;
  ///   `.invalidArgument` if there are more descriptors than `RLIMIT_NOFILE`.
  ///
  /// Calls `ppoll(2)`.
  @discardableResult
  public mutating func wait(timeout: Timeout = .never, retryOnInterrupt: Bool = true) throws(IPCError) -> Int {
    try unsafe entries.withUnsafeMutableBufferPointer { (entries) throws(IPCError) in
      try Syscall.wait(.ppoll, on: nil, timeout, retryOnInterrupt: retryOnInterrupt) {
        unsafe cipc_ppoll(entries.baseAddress, entries.count, $0)
      }
    }
  }

  /// Waits like ``wait(timeout:retryOnInterrupt:)`` while the thread blocks exactly the signals in `signalMask`.
  ///
  /// To avoid missing a signal, block the signals that the program handles, check the state that their handlers change,
  /// and then wait with a mask that unblocks these signals. If a signal arrives after the check, the wait throws
  /// `.interrupted`.
  ///
  /// Calls `ppoll(2)` with a signal mask.
  @discardableResult
  public mutating func wait(
    blocking signalMask: SignalSet, timeout: Timeout = .never, retryOnInterrupt: Bool = false
  ) throws(IPCError) -> Int {
    try unsafe entries.withUnsafeMutableBufferPointer { (entries) throws(IPCError) in
      try Syscall.wait(.ppoll, on: nil, timeout, retryOnInterrupt: retryOnInterrupt) {
        unsafe cipc_ppoll_masked(entries.baseAddress, entries.count, $0, signalMask.word)
      }
    }
  }
}

/// The results from the last wait, in the order in which the descriptors were added. ``ReadinessEvent/readiness`` is
/// empty for descriptors that were not ready.
extension PollSet: RandomAccessCollection {
  /// The first descriptor's position: 0.
  public var startIndex: Int { 0 }
  /// The number of descriptors.
  public var endIndex: Int { entries.count }
  /// The result from the last wait for the descriptor at a position.
  public subscript(position: Int) -> ReadinessEvent {
    ReadinessEvent(token: tokens[position], readiness: Readiness(rawValue: entries[position].revents))
  }
}

/// A descriptor's readiness in a ``PollSet`` or ``Epoll``.
public struct ReadinessEvent: Hashable, Sendable {
  // The kernel writes this layout.
  private let raw: cipc_epoll_event

  init(token: UInt64, readiness: Readiness) {
    raw = cipc_epoll_event(data: token, events: UInt32(UInt16(bitPattern: readiness.rawValue)))
  }

  /// The value that was passed when the descriptor was added.
  public var token: UInt64 { raw.data }

  /// The descriptor's readiness: the requested events, and ``Readiness/error``, ``Readiness/hangUp`` and
  /// ``Readiness/notOpen`` even if they were not requested.
  public var readiness: Readiness { Readiness(rawValue: Int16(truncatingIfNeeded: raw.events)) }

  /// Compares the tokens and the descriptors' readiness.
  public static func == (left: ReadinessEvent, right: ReadinessEvent) -> Bool {
    left.token == right.token && left.readiness == right.readiness
  }

  /// Hashes the token and the descriptor's readiness.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(token)
    hasher.combine(readiness)
  }
}
