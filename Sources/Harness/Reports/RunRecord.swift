/// A run's events so far, for the reports that are written when the run ends.
struct RunRecord {
  private(set) var description: RunDescription?
  private(set) var summary: RunSummary?
  private var ended: [CellResult] = []
  /// The number of cells that have ended.
  var count: Int { ended.count }

  mutating func receive(_ event: Event) {
    switch event {
    case .runStarted(let description): self.description = description
    case .cellEnded(let result): ended.append(result)
    case .runEnded(let summary): self.summary = summary
    case .recording, .cellStarted, .timePassed: break
    }
  }

  /// The results, in plan order.
  var results: [CellResult] {
    let order = Dictionary((description?.plan ?? []).enumerated().map { ($1, $0) }) { first, _ in first }
    return ended.enumerated().sorted { left, right in
      let (leftID, rightID) = (left.element.cell.id, right.element.cell.id)
      return (order[leftID] ?? .max, leftID, left.offset) < (order[rightID] ?? .max, rightID, right.offset)
    }.map(\.element)
  }
}

extension [CellResult] {
  /// The number of cells that passed as expected.
  ///
  /// This property and those below count each cell only once.
  var passedCount: Int { count { $0.verdict == .passed && $0.isExpected } }
  var failedCount: Int { count { $0.isFailure && $0.verdict != .passed } }

  /// The numbers of cells that failed as expected and of cells that passed unexpectedly.
  ///
  /// The text is appended to a line that contains the other numbers, and is empty if there are no such cells.
  var knownFailures: String {
    let failed = count { $0.verdict != .passed && $0.verdict != .notRun && $0.isExpected }
    let passed = count { $0.verdict == .passed && !$0.isExpected }
    return (failed > 0 ? ", \(counted(failed, "known failure"))" : "")
      + (passed > 0 ? ", \(passed) unexpectedly passed" : "")
  }

  /// Returns the number of cells that were not run, including those without a result.
  func notRunCount(planned: Int) -> Int { count { $0.verdict == .notRun } + Swift.max(0, planned - count) }
}

extension RunSummary {
  /// Returns the number of cells with each result: `3 passed, 1 failed, 2 not run, 1 known failure`.
  func counts(of results: [CellResult]) -> String {
    let notRun = results.notRunCount(planned: planned)
    return "\(results.passedCount) passed, \(results.failedCount) failed, \(notRun) not run\(results.knownFailures)"
      + requirements
  }

  /// The number of unmet requirements.
  ///
  /// The text is appended to a line that contains other numbers, and is empty if all requirements are met.
  var requirements: String { unmetRequirements.map { ", \(counted($0, "requirement")) not met" } ?? "" }

  /// The meaning of the exit status.
  var meaning: String {
    exitStatus == .nothingSelected && planned > 0
      ? "nothing that the peers support was selected" : exitStatus.meaning
  }
}
