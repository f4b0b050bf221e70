import PeerProtocol

/// Runs the matrix: selects cells, probes the machine and the peers, and gives the groups of cells to the cell runner.
public struct Runner: Sendable {
  private let configuration: RunConfiguration
  private let plan: Plan
  /// The ids of the cells in the order of the files, which is the order of the reports even if cells are shuffled.
  private let order: [String]
  private let expectations: Expectations
  /// Errors of the selection, such as a mechanism that does not exist.
  public let selectionProblems: [String]

  /// Plans a run of the selected cells, without starting it.
  public init(_ configuration: RunConfiguration, scenarios: [Scenario], expectations: Expectations) {
    self.configuration = configuration
    self.expectations = expectations
    let everything = Plan(scenarios: scenarios, peers: configuration.peers)
    let cells = everything.cells
    selectionProblems = configuration.selection.problems(
      mechanisms: Set(cells.map(\.mechanism)).sorted(), languages: configuration.peers.peers.map(\.language),
      cells: cells.map(\.id))
    let selected = everything.selecting(configuration.selection)
    order = selected.cells.map(\.id)
    plan = selected.shuffled(seed: configuration.seed)
  }

  /// The cells of the run, in order.
  public var cells: [Cell] { plan.cells }

  /// Runs the selected cells, and passes each event to `listener`, one at a time.
  public func run(listener: @escaping @Sendable (Event) -> Void) throws(RunError) -> RunSummary {
    let runner = CellRunner(stopsAtFirstFailure: configuration.failFast, listener: listener)
    let machine = try MachineProbe.capabilities(configuration)
    var context = configuration.context(machine)
    let greetings = try PeerProbe.greetings(of: configuration.peers.peers(in: plan), configuration.peers, context)
    context.capabilities = CapabilityTable(greetings, configuration.registry)
    let description = RunDescription(
      cells: plan.cells, jobs: configuration.jobs, seed: configuration.seed, isolation: "\(machine)",
      implementations: greetings.mapValues(\.implementation), kernel: MachineProbe.kernel, plan: order,
      notes: context.capabilities.notes(on: plan)
        + PeerProbe.notes(on: greetings, configuration.registry) + MachineProbe.notes(on: plan, context))
    let work = plan.groups.map { [context] group in
      { @Sendable (runner: CellRunner) -> Void in
        CellGroupRun(
          group: group, peers: configuration.peers, context: context, expectations: expectations,
          repetitions: configuration.repetitions, rerun: { configuration.rerun("run '\($0.id)'") }
        ).run(runner)
      }
    }
    var problems = context.capabilities.problems(required: configuration.requiredOperations)
    if configuration.selection.isEverything {
      problems += expectations.problems(cells: order, today: MachineProbe.today)
    }
    return try runner.run(
      description, [CellRunner.Lane(threads: configuration.jobs, work: work)], problems: problems,
      rules: configuration.rules)
  }
}
