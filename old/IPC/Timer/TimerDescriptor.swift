internal import CIPC
public import SystemPackage

/// A timer that is waited for as a descriptor, beside other things.
///
/// ```swift
/// let timer = try TimerDescriptor()
/// try timer.set(after: .seconds(1), every: .milliseconds(100))
/// if case .expired(let times) = try timer.read() { print(times) }
/// ```
///
/// Its clock is that of ``Deadline``. It is readable when it has expired since it was read.
///
/// `timerfd_create(2)`.
public struct TimerDescriptor: ~Copyable, Sendable, DescriptorOwner {
  private let owned: OwnedDescriptor

  /// Makes a timer that is not set. It is close-on-exec and non-blocking.
  ///
  /// - Throws: ``IPCError`` with `.tooManyOpenFiles`.
  ///
  /// Calls `timerfd_create(2)`.
  public init() throws(IPCError) {
    let number = try Kernel.call("timerfd_create") { cipc_timerfd() }
    owned = OwnedDescriptor(taking: FileDescriptor(rawValue: number))
  }

  public var descriptor: FileDescriptor { owned.descriptor }

  /// Calls `close(2)`, once.
  public consuming func close() throws(IPCError) { try owned.close() }

  /// Has it expire at an instant, at once if that has passed, and then again after each interval. What it was set to
  /// before, and expirations that were not read, are forgotten.
  ///
  /// Calls `timerfd_settime(2)`.
  public func set(at deadline: Deadline, every interval: Duration? = nil) throws(IPCError) {
    // 0 would disarm it; and so would an interval of 0 have it expire once, which is what none says.
    try set(absolute: true, max(1, deadline.nanoseconds), interval.map { max(1, $0.nanoseconds) } ?? 0)
  }

  /// The same, so long from now.
  public func set(after duration: Duration, every interval: Duration? = nil) throws(IPCError) {
    try set(at: .after(duration), every: interval)
  }

  /// Has it not expire any more, and forgets expirations that were not read.
  ///
  /// Calls `timerfd_settime(2)`.
  public func disarm() throws(IPCError) { try set(absolute: false, 0, 0) }

  /// When it expires next, and how often; nil when it is not set, or has expired for the last time.
  ///
  /// Calls `timerfd_gettime(2)`.
  public var status: (remaining: Duration, interval: Duration?)? {
    get throws(IPCError) {
      var (remaining, interval): (Int64, Int64) = (0, 0)
      try Kernel.call("timerfd_gettime", on: .descriptor(descriptor)) {
        unsafe cipc_timerfd_remaining(descriptor.rawValue, &remaining, &interval)
      }
      return remaining == 0 ? nil : (.nanoseconds(remaining), interval == 0 ? nil : .nanoseconds(interval))
    }
  }

  /// What came of reading.
  public enum ReadResult: Hashable, Sendable {
    /// So many times since it was read before, or set.
    case expired(UInt64)
    /// It has not, and there was no patience.
    case wouldBlock
    /// It did not until the deadline.
    case timedOut
  }

  /// Takes the number of expirations, and waits for one.
  ///
  /// Calls `read(2)`, and `ppoll(2)` to wait.
  public func read(
    patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> ReadResult {
    var count: UInt64 = 0
    while true {
      let result = Kernel.attempt(interruption) { unsafe cipc_timerfd_read(descriptor.rawValue, &count) }
      switch result {
      case .success: return .expired(count)
      case .failure(.wouldBlock):
        if patience == .none { return .wouldBlock }
        if try Kernel.wait(for: .readable, of: descriptor, patience, interruption).isEmpty { return .timedOut }
      case .failure(let reason): throw IPCError(call: "read", errno: reason, object: .descriptor(descriptor))
      }
    }
  }

  private func set(absolute: Bool, _ first: Int64, _ interval: Int64) throws(IPCError) {
    try Kernel.call("timerfd_settime", on: .descriptor(descriptor)) {
      cipc_timerfd_set(descriptor.rawValue, absolute ? 1 : 0, first, interval)
    }
  }
}
