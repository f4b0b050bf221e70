/// Divides a run's time among its measurements.
///
/// The time needed to start peers and programs depends on the machine. Therefore, each benchmark gets a share of the
/// remaining time.
struct BenchmarkPace {
  /// The number of sessions, each of which starts two peers, and the total number of measurements in all sessions.
  struct Work: Equatable {
    var sessions = 0
    var measurements = 0
  }

  /// The assumed duration of a session until the first session has been measured, in seconds.
  private static let expectedSession = 0.1
  /// The shortest useful measurement, in seconds.
  static let shortest = 0.005

  /// The time for the whole run, in seconds.
  let limit: Double
  /// The time for a measurement if the run has time to spare, in seconds.
  let longest: Double
  private var remaining: Work
  private var sessions = 0
  /// The time spent on measurements so far, in seconds.
  private var spent = 0.0

  init(limit: Double, longest: Double, work: [Work]) {
    (self.limit, self.longest) = (limit, longest)
    remaining = work.reduce(into: Work()) {
      $0.sessions += $1.sessions
      $0.measurements += $1.measurements
    }
  }

  /// Returns the time for each measurement of the next benchmark, `elapsed` seconds after the start of the run.
  mutating func budget(for work: Work, elapsed: Double) -> Double {
    let session = sessions > 0 ? max(elapsed - spent, 0) / Double(sessions) : Self.expectedSession
    let left = limit - elapsed - session * Double(remaining.sessions)
    let budget = min(max(left / Double(max(remaining.measurements, 1)), min(Self.shortest, longest)), longest)
    remaining.sessions -= work.sessions
    remaining.measurements -= work.measurements
    sessions += work.sessions
    spent += budget * Double(work.measurements)
    return budget
  }
}
