import PeerProtocol
import SystemPackage

/// Records the scripts, injects every fault into every recorded call, and reports the outcomes.
public struct InjectionRunner: Sendable {
  private let configuration: RunConfiguration
  private var selection: InjectionSelection
  private let scripts: [Scenario]
  private let table: SystemCallTable
  private let tracer: InjectionTracer
  /// The cells that are not expected to pass.
  public var expectations = Expectations.none

  /// Creates a runner for the selected cells, and reads the scripts.
  ///
  /// - Throws: ``RunError`` if strace is missing, the scripts have errors, or nothing is selected.
  public init(_ configuration: RunConfiguration, selection: InjectionSelection) throws(RunError) {
    self.configuration = configuration
    self.selection = selection
    tracer = try InjectionTracer(shortener: configuration.tracer)
    let root = FilePath(configuration.root)
    do throws(FixtureErrors) {
      scripts = try ScenarioLoader.loadInjectionScripts(root: root, registry: configuration.registry)
      table = try SystemCallTable.load(root: root, registry: configuration.registry)
    } catch {
      throw RunError("\(error)", status: .usage)
    }
    // In a run that checks a peer, the same mechanisms select scenarios, and some of them have no scripts.
    if configuration.checkedPeer != nil, !selection.mechanisms.isEmpty {
      self.selection.mechanisms = selection.mechanisms.filter { name in scripts.contains { $0.mechanism == name } }
      if self.selection.mechanisms.isEmpty {
        throw RunError("the selected mechanisms have no scripts for faults", status: .nothingSelected)
      }
    }
    let languages = configuration.peers.peers.filter { $0.peer != nil }.map(\.language)
    if let problem = self.selection.problems(scripts: scripts, registry: configuration.registry, languages: languages)
      .first
    {
      throw RunError(problem, status: .nothingSelected)
    }
    if configuration.checkedPeer != nil, recordings.isEmpty {
      throw RunError("the selected cells are not cells of fault injection", status: .nothingSelected)
    }
  }

  /// Records the scripts, and returns the ids of the cells in a run.
  public func list() throws(RunError) -> [String] {
    try work(prepare().context) { _ in }.cells.map(\.id)
  }

  /// Runs the selected cells, and passes each event to `listener`, one at a time.
  public func run(listener: @escaping @Sendable (Event) -> Void) throws(RunError) -> RunSummary {
    let runner = CellRunner(
      sandboxInit: configuration.sandboxInit, stopsAtFirstFailure: configuration.failFast, listener: listener)
    let (context, isolation, probed) = try prepare()
    let work = try work(context, emit: runner.emit)
    let description = RunDescription(
      cells: work.cells, jobs: configuration.jobs, isolation: isolation,
      implementations: probed.mapValues(\.greeting.implementation), kernel: MachineProbe.kernel)
    return try runner.run(
      description, [CellRunner.Lane(threads: configuration.jobs, work: work.work)], problems: work.problems,
      rules: configuration.rules)
  }

  /// Records the scripts, and returns the cells.
  ///
  /// Unknown calls made by the checked peer are not an error, because an interpreter makes many such calls.
  func work(_ known: CellContext, emit: (Event) -> Void) throws(RunError) -> InjectionWork {
    var context = known
    context.isTraced = true
    let recorded = record(context, emit: emit)
    let ended = recorded.failures.map { failure in
      { @Sendable (runner: CellRunner) -> Void in runner.emit(.cellEnded(failure)) }
    }
    let cells = recorded.plan.planned.map { [context] planned in
      { @Sendable (runner: CellRunner) -> Void in
        runner.emit(.cellStarted(planned.cell))
        runner.emit(.cellEnded(result(of: planned, context).result))
      }
    }
    return InjectionWork(
      cells: recorded.failures.map(\.cell) + recorded.plan.planned.map(\.cell), work: ended + cells,
      problems: recorded.unseen + (configuration.checkedPeer == nil ? recorded.problems : []),
      notes: configuration.checkedPeer == nil ? [] : recorded.notes,
      known: recorded.plan.known, isComplete: recorded.failures.isEmpty)
  }

  // MARK: - Preparation

