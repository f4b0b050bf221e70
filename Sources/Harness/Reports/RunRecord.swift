/// The events of a run so far, for the reports that are written at its end.
struct RunRecord {
  private(set) var description: RunDescription?
  private(set) var summary: RunSummary?
  private var ended: [CellResult] = []
  /// How many cells have ended.
  var count: Int { ended.count }

  mutating func receive(_ event: Event) {
    switch event {
    case .runStarted(let description): self.description = description
    case .cellEnded(let result): ended.append(result)
    case .runEnded(let summary): self.summary = summary
    case .recording, .cellStarted, .timePassed: break
    }
  }

  /// In the order of the plan, whatever the order in which they ended.
  var results: [CellResult] {
    let order = Dictionary((description?.plan ?? []).enumerated().map { ($1, $0) }) { first, _ in first }
    return ended.enumerated().sorted { left, right in
      let (leftID, rightID) = (left.element.cell.id, right.element.cell.id)
      return (order[leftID] ?? .max, leftID, left.offset) < (order[rightID] ?? .max, rightID, right.offset)
    }.map(\.element)
  }
}

extension [CellResult] {
  /// Counted so that no cell counts twice: a failure is neither passed nor unsupported.
  var passedCount: Int { count { $0.verdict == .passed && $0.isExpected } }
  var failedCount: Int { count { $0.isFailure && $0.verdict != .unsupported } }
  var unsupportedCount: Int { count { $0.isFailure && $0.verdict == .unsupported } }

  /// With the cells that have no result.
  func notRunCount(planned: Int) -> Int { count { $0.verdict == .notRun } + Swift.max(0, planned - count) }
}
