import Synchronization

/// Tests the suite: runs every mutant in the cells that must catch it, and runs the same cells with no mutant enabled.
///
/// The self-test is reported as a run. The result of a cell with a mutant is expected if its verdict and reason match
/// `fixtures/mutants.yaml`. A cell without a mutant must pass. For a runner mutant, each cell is a test, and passes if
/// the test detects the defect.
public struct SelfTest: Sendable {
  private let configuration: RunConfiguration
  private let capabilities: SandboxCapabilities
  private let trials: [SelfTestTrial]
  private let runnerTrials: [RunnerMutantTrial]
  private let sample: GeneratedSample?
  private let problems: [String]
  /// A note for each mutant build missing on this machine.
  private let notes: [String]
  /// The number of hanging mutants to run at a time; they use almost no CPU time.
  private static let hangingAtOnce = 16

  /// Creates a self-test of the mutants with the given names, or of all mutants if there are no names.
  ///
  /// `runnerMutants` contains the runner mutants. Without names, the self-test also runs the sample in `generated`.
  public init(
    _ configuration: RunConfiguration, scenarios: [Scenario], mutants: [Mutant], build: MutantBuild,
    runnerMutants: [RunnerMutant] = [], generated: GeneratedMutantList? = nil, names: [String] = []
  ) throws(RunError) {
    self.configuration = configuration
    let capabilities = try MachineProbe.capabilities(configuration)
    self.capabilities = capabilities
    try MutantNames.check(names, mutants, runnerMutants)
    let named = mutants.named(names)
    var problems = try build.problems(named, areAll: names.isEmpty, configuration.context(capabilities))
    let (chosen, notes) = try build.available(named, isSelected: !names.isEmpty)
    self.notes = notes
    if names.isEmpty {
      let mechanisms = Set(scenarios.map(\.mechanism))
      for mechanism in mechanisms.subtracting(mutants.flatMap(\.mechanisms)).sorted() {
        problems.append("no mutant shows that the suite catches defects in \(mechanism)")
      }
    }
    func trial(_ mutant: Mutant?, _ language: String, catching: [Mutant]) throws(RunError) -> SelfTestTrial {
      try SelfTestTrial(
        mutant, of: language, catching: catching, scenarios: scenarios, build: build, capabilities: capabilities,
        configuration: configuration)
    }
    var trials: [SelfTestTrial] = []
    for language in build.peers.peers.map(\.language) {
      let own = chosen.filter { $0.language == language }
      if !own.isEmpty { trials.append(try trial(nil, language, catching: own)) }
    }
    for mutant in chosen {
      let trial = try trial(mutant, mutant.language, catching: [mutant])
      if trial.cells.isEmpty {
        problems.append("\(mutant.location): no cell has '\(mutant.name)' in that role alone")
      } else {
        trials.append(trial)
      }
    }
    sample = names.isEmpty ? generated.map { GeneratedSample($0, scenarios, configuration, capabilities) } : nil
    self.trials = trials
    self.problems = problems + (sample?.problems ?? [])
    runnerTrials = try RunnerMutantTrial.all(runnerMutants.named(names), configuration, capabilities)
  }

  /// Runs the mutants, and passes each event to `listener`, one at a time.
  public func run(listener: @escaping @Sendable (Event) -> Void) throws(RunError) -> RunSummary {
    let runner = CellRunner(listener: listener)
    let description = RunDescription(
      cells: trials.flatMap(\.cells) + runnerTrials.flatMap(\.cells) + (sample?.cells ?? []), jobs: configuration.jobs,
      isolation: "\(capabilities)", kernel: MachineProbe.kernel, notes: notes)
    func work(_ trials: [SelfTestTrial]) -> [@Sendable (CellRunner) -> Void] { trials.flatMap(\.work) }
    let ofTheRunner = runnerTrials.map { trial in { @Sendable (runner: CellRunner) -> Void in trial.run(runner) } }
    let lanes = [
      CellRunner.Lane(
        threads: configuration.jobs, work: work(trials.filter { !$0.hangs }) + ofTheRunner + (sample?.work ?? [])),
      CellRunner.Lane(threads: Self.hangingAtOnce, work: work(trials.filter(\.hangs))),
    ]
    var rules = configuration.rules
    rules.countsLeaksApart = false
    return try runner.run(description, lanes, problems: problems, rules: rules)
  }
}