  /// Determines the isolation, and probes each language's peer, and one peer under the tracer.
  private func prepare() throws(RunError) -> (
    context: CellContext, isolation: String, probed: [String: ProbedPeer]
  ) {
    let capabilities = try MachineProbe.capabilities(configuration)
    let start = configuration.context(capabilities)
    let probed = try PeerProbe.probe(languages, configuration.peers, start)
    let context = start.knowing(probed, configuration.registry)
    if let reason = obstacle(context) { throw RunError(reason) }
    return (context, "\(capabilities)", probed)
  }

  /// Returns the reason why faults cannot be injected; nil if they can.
  func obstacle(_ known: CellContext) -> String? {
    guard known.sandbox.capabilities.isolation == .private else {
      return "fault injection requires a private sandbox, which removes everything that a killed peer leaves behind"
    }
    guard let peer = languages.first else { return nil }
    var context = known
    context.isTraced = true
    do throws(CellOutcome) { _ = try PeerProbe.probe(peer.traced(by: tracer.recording), context) } catch {
      return "no process can be traced here (ptrace), so no fault was injected: \(error.reason ?? "")"
    }
    return nil
  }

  private var languages: [PeerDescription] {
    configuration.peers.peers.filter {
      $0.peer != nil && (selection.languages.isEmpty || selection.languages.contains($0.language))
    }
  }

  private struct Recorded {
    var plan = InjectionPlan()
    /// The results of the scripts that could not be recorded, so their calls are unknown.
    var failures: [CellResult] = []
    /// System calls into which no fault is injected, and errors in the system-call table.
    var problems: [String] = []
    /// Peers into which no fault can be injected, because the tracer does not see their calls.
    var unseen: [String] = []
    /// The number of scripts that the selection needs.
    var scripts = 0
    /// The scripts that require a capability that a peer lacks.
    var lacking: [(script: String, name: String)] = []

    /// A note that lists the scripts that the peer cannot run; empty if it can run them all.
    var notes: [String] {
      guard !lacking.isEmpty else { return [] }
      let needs = lacking.map { "\($0.script) needs \($0.name)" }.withoutDuplicates
      let shown = needs.prefix(Self.maximumListed)
      let rest = needs.count - shown.count
      return [
        "fault injection: \(scripts - lacking.count) of \(counted(scripts, "script")); "
          + shown.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
      ]
    }

    private static let maximumListed = 8
  }

  /// Each script that the selection needs, once per language, without a fault.
  private var recordings: [InjectionPlan.Planned] {
    scripts.flatMap { scenario in
      languages.filter { selection.mayInclude(scenario, language: $0.language, table) }.map { peer in
        InjectionPlan.Planned(scenario, peer, nil)
      }
    }
  }

