internal import CIPC
internal import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// A timer that sends a signal, or calls a function in a thread of the C library.
///
/// ```swift
/// let heartbeat = try POSIXTimer { print("still alive") }
/// try heartbeat.set(after: .seconds(1), every: .seconds(1))
/// ```
///
/// To wait for a timer together with descriptors, use a ``TimerFD`` instead, which needs neither.
///
/// `timer_create(2)`.
@safe public struct POSIXTimer: ~Copyable, @unchecked Sendable {
  private let timer: UnsafeMutableRawPointer?
  /// The key of the function; nil for a signal.
  private let key: Int32?

  /// Creates a timer that is not set, and that sends a signal to this process with `si_code` `SI_TIMER`.
  ///
  /// - Parameters:
  ///   - clock: The clock of the timer.
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

  /// Creates a timer that is not set, and that calls a function in a thread of the C library.
  ///
  /// A call that has begun continues after the timer is destroyed. Expirations that follow each other quickly can run
  /// at the same time, in several threads.
  ///
  /// - Parameters:
  ///   - clock: The clock of the timer.
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
  /// - Throws: ``IPCError`` with `.invalidArgument` for a negative time.
  ///
  /// Calls `timer_settime(2)`.
  public func set(after duration: Duration, every interval: Duration? = nil) throws(IPCError) {
    try set(max(1, duration.nanoseconds), interval?.nanoseconds ?? 0)
  }

  /// Stops the timer.
  ///
  /// Calls `timer_settime(2)`.
  public func disarm() throws(IPCError) { try set(0, 0) }

  /// The time until the next expiration, and the interval; nil if the timer is not set, or has expired for the last
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

  /// The number of further expirations between the one that caused the last signal and its reception.
  ///
  /// Calls `timer_getoverrun(2)`.
  public var overrunCount: Int {
    get throws(IPCError) { Int(try Syscall.call(.timerGetOverrun) { unsafe cipc_timer_overrun(timer) }) }
  }

  private func set(_ nanoseconds: Int64, _ interval: Int64) throws(IPCError) {
    try Syscall.call(.timerSetTime) { unsafe cipc_timer_set(timer, nanoseconds, interval) }
  }
}
