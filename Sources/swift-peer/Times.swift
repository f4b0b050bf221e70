internal import Glibc
internal import IPC
internal import PeerProtocol
internal import SystemPackage

extension Parameters {
  /// Returns the timeout in a request, given in seconds from now.
  ///
  /// `tv_nsec` replaces the nanoseconds of the end time, and may be out of range.
  func deadline(_ key: String = "abs_timeout") throws -> Timeout {
    let duration = try duration(key)
    guard has("tv_nsec") else { return .after(duration) }
    let end = sum(of: CLOCK_REALTIME, duration)
    return try .until(secondsSince1970: end.seconds, nanoseconds: try integer("tv_nsec"))
  }

  /// Returns the time on the given clock after a duration; `tv_nsec` can replace the nanoseconds.
  func instant(_ key: String, of clock: clockid_t) throws -> (seconds: Int64, nanoseconds: Int) {
    let end = sum(of: clock, try duration(key))
    return (end.seconds, try integer("tv_nsec", default: end.nanoseconds))
  }
}

/// Returns the clock's current time plus a duration.
private func sum(of clock: clockid_t, _ duration: Duration) -> (seconds: Int64, nanoseconds: Int) {
  // A timespec consists of two longs. The module that exports its members depends on the import order.
  var now: [2 of Int] = [0, 0]
  unsafe withUnsafeMutableBytes(of: &now) {
    guard let start = unsafe $0.baseAddress?.assumingMemoryBound(to: timespec.self) else { return }
    _ = unsafe clock_gettime(clock, start)
  }
  let (seconds, attoseconds) = duration.components
  let nanoseconds = now[1] + Int(attoseconds / 1_000_000_000)
  let carry = nanoseconds >= 1_000_000_000 ? 1 : nanoseconds < 0 ? -1 : 0
  return (Int64(now[0]) + seconds + Int64(carry), nanoseconds - carry * 1_000_000_000)
}