  private func record(_ context: CellContext, emit: (Event) -> Void) -> Recorded {
    var recorded = Recorded()
    var unknown: Set<String> = []
    /// The operations that made IPC calls; `unseen` contains the scripts that made none, by language.
    var reached: Set<String> = []
    var unseen: [String: [String]] = [:]
    let recordings = recordings
    recorded.scripts = recordings.count
    let filter = InjectionFilter(selection)
    for (index, planned) in recordings.enumerated() {
      if Interruption.isRequested { return recorded }
      emit(.recording(planned.cell, number: index + 1, of: recordings.count))
      let languages = planned.scenario.roles.map { _ in planned.peer.language }
      if let missing = context.capabilities.missing(for: planned.scenario, languages: languages) {
        recorded.failures.append(result(planned, CellOutcome(missing: missing), context))
        recorded.lacking.append((planned.scenario.id, missing.name))
        continue
      }
      let (result, run) = result(of: planned, context)
      guard result.verdict == .passed, let run else {
        recorded.failures.append(result)
        continue
      }
      let traces = run.client.roles.map { ($0, SystemCallTrace($0.standardErrorLines)) }
      let points = traces.flatMap { role, trace in
        // A role adopts its inherited descriptors before the script's first request.
        trace.points(of: role.name, operations: role.requestedOperations, table: table)
          .filter { $0.request >= role.inherits.count }
      }
      unknown.formUnion(traces.flatMap(\.1.requests).joined().map(\.name).filter { !table.knows($0) })
      reached.formUnion(points.map(\.operation))
      if points.isEmpty, !planned.scenario.operations.isSubset(of: table.silentOperations) {
        unseen[planned.peer.language, default: []].append(planned.scenario.id)
      }
      recorded.plan.add(points, of: planned, table: table, filter: filter)
      for point in points where table.silentOperations.contains(point.operation) {
        recorded.problems.append(
          "\(SystemCallTable.file) lists \(point.operation) as an operation without calls; "
            + "\(planned.peer.language) makes \(point.call)")
      }
    }
    recorded.problems += unknown.sorted().map {
      "\(SystemCallTable.file) does not say whether \($0) is an IPC call, so it got no fault"
    }
    recorded.unseen = unseen.sorted { $0.key < $1.key }.map { language, scripts in
      "\(language) made no IPC call in \(counted(scripts.count, "script")), such as \(scripts[0]), which got no "
        + "fault: the process that is started must make the calls itself; write 'exec' before the peer's command in a "
        + "wrapper script"
    }
    // If a recording has failed, the operations that its script performs are unknown.
    if selection.isEverything, recorded.failures.isEmpty {
      let known = reached.union(table.silentOperations)
      recorded.problems += configuration.registry.names.filter { !known.contains($0) }.map {
        "no script of fixtures/fault-injection performs \($0) with an IPC call, so it got no fault; "
          + "\(SystemCallTable.file) lists operations without calls"
      }
    }
    return recorded
  }

  // MARK: - One cell

  /// The missing capability of a peer in which a fault missed its call.
  static let sameCalls = "the same system calls at every start"

  /// Returns a problem if no fault of a run hit its call.
  static func problems(_ results: [CellResult]) -> [String] {
    let faults = results.filter { $0.cell.injection != nil }
    guard !faults.isEmpty, faults.allSatisfy({ $0.outcome.missing?.name == sameCalls }) else { return [] }
    return [
      "fault injection: no fault hit its call in \(counted(faults.count, "cell")), because the peer makes other system "
        + "calls at each start; leave out fault injection with --quick"
    ]
  }

  private func result(
    of planned: InjectionPlan.Planned, _ context: CellContext
  ) -> (result: CellResult, run: InjectionRun?) {
    let start = ContinuousClock.now
    var outcome: CellOutcome
    var run: InjectionRun?
    do throws(CellOutcome) {
      var languages: [String: PeerDescription] = [:]
      for role in planned.scenario.roles {
        let command =
          switch planned.injection {
          case nil: tracer.recording
          case let injection? where injection.point.role == role.name: tracer.command(injecting: injection)
          default: [String]()
          }
        languages[role.name] = planned.peer.traced(by: command)
      }
      let cell = try CellRun(planned.scenario, languages: languages, names: CellNames(), context: context)
      let injectionRun = InjectionRun(cell, injection: planned.injection, table: table)
      outcome = injectionRun.run()
      run = injectionRun
      // An interpreter may make a different number of calls each time it starts.
      if configuration.checkedPeer != nil, injectionRun.isMiss(outcome) {
        outcome = CellOutcome(missing: MissingCapability(language: planned.peer.language, name: Self.sameCalls))
      }
    } catch {
      outcome = error
    }
    outcome.seconds = start.duration(to: .now).seconds
    return (self.result(planned, outcome, context), run)
  }

  private func result(_ planned: InjectionPlan.Planned, _ outcome: CellOutcome, _ context: CellContext) -> CellResult {
    let assessment =
      outcome.missing == nil ? expectations.assess(planned.cell.id, outcome) : (isExpected: true, note: nil)
    let rerun =
      configuration.checkedPeer == nil
      ? configuration.rerun("fault-injection \(planned.cell.id.quotedForShell)")
      : configuration.rerun(cell: planned.cell.id)
    return CellResult(
      cell: planned.cell, outcome: outcome, isExpected: assessment.isExpected, expectation: assessment.note,
      isolation: context.sandbox.capabilities.isolation, rerun: rerun)
  }
}
