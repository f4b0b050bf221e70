internal import CIPC
package import SystemPackage

/// Descriptors that are waited for together, in one call.
///
/// ```swift
/// var poll = Poll()
/// poll.add(pipe.reader, for: .readable, token: 0)
/// poll.add(queue, for: .readable, token: 1)
/// try poll.wait(patience: .atMost(.seconds(1)))
/// for event in poll where !event.readiness.isEmpty { print(event.token) }
/// ```
///
/// It is a list of numbers, looked through from its beginning by every wait: for a few descriptors, or for those that
/// change from wait to wait. It owns none of them: it is for a place where their owners are in sight, and is emptied, or gone,
/// before they are. For many that stay there is ``EventPoll``, which owns what it watches.
///
/// `poll(2)`.
public struct Poll: Sendable {
  private var entries: [cipc_pollfd] = []
  private var tokens: [UInt64] = []

  public init() {}

  /// Adds a descriptor, which may be there already.
  ///
  /// - Parameters:
  ///   - interest: What to wait for. Nothing is enough to be told of ``Readiness/error`` and ``Readiness/hangUp``.
  ///   - token: Comes out with its events.
  public mutating func add(
    _ owner: borrowing some DescriptorOwner & ~Copyable, for interest: Readiness, token: UInt64
  ) {
    add(owner.descriptor, for: interest, token: token)
  }

  package mutating func add(_ descriptor: FileDescriptor, for interest: Readiness, token: UInt64) {
    entries.append(cipc_pollfd(descriptor: descriptor.rawValue, events: interest.rawValue, revents: 0))
    tokens.append(token)
  }

  /// Empties the list. Its memory is kept, so that to fill it anew costs no allocation.
  public mutating func removeAll() {
    entries.removeAll(keepingCapacity: true)
    tokens.removeAll(keepingCapacity: true)
  }

  /// Waits until a descriptor of the list is ready, and notes for each what it is ready for.
  ///
  /// - Returns: How many are ready; 0 when patience ran out first.
  /// - Throws: ``IPCError`` with `Errno.interrupted` where that was asked for, `.invalidArgument` for more descriptors
  ///   than `RLIMIT_NOFILE`.
  ///
  /// Calls `ppoll(2)`.
  @discardableResult
  public mutating func wait(
    patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> Int {
    try unsafe entries.withUnsafeMutableBufferPointer { (entries) throws(IPCError) in
      try Kernel.wait("ppoll", on: nil, patience, interruption) {
        unsafe cipc_ppoll(entries.baseAddress, entries.count, $0)
      }
    }
  }
}

/// What the last wait found, in the order of adding; empty for what was not ready.
extension Poll: RandomAccessCollection {
  public var startIndex: Int { 0 }
  public var endIndex: Int { entries.count }
  public subscript(position: Int) -> ReadinessEvent {
    ReadinessEvent(token: tokens[position], readiness: Readiness(rawValue: entries[position].revents))
  }
}
