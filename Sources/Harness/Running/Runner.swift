import PeerProtocol
import Synchronization

/// Runs the matrix: selects cells, probes the machine and the peers, and passes the groups of cells to the cell runner.
public struct Runner: Sendable {
  private let configuration: RunConfiguration
  private let plan: Plan
  /// The cell ids in file order; reports use this order even if cells are shuffled.
  private let order: [String]
  private let expectations: Expectations
  /// The ids of all cells, selected or not, except the fault-injection cells.
  public let allCells: [String]
  private let recordedFaults = RecordedFaults()
  /// The faults to inject into the checked peer or programs; nil for none.
  public var injection: FaultInjector?
  /// Whether an obsolete expectation makes the run fail.
  public var rejectsStaleExpectations = true
  /// The mechanisms whose scenarios were loaded.
  private let scope: LoadingScope
  /// Additional notes for the report.
  public var notes: [String] = []
  private let slice: PlanSlice?
  /// Whether the selection is empty, across all its parts.
  public let isSelectionEmpty: Bool
  /// The strategy that determines which pairings are in the plan.
  private let strategy: PairingStrategy
  /// The missing programs that caused cells to be omitted from the plan.
  private let leftOut: MissingPrograms
  /// Errors in the selection, such as a nonexistent mechanism.
  public let selectionProblems: [String]
  /// Errors for nonexistent mechanisms and languages in the selection.
  public let nameProblems: [String]
  /// The user's list of known failures, with its path; nil if there is none.
  public var knownFailures: (file: String, list: KnownFailures)?

  /// Plans a run of the selected cells, without starting it.
  public init(
    _ configuration: RunConfiguration, scenarios: [Scenario], scope: LoadingScope = .everything,
    expectations: Expectations
  ) {
    self.configuration = configuration
    self.scope = scope
    self.expectations = expectations
    strategy = PairingStrategy(configuration)
    let everything = Plan(
      scenarios: scenarios, peers: configuration.peers, strategy: strategy,
      context: strategy.needsPeers ? try? Self.context(configuration) : nil)
    let cells = everything.cells
    allCells = cells.map(\.id)
    nameProblems = configuration.selection.nameProblems(
      mechanisms: Set(cells.map(\.mechanism)).sorted(), languages: configuration.peers.peers.map(\.language),
      scope: scope, files: configuration.scenarioFiles)
    selectionProblems =
      nameProblems
      + Selection.problems(
        of: configuration.selection.filters + configuration.selection.skipped, cells: allCells, scope: scope,
        listing: configuration.listing, files: configuration.scenarioFiles)
    var selected = everything.selecting(configuration.selection)
    leftOut =
      configuration.projects.first.map {
        MissingPrograms(leftOutOf: &selected, configuration.peers, project: $0)
      } ?? MissingPrograms()
    isSelectionEmpty = selected.groups.isEmpty
    let part = configuration.partition.map(selected.part)
    selected = part?.plan ?? selected
    slice = part?.slice
    order = selected.cells.map(\.id)
    plan = selected.shuffled(seed: configuration.seed)
  }

  /// Starts each peer once, and returns the context for the peers that started successfully.
  private static func context(_ configuration: RunConfiguration) throws(RunError) -> CellContext {
    let start = configuration.context(try MachineProbe.capabilities(configuration))
    let probed = configuration.peers.peers.compactMap { peer in
      peer.peer == nil ? nil : (try? PeerProbe.probe(peer, start)).map { (peer.language, $0) }
    }
    return start.knowing(Dictionary(uniqueKeysWithValues: probed), configuration.registry)
  }

  /// The ids of all cells, selected or not, including the fault-injection cells that the last run found.
  public var allKnownCells: [String] { (allCells + recordedFaults.ids).withoutDuplicates }

  /// The cells in the run, in order, except the fault-injection cells.
  public var cells: [Cell] { plan.cells }

  /// Returns all cells in the run, in order, with notes about them.
  ///
  /// To find the fault-injection cells, this method runs the scripts or programs once under a tracer.
  public func list() throws(RunError) -> (cells: [Cell], notes: [String]) {
    guard let injection else { return (cells, notes + skipNotes()) }
    let context = try start().context
    if let obstacle = injection.obstacle(context) {
      if injection.isRequired { throw RunError(obstacle) }
      return (cells, notes + [obstacle] + skipNotes())
    }
    let faults = try injection.work(context) { _ in }
    try checkFilters(faults)
    return (cells + faults.cells.filter { $0.injection != nil }, notes + faults.notes + skipNotes(faults))
  }

  private func skipNotes(_ faults: InjectionWork? = nil) -> [String] {
    configuration.selection.skipNotes(cells: allCells + (faults?.known ?? []))
  }

  /// Rejects a filter that matches no cell, now that the fault-injection cells are known.
  private func checkFilters(_ faults: InjectionWork) throws(RunError) {
    guard faults.isComplete, faults.problems.isEmpty, !Interruption.isRequested else { return }
    let problem = Selection.problems(
      of: configuration.selection.filters, cells: allCells + faults.known, scope: scope,
      listing: configuration.listing, files: configuration.scenarioFiles
    ).first
    if let problem { throw RunError(problem, status: .nothingSelected) }
  }

