internal import CIPC
package import SystemPackage

/// How long a call may wait.
///
/// A timeout is an instant. ``after(_:)`` computes the instant when it is called, so several calls with the same value
/// share one deadline. A call that a signal interrupts keeps its deadline.
///
/// ```swift
/// let message = try queue.receive(into: &buffer, timeout: .after(.seconds(1)))
/// ```
@frozen
public struct Timeout: Hashable, Sendable {
  /// The instant in nanoseconds of `CLOCK_MONOTONIC`; `.max` never passes, and `.min` has already passed.
  @usableFromInline let deadline: Int64

  @usableFromInline init(deadline: Int64) { self.deadline = deadline }

  /// Waits indefinitely.
  @inlinable public static var never: Timeout { Timeout(deadline: .max) }

  /// Does not wait: a call that would block throws `.wouldBlock`.
  ///
  /// Some calls throw the error of the C function instead: locking a ``SharedMutex`` or ``SharedRWLock`` throws
  /// `.resourceBusy`; opening a FIFO that has no reader for writing throws `.noSuchAddressOrDevice`; connecting a
  /// ``TCP/Stream`` throws `.nowInProgress`.
  @inlinable public static var immediate: Timeout { Timeout(deadline: .min) }

  /// Waits until `duration` from now, then throws `.timedOut`.
  ///
  /// A call that does not need to wait succeeds even if the duration is 0 or negative.
  public static func after(_ duration: Duration) -> Timeout { Timeout(nanoseconds: duration.nanoseconds) }

  /// Waits until an instant on a clock that stops while the system sleeps, then throws `.timedOut`.
  public static func until(_ instant: SuspendingClock.Instant) -> Timeout {
    Timeout(nanoseconds: SuspendingClock().now.duration(to: instant).nanoseconds)
  }

  /// Waits until a time of day, given in the form of a C `timespec`, then throws `.timedOut`.
  ///
  /// Later changes to the clock do not affect the wait.
  ///
  /// - Parameters:
  ///   - seconds: The seconds since 1970.
  ///   - nanoseconds: The nanoseconds within that second.
  /// - Returns: The timeout.
  /// - Throws: ``IPCError`` with `.invalidArgument` if `seconds` is negative, or `nanoseconds` is not from 0 to
  ///   999,999,999. `mq_timedsend(3)` rejects such a `timespec` with the same error.
  public static func until(secondsSince1970 seconds: Int64, nanoseconds: Int) throws(IPCError) -> Timeout {
    guard seconds >= 0, 0..<1_000_000_000 ~= nanoseconds else { throw IPCError(.timeoutUntil, .invalidArgument) }
    let now = cipc_clock_realtime()
    let (whole, isLate) = (seconds - now / 1_000_000_000).multipliedReportingOverflow(by: 1_000_000_000)
    if isLate || whole > .max - 1_000_000_000 { return Timeout(nanoseconds: .max) }
    return Timeout(nanoseconds: whole + Int64(nanoseconds) - now % 1_000_000_000)
  }

  /// Creates a timeout that ends `length` nanoseconds from now.
  private init(nanoseconds length: Int64) {
    let (instant, overflowed) = MonotonicTime.now.addingReportingOverflow(length)
    // The minimum is reserved for ``immediate``, and the maximum for ``never``.
    let (earliest, latest) = (Int64.min + 1, Int64.max - 1)
    if overflowed {
      deadline = length < 0 ? earliest : latest
    } else {
      deadline = min(max(instant, earliest), latest)
    }
  }

  /// Whether the timeout has expired; always true for ``immediate``.
  public var hasPassed: Bool { self != .never && deadline <= MonotonicTime.now }

  /// The remaining time; 0 if the timeout has expired, nil for ``never``.
  public var remaining: Duration? { self == .never ? nil : .nanoseconds(nanoseconds ?? 0) }
}

extension Timeout {
  package init(monotonicNanoseconds: Int64) { self.init(deadline: monotonicNanoseconds) }

  /// Nanoseconds of `CLOCK_MONOTONIC`.
  package var monotonicNanoseconds: Int64 { deadline }

  @inline(__always) package var isNever: Bool { deadline == .max }
  @inline(__always) package var isImmediate: Bool { deadline == .min }
  package var isDeadline: Bool { !isNever && !isImmediate }

  /// How long a call may sleep, in nanoseconds: -1 for no limit, nil if it must not sleep.
  package var nanoseconds: Int64? {
    if isNever { return -1 }
    if isImmediate { return nil }
    let (rest, overflowed) = deadline.subtractingReportingOverflow(MonotonicTime.now)
    if overflowed { return deadline < 0 ? nil : .max }
    return rest > 0 ? rest : nil
  }

  /// The error for a call that could not complete in time.
  package var expirationError: Errno { isImmediate ? .wouldBlock : .timedOut }

