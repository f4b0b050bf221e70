package import Glibc

/// An instant of the monotonic clock, which nobody sets and which stands still while the machine sleeps.
///
/// The clock is `CLOCK_MONOTONIC`. Calls that take a time of day instead, such as `mq_timedsend(3)`, are given
/// the one that corresponds at the moment of the call, and called again if the time of day was set forward meanwhile.
public struct Deadline: Hashable, Comparable, Sendable {
  /// Nanoseconds of the monotonic clock.
  package let nanoseconds: Int64

  package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// The present instant.
  public static var now: Deadline { Deadline(nanoseconds: read(CLOCK_MONOTONIC)) }

  /// The instant `duration` from now; a negative duration names one in the past. Beyond 292 years, it is the last one.
  public static func after(_ duration: Duration) -> Deadline {
    let length = duration.nanoseconds
    let (instant, late) = now.nanoseconds.addingReportingOverflow(length)
    return Deadline(nanoseconds: late ? (length < 0 ? .min : .max) : instant)
  }

  public static func < (left: Deadline, right: Deadline) -> Bool { left.nanoseconds < right.nanoseconds }

  public var hasPassed: Bool { remaining <= 0 }

  /// Nanoseconds until then, 0 or less when it has passed.
  package var remaining: Int64 {
    let (difference, overflowed) = nanoseconds.subtractingReportingOverflow(Self.now.nanoseconds)
    return overflowed ? (nanoseconds < 0 ? .min : .max) : difference
  }

  /// The time of day at that instant, as the calls take it that wait by `CLOCK_REALTIME`.
  ///
  /// Never before 1970, which those calls would refuse. The time of day may be set while the call waits, so it can
  /// report a timeout before ``hasPassed``: call again then.
  package var timeOfDay: timespec {
    let remaining = remaining
    let (sum, overflowed) = Self.read(CLOCK_REALTIME).addingReportingOverflow(remaining)
    let instant = overflowed ? (remaining < 0 ? 0 : .max) : max(0, sum)
    return timespec(tv_sec: Int(instant / 1_000_000_000), tv_nsec: Int(instant % 1_000_000_000))
  }

  /// The instant as the calls take it that wait by `CLOCK_MONOTONIC`, whose times begin at 0.
  package var time: timespec {
    let instant = max(0, nanoseconds)
    return timespec(tv_sec: Int(instant / 1_000_000_000), tv_nsec: Int(instant % 1_000_000_000))
  }

  private static func read(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    // Fails only for a clock that does not exist.
    _ = unsafe clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}

extension Duration {
  /// Rounded up: a wait may be too long, never too short. Beyond 292 years, the most there is.
  var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let fraction = (attoseconds + (attoseconds > 0 ? 999_999_999 : 0)) / 1_000_000_000
    let limit: Int64 = seconds < 0 ? .min : .max
    let (whole, overflowed) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    if overflowed { return limit }
    let (length, lost) = whole.addingReportingOverflow(fraction)
    return lost ? limit : length
  }
}
