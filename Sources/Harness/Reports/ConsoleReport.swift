/// The human-readable report: each failure as it occurs, a summary at the end and, on a terminal, a status line.
struct ConsoleReport: Report {
  let style: Style
  private var record = RunRecord()
  private var progress = Progress()
  private var status = StatusLine()
  /// The failed cells that have been described, and the control cells that have been named as a cause.
  private var described: Set<String> = []

  init(style: Style) { self.style = style }

  mutating func receive(_ event: Event) -> String {
    record.receive(event)
    progress.receive(event)
    let lines = lines(for: event)
    guard style.isTerminal else { return lines.map { $0 + "\n" }.joined() }
    if case .runEnded = event { return status.update("", below: lines) }
    return status.update(progress.line(style: style), below: lines)
  }

  private mutating func lines(for event: Event) -> [String] {
    switch event {
    case .runStarted(let description): opening(description)
    case .recording, .cellStarted, .timePassed: []
    case .cellEnded(let result) where result.isFailure && !isFolded(result):
      FailureDescription(result: result, style: style).lines
    case .cellEnded(let result): style.verbose ? line(for: result) : []
    case .runEnded(let summary): ConsoleSummary(record: record, summary: summary, style: style).lines
    }
  }

  /// Whether the result was caused by a failed control cell that has already been described.
  ///
  /// The summary names these cells.
  private mutating func isFolded(_ result: CellResult) -> Bool {
    let cause = result.outcome.control?.cell ?? result.cell.id
    return !described.insert(cause).inserted && result.outcome.control != nil
  }

  private func opening(_ run: RunDescription) -> [String] {
    let facts =
      [("isolation", run.isolation), ("kernel", run.kernel)]
      + run.implementations.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    let width = (facts.map(\.0.escapedForDisplay.count).max() ?? 0) + 2
    let plan = "\(counted(run.cells, "cell")) of \(counted(run.scenarios, "scenario")), \(counted(run.jobs, "job"))"
    var lines = [style.painted("\(plan), seed \(run.seed)", .heading)]
    for (name, value) in facts {
      for (index, line) in value.escapedForDisplay.wrapped(to: max(20, style.width - 2 - width)).enumerated() {
        let label = (index == 0 ? name.escapedForDisplay : "").padded(to: width)
        lines.append("  " + style.painted(label, .faint) + line)
      }
    }
    return lines
      + run.notes.flatMap { note in "note: \(note.escapedForDisplay)".wrapped(to: style.width - 2).map { "  \($0)" } }
      + [""]
  }

  private func line(for result: CellResult) -> [String] {
    let reason = result.outcome.reason
    let why = result.isExpected ? result.expectation.map { "as expected: \($0)" } ?? reason : reason
    return [
      style.painted(result.verdict.rawValue.padded(to: 12), result.verdict.paint)
        + duration(result.outcome.seconds).aligned(to: 8) + "  " + result.cell.id.escapedForDisplay
    ]
      + (result.verdict == .passed ? [] : why.map { $0.escapedForDisplay.wrapped(to: style.width - 22) } ?? [])
      .map { String(repeating: " ", count: 22) + $0 }
  }
}

extension ConsoleReport {
  /// The status line at the bottom of a terminal.
  private struct Progress {
    private var recording: String?
    private var planned = 0
    private var ended = 0
    private var passed = 0
    private var unexpected = 0
    private var running: [String] = []
    private var seconds: Double?

    mutating func receive(_ event: Event) {
      switch event {
      case .recording(let cell, let number, let count):
        recording = "recording script \(number) of \(count): \(cell.id.escapedForDisplay)"
      case .runStarted(let description): (recording, planned) = (nil, description.cells)
      case .cellStarted(let cell): running.append(cell.id)
      case .cellEnded(let result):
        ended += 1
        if result.isFailure { unexpected += 1 } else if result.verdict == .passed { passed += 1 }
        // Remove only one entry, because a cell that is repeated can be running several times.
        if let index = running.firstIndex(of: result.cell.id) { running.remove(at: index) }
      case .timePassed(let seconds): self.seconds = seconds
      case .runEnded: break
      }
    }

    func line(style: Style) -> String {
      if let recording { return recording.cut(to: style.width - 1) }
      let counts = "[\(String(ended).aligned(to: String(planned).count))/\(planned)] \(passed) passed, "
      let failures = "\(unexpected) unexpected"
      let time = seconds.map { ", \(duration($0))" } ?? ""
      let now = running.isEmpty ? "" : "; now: " + running.map(\.escapedForDisplay).joined(separator: ", ")
      // Leave the last column empty. Some terminals begin a new line after a character in that column, and the status
      // line would not be erased completely.
      let room = style.width - 1 - counts.count - failures.count
      guard room >= 0 else { return (counts + failures).cut(to: style.width - 1) }
      return counts + style.painted(failures, unexpected > 0 ? .bad : nil) + (time + now).cut(to: room)
    }
  }
}
