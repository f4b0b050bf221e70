import Foundation
import Synchronization

/// Runs cells on threads, reports events, and creates the summary for `run`, `fault-injection` and `self-test`.
final class CellRunner: Sendable {
  private let shared: Mutex<Shared>
  private let listener: @Sendable (Event) -> Void
  private let stopsAtFirstFailure: Bool
  /// The path of the sandbox init; nil if the run continues even if that file disappears.
  private let sandboxInit: String?
  private let start = ContinuousClock.now

  private struct Shared {
    var results: [CellResult] = []
    var isStopped = false
    /// The reason why no more cells can run.
    var loss: String?
  }

  /// A list of tasks that a separate group of threads performs in order.
  struct Lane: Sendable {
    let threads: Int
    let work: [@Sendable (CellRunner) -> Void]
  }

  init(
    sandboxInit: String? = nil, stopsAtFirstFailure: Bool = false, listener: @escaping @Sendable (Event) -> Void
  ) {
    self.sandboxInit = sandboxInit
    shared = Mutex(Shared())
    self.listener = listener
    self.stopsAtFirstFailure = stopsAtFirstFailure
    signal(SIGPIPE, SIG_IGN)  // writing to a dead peer must fail, but must not kill the runner
  }

  /// Whether the run must end early: after a failure with `--fail-fast`, or when it is interrupted.
  var isStopped: Bool { shared.withLock { $0.isStopped } || Interruption.isRequested }

  /// Passes an event to the listener.
  ///
  /// Any thread may call this method; the listener receives one event at a time.
  func emit(_ event: Event) {
    shared.withLock { shared in
      if case .cellEnded(let result) = event {
        if shared.loss == nil, result.verdict == .broken { shared.loss = loss }
        if shared.loss != nil {
          shared.isStopped = true
          return
        }
        shared.results.append(result)
        if stopsAtFirstFailure, !result.isExpected { shared.isStopped = true }
      }
      listener(event)
      // Recording the scripts takes minutes, and the method `run`, which otherwise reports the time, has not started
      // yet.
      if case .recording = event { listener(.timePassed(seconds: seconds)) }
    }
  }

  /// The reason why the sandbox init can no longer be started; nil if it can be started.
  private var loss: String? {
    guard let sandboxInit, unsafe access(sandboxInit, X_OK) != 0 else { return nil }
    return "\(sandboxInit): \(reason(of: errno))"
  }

  /// Performs the work in all lanes, and then reports and returns the summary.
  ///
  /// `review` returns problems with the results as a whole.
  func run(
    _ description: RunDescription, _ lanes: [Lane], problems: [String] = [], rules: RunSummary.Rules,
    review: ([CellResult]) -> [String] = { _ in [] }
  ) throws(RunError) -> RunSummary {
    emit(.runStarted(description))
    let group = DispatchGroup()
    var shortage: SandboxError?
    for lane in lanes {
      let queue = WorkQueue(lane.work)
      do throws(SandboxError) {
        try Threads.start(min(lane.threads, lane.work.count), in: group) {
          while !self.isStopped, let piece = queue.next() { piece(self) }
        }
      } catch {
        shortage = error
        shared.withLock { $0.isStopped = true }
      }
    }
    while group.wait(timeout: .now() + 1) == .timedOut { emit(.timePassed(seconds: seconds)) }
    if let shortage { throw RunError("\(lanes.map(\.threads).reduce(0, +)) cells cannot run at once: \(shortage)") }
    let (results, loss) = shared.withLock { ($0.results, $0.loss) }
    if let loss {
      throw RunError(
        "the run ended after \(results.count) of \(counted(description.cells, "cell")): the sandbox init cannot be "
          + "started any more: \(loss); restore the file, and run again")
    }
    let summary = RunSummary(
      results, planned: description.plan, problems: problems + review(results), rules: rules, seconds: seconds)
    emit(.runEnded(summary))
    return summary
  }

  private var seconds: Double { start.duration(to: .now).seconds }

  private final class WorkQueue: Sendable {
    private let work: Mutex<ArraySlice<@Sendable (CellRunner) -> Void>>

    init(_ work: [@Sendable (CellRunner) -> Void]) { self.work = Mutex(work[...]) }

    func next() -> (@Sendable (CellRunner) -> Void)? { work.withLock { $0.popFirst() } }
  }
}