  /// Determines the isolation, and probes the peers.
  private func start() throws(RunError) -> (
    machine: SandboxCapabilities, probed: [String: ProbedPeer], context: CellContext
  ) {
    let machine = try MachineProbe.capabilities(configuration)
    let start = configuration.context(machine)
    // The plan does not contain the fault-injection cells, and there may be no other cells for the checked peer.
    let needed = configuration.checkedPeer == nil ? configuration.peers.peers(in: plan) : configuration.peers.peers
    let probed = try PeerProbe.probe(needed, configuration.peers, start)
    return (machine, probed, start.knowing(probed, configuration.registry))
  }

  /// A note that the data sent by a port is not compared, because the user's project has no recordings.
  private var recordingNotes: [String] {
    let hasPort = plan.groups.contains { group in group.cells.contains { !$0.isControl } }
    guard !configuration.projects.isEmpty, configuration.recordings.isEmpty, hasPort else { return [] }
    return ["bytes on the wire are not compared; 'ipc-interop record' makes a recording"]
  }

  /// The error that explains why a selection has no cells.
  public var emptiness: RunError {
    if let problem = leftOut.problem { return problem }
    let files = configuration.scenarioFiles.joined(separator: ", ")
    var reasons = ["nothing selected" + (files.isEmpty ? "" : " in \(files)")] + leftOut.notes
    if let cells = configuration.selection.cells, cells.isDisjoint(with: allCells) {
      let place = files.isEmpty ? "here" : "in \(files)"
      reasons = ["no failed cell of the report exists \(place); use the same files as in that run"]
    }
    return RunError(reasons.joined(separator: "; "), status: .nothingSelected)
  }

  /// Runs the selected cells, and passes each event to `listener`, one at a time.
  public func run(listener: @escaping @Sendable (Event) -> Void) throws(RunError) -> RunSummary {
    if let problem = leftOut.problem { throw problem }
    let runner = CellRunner(
      sandboxInit: configuration.sandboxInit, stopsAtFirstFailure: configuration.failFast, listener: listener)
    let (machine, probed, context) = try start()
    let obstacle = injection?.obstacle(context)
    if let obstacle, injection?.isRequired == true { throw RunError(obstacle) }
    let faults = obstacle == nil ? try injection?.work(context, emit: runner.emit) : nil
    if let faults { try checkFilters(faults) }
    var description = RunDescription(
      cells: plan.cells + (faults?.cells ?? []), jobs: configuration.jobs, seed: configuration.seed,
      isolation: "\(machine)",
      implementations: configuration.peers.implementations(
        probed, in: plan, project: configuration.projects.first),
      kernel: MachineProbe.kernel, plan: order + (faults?.cells.map(\.id) ?? []),
      notes: strategy.notes + configuration.peers.leftOut.map(\.note) + leftOut.notes + notes + recordingNotes
        + (obstacle.map { [$0] } ?? []) + (faults?.notes ?? []) + skipNotes(faults)
        + context.capabilities.notes(on: plan)
        + PeerProbe.notes(on: probed, configuration.registry) + MachineProbe.notes(on: plan, context),
      capabilities: configuration.checkedPeer.flatMap {
        context.capabilities.summary(of: $0.language, mechanisms: configuration.selection.mechanisms)
      })
    description.partition = slice
    description.scenarioFiles = configuration.scenarioFiles.isEmpty ? nil : configuration.scenarioFiles
    description.peerFiles = configuration.peerFiles.isEmpty ? nil : configuration.peerFiles
    let platforms = context.compatibility.platformsByLanguage.mapValues(\.description)
    description.platforms = platforms
    if Set(platforms.values).count > 1 {
      description.incompatibilities = configuration.incompatibilities.map(\.summary)
    }
    let work = plan.groups.map { group in
      { @Sendable (runner: CellRunner) -> Void in
        CellGroupRun(
          group: group, peers: configuration.peers, context: context, expectations: expectations,
          repetitions: configuration.repetitions, trustsReference: configuration.projects.isEmpty,
          rerun: { configuration.rerun(cell: $0.id) }
        ).run(runner)
      }
    }
    if let faults { recordedFaults.set(faults.known + faults.cells.map(\.id)) }
    let known = allKnownCells
    var rules = configuration.rules
    rules.unmetRequirements = context.capabilities.problems(required: configuration.requiredOperations)
    let problems =
      (rejectsStaleExpectations
        ? expectations.limited(to: scope).limited(toFaultsIn: known)
          .problems(cells: known, today: MachineProbe.today) : [])
      + (faults?.problems ?? [])
    return try runner.run(
      description, [CellRunner.Lane(threads: configuration.jobs, work: work + (faults?.work ?? []))],
      problems: problems, rules: rules
    ) { results in
      (knownFailures?.list.problems(results, file: knownFailures?.file ?? "") ?? []) + InjectionRunner.problems(results)
    }
  }
}

/// The ids of the fault-injection cells, which are known only once the scripts or programs have been recorded.
private final class RecordedFaults: Sendable {
  private let stored = Mutex<[String]>([])
  var ids: [String] { stored.withLock { $0 } }
  func set(_ ids: [String]) { stored.withLock { $0 = ids } }
}
