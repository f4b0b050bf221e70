/// The progress of a run, written to a log as one line every 30 seconds.
public struct ProgressLines: Sendable {
  private var recording: String?
  private var planned = 0
  private var ended = 0
  private var failed = 0
  private var next = interval

  private static let interval = 30.0

  /// Creates the progress of a run that has not started.
  public init() {}

  /// Processes an event, and returns a line if 30 seconds have passed since the last one; otherwise nil.
  public mutating func receive(_ event: Event) -> String? {
    switch event {
    case .recording(_, let number, let count): recording = "recording script \(number) of \(count)"
    case .runStarted(let run): (recording, planned) = (nil, run.cells)
    case .cellEnded(let result):
      ended += 1
      if result.isFailure, result.verdict != .passed { failed += 1 }
    case .timePassed(let seconds) where seconds >= next:
      next = ((seconds / Self.interval).rounded(.down) + 1) * Self.interval
      let time = seconds < 60 ? "\(Int(seconds)) s" : duration(seconds)
      return "\(recording ?? "\(ended) of \(counted(planned, "cell")), \(failed) failed"), \(time)\n"
    case .cellStarted, .timePassed, .runEnded: break
    }
    return nil
  }
}
