internal import CIPC
public import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// A timer with a descriptor, so that a program can wait for it together with other descriptors.
///
/// ```swift
/// let timer = try TimerFD()
/// try timer.set(after: .seconds(1), every: .milliseconds(100))
/// let expirations = try timer.read()
/// ```
///
/// The descriptor is readable if the timer has expired since the last read. By default, the timer's clock stops
/// while the system sleeps, as `SuspendingClock` does.
///
/// `timerfd_create(2)`.
public struct TimerFD: ~Copyable, Sendable, DescriptorOwner {
  private let owned: OwnedDescriptor

  private let clock: Clock

  /// A timer's clock.
  public enum Clock: Hashable, Sendable {
    /// `CLOCK_MONOTONIC`, which stops while the system sleeps.
    case monotonic
    /// `CLOCK_BOOTTIME`, which continues while the system sleeps.
    case bootTime
    /// `CLOCK_REALTIME`, the time of day, which can be set.
    case timeOfDay

    var identifier: clockid_t {
      switch self {
      case .monotonic: CLOCK_MONOTONIC
      case .bootTime: CLOCK_BOOTTIME
      case .timeOfDay: CLOCK_REALTIME
      }
    }
  }

  /// Creates a disarmed timer; its descriptor is close-on-exec and nonblocking.
  ///
  /// - Throws: ``IPCError`` with `.tooManyOpenFiles`.
  ///
  /// Calls `timerfd_create(2)`.
  public init(clock: Clock = .monotonic) throws(IPCError) {
    let owned = try OwnedDescriptor.opened(by: .timerFDCreate) { cipc_timerfd(clock.identifier) }
    self.owned = owned
    self.clock = clock
  }

  /// Takes ownership of an inherited or received descriptor, and makes it close-on-exec.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` if it is not a `CLOCK_MONOTONIC` timer. In that case, the previous
  ///   owner keeps the descriptor.
  public init(adopting descriptor: FileDescriptor) throws(IPCError) {
    let isTimer = try OwnedDescriptor.isAnonymousInode(descriptor, "[timerfd]")
    guard isTimer, try descriptorInformation(of: descriptor, "\nclockid: ") == CLOCK_MONOTONIC else {
      throw IPCError(.timerFDCreate, .invalidArgument, on: .descriptor(descriptor))
    }
    let owned = try OwnedDescriptor.adopting(descriptor)
    self.owned = owned
    clock = .monotonic
  }

  /// The open descriptor, owned and closed by this value.
  public var descriptor: FileDescriptor { owned.descriptor }
  /// Transfers ownership of the descriptor to the caller.
  public consuming func takeDescriptor() -> OwnedDescriptor { owned }

  /// Sets the timer to expire at an instant, or immediately if the instant has passed, and then after each interval.
  ///
  /// Discards the previous setting and unread expirations.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` if the interval is not positive; pass nil for a single expiration.
  ///
  /// Calls `timerfd_settime(2)`.
  public func set(at instant: SuspendingClock.Instant, every interval: Duration? = nil) throws(IPCError) {
    try set(at: Timeout.until(instant), interval)
  }

  /// Sets the timer to expire after `duration`, and then after each interval, like ``set(at:every:)``.
  public func set(after duration: Duration, every interval: Duration? = nil) throws(IPCError) {
    try set(at: Timeout.after(duration), interval)
  }

