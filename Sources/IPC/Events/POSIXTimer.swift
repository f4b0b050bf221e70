internal import CIPC
internal import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// A timer that sends a signal, or calls a function in a thread that the C library creates.
///
/// ```swift
/// let heartbeat = try POSIXTimer { print("still alive") }
/// try heartbeat.set(after: .seconds(1), every: .seconds(1))
/// ```
///
/// To wait for a timer together with descriptors, use a ``TimerFD`` instead, which needs neither a signal nor a thread.
///
/// `timer_create(2)`.
@safe public struct POSIXTimer: ~Copyable, @unchecked Sendable {
  private let timer: UnsafeMutableRawPointer?
  /// The key of the function to call; nil if the timer sends a signal.
  private let key: Int32?

  /// Creates a disarmed timer that sends a signal with `si_code` `SI_TIMER` to this process.
  ///
  /// - Parameters:
  ///   - clock: The timer's clock.
  ///   - signal: The signal.
  ///   - value: The value that the signal carries.
  /// - Throws: ``IPCError`` with `.resourceTemporarilyUnavailable` (`EAGAIN`) if `RLIMIT_SIGPENDING` is reached.
  ///
  /// Calls `timer_create(2)` with `SIGEV_SIGNAL`.
  public init(clock: TimerFD.Clock = .monotonic, signal: Signal, value: Int32 = 0) throws(IPCError) {
    var timer: UnsafeMutableRawPointer?
    try Syscall.call(.timerCreate) {
      unsafe cipc_timer_create_signal(clock.identifier, signal.rawValue, value, &timer)
    }
    unsafe self.timer = timer
    key = nil
  }

  /// Creates a disarmed timer that calls a function in a thread that the C library creates.
  ///
  /// If the function is running when the timer is destroyed, it continues. If the timer expires several times in quick
  /// succession, the function can run in several threads at the same time.
  ///
  /// - Parameters:
  ///   - clock: The timer's clock.
  ///   - body: The function, which must not block for long.
  /// - Throws: ``IPCError`` with `.resourceTemporarilyUnavailable` (`EAGAIN`) if the thread cannot be created.
  ///
  /// Calls `timer_create(2)` with `SIGEV_THREAD`.
  public init(clock: TimerFD.Clock = .monotonic, onThread body: @escaping @Sendable () -> Void) throws(IPCError) {
    let key = ThreadNotification.add(body, repeats: true)
    var timer: UnsafeMutableRawPointer?
    do throws(IPCError) {
      try Syscall.call(.timerCreate) {
        unsafe cipc_timer_create_thread(clock.identifier, key, ThreadNotification.call, &timer)
      }
    } catch {
      ThreadNotification.remove(key)
      throw error
    }
    unsafe self.timer = timer
    self.key = key
  }

  deinit {
    _ = unsafe cipc_timer_delete(timer)
    if let key { ThreadNotification.remove(key) }
  }

  /// Sets the timer to expire after `duration`, and then after each interval.
  ///
  /// Discards the previous setting.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` if the interval is not positive; pass nil for a single expiration.
  ///
  /// Calls `timer_settime(2)`.
  public func set(after duration: Duration, every interval: Duration? = nil) throws(IPCError) {
    if let interval, interval <= .zero { throw IPCError(.timerSetTime, .invalidArgument) }
    // A time of 0 would disarm the timer, and an interval of 0 would make it expire only once.
    try set(max(1, duration.nanoseconds), interval.map { max(1, $0.nanoseconds) } ?? 0)
  }

  /// Stops the timer.
  ///
  /// Calls `timer_settime(2)`.
  public func disarm() throws(IPCError) { try set(0, 0) }

  /// The time until the next expiration, and the interval; nil if the timer is disarmed or has expired for the last
  /// time.
  ///
  /// Calls `timer_gettime(2)`.
  public var status: (remaining: Duration, interval: Duration?)? {
    get throws(IPCError) {
      var (remaining, interval): (Int64, Int64) = (0, 0)
      try Syscall.call(.timerGetTime) { unsafe cipc_timer_remaining(timer, &remaining, &interval) }
      return remaining == 0 ? nil : (.nanoseconds(remaining), interval == 0 ? nil : .nanoseconds(interval))
    }
  }

  /// The number of additional times that the timer expired between the generation and the receipt of the last signal.
  ///
  /// Calls `timer_getoverrun(2)`.
  public var overrunCount: Int {
    get throws(IPCError) { Int(try Syscall.call(.timerGetOverrun) { unsafe cipc_timer_overrun(timer) }) }
  }

  private func set(_ nanoseconds: Int64, _ interval: Int64) throws(IPCError) {
    try Syscall.call(.timerSetTime) { unsafe cipc_timer_set(timer, nanoseconds, interval) }
  }
}
