import Glibc
import PeerProtocol

/// A point in time, as measured by both clocks that deadlines use.
struct Moment {
  let instant: ContinuousClock.Instant
  let timeOfDay: Duration

  static var now: Moment { Moment(instant: .now, timeOfDay: Self.time(of: CLOCK_REALTIME)) }

  /// Returns a clock's time, as reported by `clock_gettime(2)`.
  static func time(of clock: clockid_t) -> Duration {
    var time = timespec()
    unsafe clock_gettime(clock, &time)
    return .seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec))
  }

  /// Returns whether the time-of-day clock has not been set since an earlier moment.
  func isSteady(since earlier: Moment) -> Bool {
    let step = timeOfDay - earlier.timeOfDay - earlier.instant.duration(to: instant)
    return step < .milliseconds(1) && step > .milliseconds(-1)
  }

  /// Returns the elapsed time, which is the longer of the times measured by the two clocks.
  ///
  /// Some deadlines are times of day. If the time-of-day clock is set forward, such a deadline passes before the
  /// timeout has elapsed on the other clock.
  func elapsed(since earlier: Moment) -> Duration {
    max(earlier.instant.duration(to: instant), timeOfDay - earlier.timeOfDay)
  }
}

/// The requirements for every operation's duration, regardless of the scenario.
///
/// The runner measures from before it writes the request until after it has read the response. A busy machine can only
/// make the measured time longer, so an operation that seems to end early did end early.
struct TimeCheck {
  let registry: OperationRegistry

  /// Returns a description of the problem if an operation timed out before its timeout had elapsed; otherwise nil.
  ///
  /// No standard permits an early timeout; POSIX rounds timeouts up to the clock's resolution.
  func earlyEnd(of exchange: Exchange) -> String? {
    let request = exchange.request
    guard let timeout = timeout(of: request), exchange.elapsed < timeout, isExpiration(exchange.response, of: request)
    else { return nil }
    return
      "\(request.operation) timed out after \(milliseconds(exchange.elapsed)), before its timeout of \(milliseconds(timeout))"
  }

  /// Returns whether a request must not block: its timeout is zero or has passed, a flag makes it nonblocking, or
  /// EAGAIN is expected.
  func isImmediate(_ request: Request, expecting expected: ExpectedResponse) -> Bool {
    guard let operation = registry[request.operation] else { return false }
    if let isImmediate = operation.isImmediate { return isImmediate }
    if isNonblocking(request) { return true }
    if let timeout = timeout(of: request) {
      return timeout == .zero || (timeout < .zero && !operation.negativeTimeoutWaits)
    }
    return if case .error(let allowed, _) = expected { allowed == ["EAGAIN"] } else { false }
  }

  /// Returns a request's timeout; nil if it has none.
  func timeout(of request: Request) -> Duration? {
    registry.timeouts.lazy.compactMap { request.fields[$0] }.first.flatMap { Duration(decimalSeconds: $0) }
  }

  private func isNonblocking(_ request: Request) -> Bool {
    registry.nonblockingFlags.contains { flag in
      request.fields.entries.contains { entry in
        !registry.payloads.contains(entry.key)
          && String(decoding: entry.value, as: UTF8.self).split { "|,:".contains($0) }.contains(flag[...])
      }
    }
  }

  /// Returns whether a response reports that the operation's timeout has elapsed.
  private func isExpiration(_ response: Response, of request: Request) -> Bool {
    let expiration = registry[request.operation]?.expiration ?? .error("ETIMEDOUT")
    return switch (response, expiration) {
    case (.error(let errno, _), .error(let expected)): errno == expected && !isNonblocking(request)
    case (.ok(let fields), .field(let key, let value)): fields[key] == value
    default: false
    }
  }

  private func milliseconds(_ duration: Duration) -> String {
    "\((duration.seconds * 1_000_000).rounded(.down) / 1000) ms"
  }
}
