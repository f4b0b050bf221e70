/// An event in a run; events are the only input to a report.
public enum Event: Sendable {
  /// A fault-injection script is being recorded; the cells in the run are not known yet.
  case recording(Cell, number: Int, of: Int)
  case runStarted(RunDescription)
  case cellStarted(Cell)
  case cellEnded(CellResult)
  /// The wall-clock seconds since the start. This event is sent every second, because reports do not read a clock.
  case timePassed(seconds: Double)
  case runEnded(RunSummary)
}

/// The facts about a run that are known before its first cell.
public struct RunDescription: Sendable, Codable {
  /// The number of cells to run.
  public internal(set) var cells: Int
  /// The number of scenarios to which these cells belong.
  public internal(set) var scenarios: Int
  /// The maximum number of cells to run at a time.
  public let jobs: Int
  /// The seed that shuffles the scenarios; 0 keeps the file order.
  public let seed: UInt64
  /// The cells' isolation: `private`, or `shared` and the reason why it is not private.
  public internal(set) var isolation: String
  /// For each language, the implementation in its peer's greeting: `gcc-12.2.0`.
  public internal(set) var implementations: [String: String]
  /// The kernel release, as reported by `uname(2)`.
  public internal(set) var kernel: String
  /// The cell ids, in the order in which reports list the cells.
  public var plan: [String] = []
  /// Notes about the peers, which do not count as failures.
  public var notes: [String] = []
  /// For each language, its peer's C library and ABI, such as `glibc i386`; nil if no peer was probed.
  public var platforms: [String: String]?
  /// The known incompatibilities between ABIs; nil if all peers have the same ABI.
  ///
  /// Reports mention only those that affect a cell.
  var incompatibilities: [Incompatibility.Summary]?
  /// The operations that the checked peer supports and lacks; nil unless the run checks a peer.
  public var capabilities: CapabilitySummary?
  /// The slice of the selected cells that this run covers; nil for all cells.
  public internal(set) var partition: PlanSlice?
  /// The user's scenario files, as given to `--scenarios`; nil for the suite's scenarios.
  public package(set) var scenarioFiles: [String]?
  /// The peer lists, as given to `--peers`; nil if there are none.
  public package(set) var peerFiles: [String]?

  private enum CodingKeys: String, CodingKey {
    case cells, scenarios, jobs, seed, isolation, implementations, kernel, plan, notes, platforms, incompatibilities,
      capabilities, partition, scenarioFiles, peerFiles
  }

  package init(
    cells: [Cell], jobs: Int, seed: UInt64 = 0, isolation: String, implementations: [String: String] = [:],
    kernel: String, plan: [String]? = nil, notes: [String] = [], capabilities: CapabilitySummary? = nil
  ) {
    self.cells = cells.count
    scenarios = Set(cells.map(\.scenario)).count
    self.jobs = jobs
    self.seed = seed
    self.isolation = isolation
    self.implementations = implementations
    self.kernel = kernel
    self.plan = plan ?? cells.map(\.id)
    self.notes = notes
    self.capabilities = capabilities
  }
}

/// A run's overall result.
public struct RunSummary: Sendable, Codable {
  /// The number of cells in the plan.
  public let planned: Int
  /// The number of cells with each verdict.
  public let counts: [Verdict: Int]
  /// The number of cells with an unexpected verdict.
  public let unexpected: Int
  /// Problems with the run as a whole: stale expectations, missing cells, dishonest peers.
  public let problems: [String]
  /// The run's duration in wall-clock seconds.
  public let seconds: Double
  /// The command's exit status.
  public let exitStatus: ExitStatus
  /// Whether a signal ended the run before all cells had run.
  public let interrupted: Bool
  /// The number of problems that report unmet user requirements; nil if there are none.
  public let unmetRequirements: Int?

  package init(
    planned: Int, counts: [Verdict: Int], unexpected: Int, problems: [String], seconds: Double, exitStatus: ExitStatus,
    interrupted: Bool, unmetRequirements: Int? = nil
  ) {
    self.unmetRequirements = unmetRequirements
    self.planned = planned
    self.counts = counts
    self.unexpected = unexpected
    self.problems = problems
    self.seconds = seconds
    self.exitStatus = exitStatus
    self.interrupted = interrupted
  }
}

extension RunSummary {
  /// The rules that determine a run's exit status.
  struct Rules: Sendable {
    /// The minimum number of cells to run; running fewer is a failure.
    var requiredCells = 0
    /// A problem for each required operation that a peer lacks.
    var unmetRequirements: [String] = []
    var failFast = false
    /// Whether a run whose only failures are leaks gets a separate exit status.
    var countsLeaksApart = true
    /// Whether a run that runs no cell succeeds, because the other parts of the plan may run cells.
    ///
    /// The merged report of all parts does not allow this.
    var allowsNoCells = false
  }

  /// Summarizes a run's results.
  init(
    _ results: [CellResult], planned: [String], problems: [String], rules: Rules, seconds: Double,
    interrupted: Bool = Interruption.isRequested
  ) {
    var problems = problems
    let reported = Set(results.map(\.cell.id))
    let missing = planned.count { !reported.contains($0) }
    if reported.count != results.count { problems.append("a cell has two results") }
    // A run must not succeed without running any cell, even if the reason is known.
    let isIdle = !rules.allowsNoCells && !results.isEmpty && results.allSatisfy { $0.verdict == .notRun }
    let isIncapable = isIdle && results.allSatisfy { $0.outcome.missing != nil }
    if isIdle, !isIncapable {
      problems.append("none of the selected cells can be run here: \(results[0].outcome.reason ?? "")")
    }
    let run = results.count { $0.verdict != .notRun }
    var unmet = rules.unmetRequirements
    if run < rules.requiredCells {
      unmet.append(
        "\(counted(run, "cell")) \(run == 1 ? "was" : "were") run; at least \(rules.requiredCells) are required")
    }
    problems += unmet
    let unexpected = results.filter { !$0.isExpected }
    let verdicts = unexpected.map { result in
      // A cell that is broken because its control cell failed counts under the control cell's verdict.
      let verdict = result.outcome.control?.verdict ?? result.verdict
      return verdict == .leaked && !rules.countsLeaksApart ? .failed : verdict
    }
    var status = ExitStatus(
      unexpected: verdicts + (isIdle && !isIncapable ? [.notRun] : []), missing: missing, failFast: rules.failFast,
      problems: problems,
      isInterrupted: interrupted)
    if planned.isEmpty && !rules.allowsNoCells || isIncapable, status == .asExpected { status = .nothingSelected }
    if isIncapable { problems.append("none of the selected cells was run: \(results[0].outcome.reason ?? "")") }
    if missing > 0 { problems.append("\(missing) of \(planned.count) planned cells were not run") }
    self.init(
      planned: planned.count, counts: Dictionary(results.map { ($0.verdict, 1) }, uniquingKeysWith: +),
      unexpected: unexpected.count, problems: problems, seconds: seconds, exitStatus: status,
      interrupted: interrupted, unmetRequirements: unmet.isEmpty ? nil : unmet.count)
  }
}
