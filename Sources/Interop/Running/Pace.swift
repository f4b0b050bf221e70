/// Time limits that follow the machine: what a sandbox takes to start says how fast and how busy it is.
enum Pace {
  /// A sandbox starts in 3 to 7 ms where nothing else runs; up to this, limits stay as they are.
  static let usualStartup = Duration.milliseconds(50)

  /// A limit, stretched as far as the start of a sandbox was stretched beyond the usual. Never a shorter one.
  static func patience(_ limit: Duration, startup: Duration) -> Duration {
    limit * max(1, startup / usualStartup)
  }
}
