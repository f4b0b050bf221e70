/// An event of a run, the only input of a report.
public enum Event: Sendable {
  /// A fault-injection script is being recorded; the cells of the run are not known yet.
  case recording(Cell, number: Int, of: Int)
  case runStarted(RunDescription)
  case cellStarted(Cell)
  case cellEnded(CellResult)
  /// The wall-clock seconds since the start. They are sent every second, because reports do not read a clock.
  case timePassed(seconds: Double)
  case runEnded(RunSummary)
}

/// The facts about a run that are known before its first cell.
public struct RunDescription: Sendable, Codable {
  /// The number of cells to run.
  public internal(set) var cells: Int
  /// The number of scenarios that these cells belong to.
  public internal(set) var scenarios: Int
  /// How many cells may run at a time.
  public let jobs: Int
  /// The seed that shuffles the scenarios; 0 keeps the order of the files.
  public let seed: UInt64
  /// The isolation of the cells: `private`, or `shared` and why it is not private.
  public internal(set) var isolation: String
  /// For each language, the greeting of its peer: `gcc-12.2.0`.
  public internal(set) var implementations: [String: String]
  /// The release of the kernel, as `uname(2)` reports it.
  public internal(set) var kernel: String
  /// The ids of the cells, in the order in which reports list them.
  public var plan: [String] = []
  /// Remarks on the peers that are not failures.
  public var notes: [String] = []
  /// For each language, the C library and the ABI of its peer, such as `glibc i386`; nil if no peer was probed.
  public var platforms: [String: String]?
  /// The cells that cannot work between these ABIs; reports contain it only where a cell is affected.
  var incompatibilities: [Incompatibility] = []
  /// The operations that the checked peer has and lacks; nil unless the run checks a peer.
  public var capabilities: CapabilitySummary?
  /// The slice of the selected cells that the run has; nil for all of them.
  public internal(set) var partition: PlanSlice?

  private enum CodingKeys: String, CodingKey {
    case cells, scenarios, jobs, seed, isolation, implementations, kernel, plan, notes, platforms, capabilities,
      partition
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

/// The result of a run as a whole.
public struct RunSummary: Sendable, Codable {
  /// The number of cells in the plan.
  public let planned: Int
  /// How many cells had each verdict.
  public let counts: [Verdict: Int]
  /// The number of cells whose verdict was not the expected one.
  public let unexpected: Int
  /// Problems of the run as a whole: stale expectations, missing cells, dishonest peers.
  public let problems: [String]
  /// The duration of the run in wall-clock seconds.
  public let seconds: Double
  /// The status that the command exits with.
  public let exitStatus: ExitStatus
  /// Whether a signal ended the run before all cells had run.
  public let interrupted: Bool
  /// How many of the problems are requirements of the user that are not met; nil if there are none.
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
  /// The rules that determine the exit status of a run.
  struct Rules: Sendable {
    /// The minimum number of cells that must be run; fewer are a failure.
    var requiredCells = 0
    /// A problem for each operation that is required and that a peer lacks.
    var unmetRequirements: [String] = []
    var failFast = false
    /// Whether a run whose only failures are leaks has a separate exit status.
    var countsLeaksApart = true
    /// Whether a run without cells succeeds, because another part of the plan has them.
    var allowsNoCells = false
  }

  /// Summarizes the results of a run.
  init(
    _ results: [CellResult], planned: [String], problems: [String], rules: Rules, seconds: Double,
    interrupted: Bool = Interruption.isRequested
  ) {
    var problems = problems
    let reported = Set(results.map(\.cell.id))
    let missing = planned.count { !reported.contains($0) }
    if reported.count != results.count { problems.append("a cell has two results") }
    // A run in which no cell was run must not succeed, even if the reason is known.
    let isIdle = !results.isEmpty && results.allSatisfy { $0.verdict == .notRun }
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
      // A cell that is broken because of its control cell adds nothing to the verdict of that cell.
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
