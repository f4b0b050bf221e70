import Foundation

/// A time limit for processes, which excludes the time that they spend waiting for a CPU.
///
/// On a busy machine, a process that is ready to run may have to wait for minutes, although it is not hung. The delays
/// are measured only after the limit seems to have passed, so a limit costs nothing until then.
struct TimeLimit {
  /// The time that the processes may take.
  let duration: Duration
  /// The time after which the limit has passed even if the processes had to wait for a CPU.
  let maximum: Duration
  /// The excluded time that processes spent waiting for a CPU.
  private(set) var excluded = Duration.zero
  private let start: ContinuousClock.Instant
  private var lastCheck: (time: ContinuousClock.Instant, delay: Duration)
  /// The CPU time of each thread at the first check; nil before that check.
  private var usedAtFirstCheck: [String: Duration]?

  /// The maximum factor by which a limit may exceed `duration`.
  static let maximumFactor = 30

  /// Starts a limit of `duration`; `delay` is the last known value of a ``SchedulingDelay``.
  ///
  /// If the delay has increased since then, the first check excludes too much time, but at most `duration`.
  init(_ duration: Duration, maximum: Duration? = nil, delay: Duration, now: ContinuousClock.Instant = .now) {
    self.duration = duration
    self.maximum = max(duration, maximum ?? duration * Self.maximumFactor)
    start = now
    lastCheck = (now, delay)
  }

  private var end: ContinuousClock.Instant { start + min(duration + excluded, maximum) }

  /// Returns the time until the limit passes, unless processes have to wait for a CPU.
  func remaining(now: ContinuousClock.Instant = .now) -> Duration { max(now.duration(to: end), .zero) }

  /// Returns whether the limit has passed.
  ///
  /// `delay` returns the total delay so far, and `used` the CPU time of each thread. They are called only if the limit
  /// seems to have passed.
  ///
  /// If several processes wait at the same time, the time is excluded only once. A thread that has used as much CPU
  /// time as the limit is hung, however long it has to wait between its timeslices.
  mutating func hasPassed(
    now: ContinuousClock.Instant = .now, delay: () -> Duration, used: () -> [String: Duration] = { [:] }
  ) -> Bool {
    guard now >= end else { return false }
    let total = delay()
    excluded += min(max(total - lastCheck.delay, .zero), lastCheck.time.duration(to: now))
    lastCheck = (now, total)
    let used = used()
    if let first = usedAtFirstCheck {
      return now >= end || used.contains { $0.value - first[$0.key, default: .zero] >= duration }
    }
    usedAtFirstCheck = used
    return now >= end
  }

  /// Returns whether the limit has passed for processes with the given delay.
  mutating func hasPassed(now: ContinuousClock.Instant = .now, _ delay: SchedulingDelay) -> Bool {
    hasPassed(now: now, delay: delay.measure, used: { delay.used })
  }
}

extension TimeLimit: CustomStringConvertible {
  /// The limit in seconds, and the excluded time if that exceeds a tenth of a second.
  var description: String {
    guard excluded > .milliseconds(100) else { return Self.text(duration) }
    return "\(Self.text(duration)), not counting \(Self.text(excluded)) in which its processes waited for a processor"
  }

  private static func text(_ duration: Duration) -> String {
    "\(decimal(duration.seconds, places: duration < .seconds(1) ? 2 : 1)) seconds"
  }
}

/// The time that the calling thread and a sandbox's processes spent ready to run, but not running.
///
/// The kernel accounts this time to each thread (`/proc/PID/schedstat`, CONFIG_SCHED_INFO) when the thread next runs.
/// Without kernel support, the delay is 0.
final class SchedulingDelay {
  /// The sum of all observed delays.
  private(set) var total = Duration.zero
  /// The CPU time of each of the processes' threads at the last measurement, by the thread's directory in `/proc`.
  private(set) var used: [String: Duration] = [:]
  private let root: pid_t
  private var lastMeasurement = ContinuousClock.now
  /// The last value for each thread, by the thread's directory in `/proc`.
  private var known: [String: Duration] = [:]