  /// Sets the timer to expire at a time on its clock, or immediately if the time has passed, and then after each
  /// interval.
  ///
  /// A ``Clock/timeOfDay`` timer takes changes to the clock into account, as an appointment requires.
  ///
  /// - Parameters:
  ///   - seconds: The seconds on the timer's clock: since 1970 for ``Clock/timeOfDay``, otherwise since the system
  ///     started.
  ///   - nanoseconds: The nanoseconds within that second.
  ///   - interval: The time between further expirations; nil for a single expiration.
  /// - Throws: ``IPCError`` with `.invalidArgument` if `seconds` is negative, `nanoseconds` is not from 0 to
  ///   999,999,999, or the interval is not positive.
  ///
  /// Calls `timerfd_settime(2)` with `TFD_TIMER_ABSTIME`.
  public func set(atSeconds seconds: Int64, nanoseconds: Int = 0, every interval: Duration? = nil) throws(IPCError) {
    guard seconds >= 0, 0..<1_000_000_000 ~= nanoseconds else {
      throw IPCError(.timerFDSetTime, .invalidArgument, on: .descriptor(descriptor))
    }
    let (whole, isLate) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (instant, isLater) = whole.addingReportingOverflow(Int64(nanoseconds))
    try set(absolute: true, isLate || isLater ? .max : max(1, instant), try period(interval))
  }

  /// Stops the timer and discards unread expirations.
  ///
  /// Calls `timerfd_settime(2)`.
  public func disarm() throws(IPCError) { try set(absolute: false, 0, 0) }

  /// The time until the next expiration, and the interval; nil if the timer is disarmed or has expired for the last
  /// time.
  ///
  /// Calls `timerfd_gettime(2)`.
  public var status: (remaining: Duration, interval: Duration?)? {
    get throws(IPCError) {
      var (remaining, interval): (Int64, Int64) = (0, 0)
      try Syscall.call(.timerFDGetTime, on: .descriptor(descriptor)) {
        unsafe cipc_timerfd_remaining(descriptor.rawValue, &remaining, &interval)
      }
      return remaining == 0 ? nil : (.nanoseconds(remaining), interval == 0 ? nil : .nanoseconds(interval))
    }
  }

  /// Waits until the timer has expired, and returns the number of expirations since the timer was last read or set.
  ///
  /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock`; `.interrupted` if
  ///   `retryOnInterrupt` is false and a signal handler ran.
  ///
  /// Calls `read(2)`, and `ppoll(2)` to wait.
  public func read(timeout: Timeout = .never, retryOnInterrupt: Bool = true) throws(IPCError) -> UInt64 {
    var count: UInt64 = 0
    _ = try Syscall.untilReady(.read, descriptor, .readable, timeout, retryOnInterrupt: retryOnInterrupt) {
      () throws(IPCError) in
      // An adopted descriptor may be blocking, and another thread may consume the expiration that ppoll(2) reported.
      try NonBlocking.result(descriptor, timeout, retryOnInterrupt: retryOnInterrupt) {
        unsafe cipc_timerfd_read(descriptor.rawValue, &count)
      }
    }
    return count
  }

  /// Returns the number of expirations since the timer was last read or set, without waiting.
  ///
  /// - Returns: The number of expirations; nil if the timer has not expired.
  public func tryRead() throws(IPCError) -> UInt64? {
    try nilIfWouldBlock { () throws(IPCError) in try read(timeout: .immediate) }
  }

  /// Sets the timer to expire when a timeout expires, and then after each interval.
  package func set(at instant: Timeout, _ interval: Duration? = nil) throws(IPCError) {
    let period = try period(interval)
    // A time of 0 would disarm the timer.
    if clock == .monotonic { return try set(absolute: true, max(1, instant.monotonicNanoseconds), period) }
    try set(absolute: false, max(1, instant.nanoseconds ?? 1), period)
  }

  /// Returns an interval in nanoseconds; 0 if there is none.
  private func period(_ interval: Duration?) throws(IPCError) -> Int64 {
    guard let interval else { return 0 }
    guard interval > .zero else { throw IPCError(.timerFDSetTime, .invalidArgument, on: .descriptor(descriptor)) }
    // An interval of 0 would make the timer expire only once.
    return max(1, interval.nanoseconds)
  }

  private func set(absolute: Bool, _ first: Int64, _ interval: Int64) throws(IPCError) {
    try Syscall.call(.timerFDSetTime, on: .descriptor(descriptor)) {
      cipc_timerfd_set(descriptor.rawValue, absolute ? 1 : 0, first, interval)
    }
  }
}