  /// The deadline for calls that use `CLOCK_MONOTONIC`, which is never negative.
  package var monotonicTime: (seconds: Int64, nanoseconds: Int) { Self.split(max(0, deadline)) }

  /// The deadline for calls that use `CLOCK_REALTIME`.
  ///
  /// The deadline is never before 1970, because those calls reject such times.
  ///
  /// The clock can be set while the call waits. If the call reports a timeout before ``hasPassed`` is true, repeat the
  /// call.
  package var timeOfDay: (seconds: Int64, nanoseconds: Int) {
    if isImmediate { return (0, 0) }
    let (rest, overflowed) = deadline.subtractingReportingOverflow(MonotonicTime.now)
    if overflowed { return deadline < 0 ? (0, 0) : Self.split(.max) }
    let (instant, late) = cipc_clock_realtime().addingReportingOverflow(rest)
    return Self.split(late ? (rest < 0 ? 0 : .max) : max(0, instant))
  }

  private static func split(_ instant: Int64) -> (seconds: Int64, nanoseconds: Int) {
    (instant / 1_000_000_000, Int(instant % 1_000_000_000))
  }
}

package enum MonotonicTime {
  /// Nanoseconds since an unspecified start, on a clock that never decreases and stops while the system sleeps:
  /// `CLOCK_MONOTONIC`.
  package static var now: Int64 { cipc_clock_monotonic() }
}

extension Duration {
  /// The duration in nanoseconds.
  ///
  /// The value is rounded up, so a wait is never too short, and clamped to 292 years.
  package var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let fraction = (attoseconds + (attoseconds > 0 ? 999_999_999 : 0)) / 1_000_000_000
    let limit: Int64 = seconds < 0 ? .min : .max
    let (whole, overflowed) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    if overflowed { return limit }
    let (length, lost) = whole.addingReportingOverflow(fraction)
    return lost ? limit : length
  }
}

/// Checks shared memory repeatedly for a short time before a thread goes to sleep.
///
/// The maximum duration is about the time that a thread needs to go to sleep and wake up, so an unsuccessful spin at
/// most doubles the cost. The thread does not yield the CPU, because the scheduler could then run all other threads
/// first.
enum Spin {
  /// The maximum duration in nanoseconds.
  static let time: Int64 = 10_000
  /// The time between two checks in nanoseconds; each check moves the cache line away from the peer's CPU.
  static let interval: Int64 = 250
  /// After an unsuccessful spin, only one in this many waits spins again.
  static let waitsPerSpin: UInt32 = 8

  /// Waits until the next check is due, and returns the time.
  @inline(__always)
  static func pause(after start: Int64) -> Int64 {
    var now = start
    while now < start + interval { now = MonotonicTime.now }
    return now
  }

  /// Checks a condition until it is true, ``time`` has elapsed or the timeout has expired; returns whether the
  /// condition is true.
  @inline(__always)
  static func until(_ timeout: Timeout, _ condition: () throws(IPCError) -> Bool) throws(IPCError) -> Bool {
    var now = MonotonicTime.now
    let end = min(now + time, timeout.monotonicNanoseconds)
    while now < end {
      now = pause(after: now)
      if try condition() { return true }
    }
    return false
  }
}

/// Pauses of 0.1 ms to 10 ms between attempts, for events that the kernel does not report.
package struct Backoff {
  private static let longest: Int64 = 10_000_000
  private var pause: Int64 = 100_000

  package init() {}

  /// Sleeps before the next attempt, but not past the timeout.
  ///
  /// - Returns: Whether to make another attempt; false if the timeout has expired.
  package mutating func sleep(
    before timeout: Timeout, retryOnInterrupt: Bool
  ) throws(IPCError) -> Bool {
    guard let rest = timeout.nanoseconds else { return false }
    let length = rest < 0 ? pause : min(pause, rest)
    pause = min(pause * 2, Self.longest)
    let end = Timeout(monotonicNanoseconds: MonotonicTime.now + length)
    // poll(2) ignores a negative descriptor.
    _ = try Syscall.wait(for: [], of: -1, until: end, retryOnInterrupt: retryOnInterrupt)
    return true
  }
}

/// The result of a nonblocking call, which distinguishes end of stream from an empty stream.
@frozen
public enum TryResult<Value: ~Copyable>: ~Copyable {
  /// The value that the blocking call returns.
  case ready(Value)
  /// The call would block.
  case wouldBlock
  /// No more values will arrive.
  case endOfStream
}

extension TryResult: Copyable where Value: Copyable {}
extension TryResult: Sendable where Value: Sendable & ~Copyable {}
extension TryResult: Equatable where Value: Equatable {}
extension TryResult: Hashable where Value: Hashable {}