  /// The interval after which two observations of a running thread must differ, even if the kernel counts in 10 ms
  /// ticks.
  private static let interval = Duration.milliseconds(30)

  /// Creates the delay for a process and its descendants.
  init(of root: pid_t) { self.root = root }

  /// Reads the delays of all threads, and returns the total.
  ///
  /// The total does not include the delays of threads that both started and ended since the last call. If a thread is
  /// waiting now, the start of its wait is unknown, so all the time since the last call counts as delay.
  func measure() -> Duration {
    let threads = threads
    var ready: [String: [Substring]] = [:]
    for thread in threads + ["/proc/thread-self"] {
      // The numbers are the thread's time on a CPU and in a run queue, in nanoseconds, and its number of timeslices.
      let numbers = Self.read("\(thread)/schedstat")
      let durations = numbers.prefix(2).compactMap { Int64($0).map(Duration.nanoseconds) }
      guard durations.count == 2 else { continue }
      total += max(durations[1] - known[thread, default: .zero], .zero)
      known[thread] = durations[1]
      if thread == "/proc/thread-self" { continue }
      used[thread] = durations[0]
      if Self.isReady(thread) { ready[thread] = numbers }
    }
    if !ready.isEmpty {
      waitForInput([], timeout: Self.interval)
      let isWaiting = ready.contains { Self.isReady($0.key) && Self.read("\($0.key)/schedstat") == $0.value }
      if isWaiting { total += lastMeasurement.duration(to: .now) }
    }
    lastMeasurement = .now
    return total
  }

  /// The directories of all the processes' threads.
  private var threads: [String] {
    var pids = [root]
    var threads: [String] = []
    while let pid = pids.popLast() {
      for number in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? [] {
        let thread = "/proc/\(pid)/task/\(number)"
        threads.append(thread)
        pids += Self.read("\(thread)/children").compactMap { pid_t($0) }
      }
    }
    return threads
  }

  /// Returns whether a thread is running or ready to run.
  private static func isReady(_ thread: String) -> Bool {
    // The process name ends at the last parenthesis.
    let stat = (try? String(contentsOfFile: "\(thread)/stat", encoding: .utf8)) ?? ""
    return stat.lastIndex(of: ")").map { stat[$0...].dropFirst().hasPrefix(" R") } ?? false
  }

  private static func read(_ path: String) -> [Substring] {
    (try? String(contentsOfFile: path, encoding: .utf8))?.split(whereSeparator: \.isWhitespace) ?? []
  }
}

/// Adapts time limits to slow peers, and to the machine's speed and load as shown by a sandbox's startup time.
enum TimeoutScaling {
  /// The startup time up to which limits are not extended; on an idle machine, a sandbox starts in 2 to 7 ms.
  static let usualStartup = Duration.milliseconds(50)

  /// The maximum factor by which a slow startup extends a limit.
  ///
  /// A startup time also contains waits for a CPU, which ``TimeLimit`` excludes anyway and which may be short during the
  /// rest of the cell.
  static let maximumStartupFactor = 10.0

  /// Returns the limit, extended in proportion to the startup time if that is longer than usual.
  static func scaled(_ limit: Duration, startup: Duration) -> Duration {
    limit * min(factor(startup), maximumStartupFactor)
  }

  private static func factor(_ startup: Duration) -> Double { max(1, startup / usualStartup) }

  /// The time from the start to the first response up to which a peer is not considered slow.
  static let usualFirstResponse = Duration.milliseconds(100)

  /// Returns the factor by which a peer is slower than usual; at least 1.
  ///
  /// `firstResponse` is the time until the peer's first response, in a sandbox that took `startup` to start.
  static func slowness(firstResponse: Duration, startup: Duration) -> Double {
    max(1, firstResponse / (usualFirstResponse * factor(startup)))
  }
}
