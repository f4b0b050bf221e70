import Synchronization

/// What the threads of a run share: the groups that wait, the results so far, and the one who listens.
final class RunState: Sendable {
  private let shared: Mutex<Shared>
  private let listener: @Sendable (Event) -> Void
  private let stopsAtFirst: Bool

  private struct Shared {
    var waiting: ArraySlice<Plan.Group>
    var results: [CellResult] = []
    var isStopped = false
  }

  init(groups: [Plan.Group], listener: @escaping @Sendable (Event) -> Void, stopsAtFirst: Bool) {
    shared = Mutex(Shared(waiting: groups[...]))
    self.listener = listener
    self.stopsAtFirst = stopsAtFirst
  }

  var results: [CellResult] { shared.withLock { $0.results } }

  /// Whether the run is to end early: a failure under `--fail-fast`, or an interruption.
  var isStopped: Bool { shared.withLock { $0.isStopped } || Interruption.isRequested }

  /// No further cell begins.
  func stop() { shared.withLock { $0.isStopped = true } }

  func nextGroup() -> Plan.Group? {
    isStopped ? nil : shared.withLock { $0.waiting.popFirst() }
  }

  /// Events come one at a time, whichever thread they come from.
  func emit(_ event: Event) {
    shared.withLock { shared in
      if case .cellEnded(let result) = event {
        shared.results.append(result)
        if stopsAtFirst, !result.isExpected { shared.isStopped = true }
      }
      listener(event)
    }
  }
}