/// One mutant, or one mutant build with no mutant enabled, and its cells.
private struct SelfTestTrial: Sendable {
  /// Whether the mutant hangs, so that a time limit must catch it.
  let hangs: Bool
  /// The functions that run the trial's groups of cells.
  let work: [@Sendable (CellRunner) -> Void]
  let cells: [Cell]

  /// The factor that shortens a hanging mutant's time limit: 2 s instead of 20 s.
  private static let hangTimeoutFactor = 0.1

  /// Creates a trial for a mutant, or for the build with no mutant enabled if `mutant` is nil.
  ///
  /// The trial runs the cells that must catch the mutants in `catching`.
  init(
    _ mutant: Mutant?, of language: String, catching: [Mutant], scenarios: [Scenario], build: MutantBuild,
    capabilities: SandboxCapabilities, configuration: RunConfiguration
  ) throws(RunError) {
    let name = mutant?.name ?? "\(language)-without-mutant"
    guard let peer = build.peer(of: language, mutant: mutant?.name, as: name) else {
      throw RunError("\(language) has no mutant build")
    }
    let peers = PeerList([configuration.peers.reference, peer])
    let wanted = Set(catching.flatMap(\.catchers).map(\.scenario))
    let plan = Plan(scenarios: scenarios.filter { wanted.contains($0.id) }, peers: peers)
    let all = plan.cells
    var selection = Selection()
    selection.cells = Set(
      catching.flatMap { $0.cells(among: all, playedBy: name, reference: peers.reference.language) }.map(\.id))
    let selected = plan.selecting(selection)
    hangs = mutant?.verdict == .timedOut
    cells = selected.cells
    let rerun = configuration.rerun("self-test \(catching.map(\.name).joined(separator: " "))")
    let context = configuration.context(
      capabilities,
      timeoutMultiplier: configuration.timeoutMultiplier * (mutant?.verdict == .timedOut ? Self.hangTimeoutFactor : 1),
      shortestTimeout: .milliseconds(500))
    let groups = selected.groups.map { group in
      CellGroupRun(
        group: group, peers: peers, context: context,
        expectations: mutant.map(Expectations.caught) ?? .none,
        // The control cell, which is the same cell without a mutant, runs in a separate trial.
        runsControl: mutant == nil, rerun: { _ in rerun })
    }
    if mutant == nil {
      let isProbed = Mutex<Result<Void, RunError>?>(nil)
      work = groups.map { group in
        { @Sendable (runner: CellRunner) -> Void in
          let probe = isProbed.withLock { probed in
            let result = probed ?? Self.probe(peers, context)
            probed = result
            return result
          }
          Self.run([group], probe, runner)
        }
      }
    } else {
      work =
        groups.isEmpty
        ? [] : [{ @Sendable (runner: CellRunner) -> Void in Self.run(groups, Self.probe(peers, context), runner) }]
    }
  }

  /// Probes the mutant build: the last peer.
  ///
  /// The reference is not probed.
  private static func probe(_ peers: PeerList, _ context: CellContext) -> Result<Void, RunError> {
    do throws(RunError) {
      _ = try PeerProbe.probe(peers.peers.suffix(1), peers, context)
      return .success(())
    } catch {
      return .failure(error)
    }
  }

  /// Runs groups of cells.
  ///
  /// If the probe rejected the peer, the mutant counts as caught in all its cells.
  private static func run(_ groups: [CellGroupRun], _ probe: Result<Void, RunError>, _ runner: CellRunner) {
    for group in groups {
      switch probe {
      case .success: group.run(runner)
      case .failure(let error):
        let outcome = CellOutcome(
          verdict: error.status == .failures ? .failed : .broken, reason: error.description, evidence: nil)
        for planned in group.group.cells {
          runner.emit(.cellStarted(planned.cell))
          runner.emit(
            .cellEnded(
              group.result(planned.cell, outcome, group.expectations.assess(planned.cell.id, outcome))))
        }
      }
    }
  }
}
