import SystemPackage

/// Makes system calls in a user's programs fail: records every program once, and then runs its scenario with one fault
/// at a time.
public struct ProgramInjectionRunner: Sendable {
  private let configuration: RunConfiguration
  private let tracer: InjectionTracer
  private let table: ProgramFaultTable
  private let plan: Plan
  private let filters: [Glob]
  private let skipped: [Glob]
  /// The cells that are not expected to pass.
  public var expectations = Expectations.none

  /// Creates a runner for the programs that a configuration selects.
  ///
  /// - Throws: ``RunError`` if strace is missing, or the fault table has errors.
  public init(_ configuration: RunConfiguration, scenarios: [Scenario]) throws(RunError) {
    self.configuration = configuration
    tracer = try InjectionTracer(shortener: configuration.tracer)
    do throws(FixtureErrors) { table = try ProgramFaultTable.load(root: FilePath(configuration.root)) } catch {
      throw RunError("\(error)", status: .usage)
    }
    filters = configuration.selection.filters.map(Glob.init(containing:))
    skipped = configuration.selection.skipped.map(Glob.init(containing:))
    // A filter may name a fault, but the plan does not yet contain faults.
    var selection = configuration.selection
    selection.filters = []
    selection.skipped = []
    var plan = Plan(scenarios: scenarios, peers: configuration.peers).selecting(selection)
    _ = MissingPrograms(leftOutOf: &plan, configuration.peers, project: configuration.projects.first ?? "")
    let calls = table.names
    self.plan = Plan(
      groups: plan.groups.filter { group in
        let names = InjectionNames(of: group.scenario, words: group.cells.map(\.pairing.description) + calls)
        return configuration.selection.filters.isEmpty
          || configuration.selection.filters.contains { filter in
            let scenario = Glob(containing: String(filter.prefix { $0 != "[" }))
            return names.mayMatch(filter) || group.cells.contains { scenario.matches($0.cell.id) }
          }
      })
  }

  /// Returns the reason why faults cannot be injected on this machine; nil if they can.
  func obstacle(_ known: CellContext) -> String? {
    known.sandbox.capabilities.isolation == .private
      ? nil
      : "fault injection requires a private sandbox, with which everything that a failed program leaves disappears"
  }

  // MARK: - Planning

  /// The programs to record together, as roles in one cell.
  private struct Recording {
    let scenario: Scenario
    let pairing: Pairing
    let roles: [Role]
    var cell: Cell { Cell(scenario, pairing, nil) }
  }

  private struct Planned {
    let recording: Recording
    let injection: ProgramInjection
    let removed: Set<ObjectKind>
    let context: CellContext
    var cell: Cell { Cell(recording.scenario, recording.pairing, injection.cell) }
  }

  /// The recordings to make: one for each language in each role, from the first pairing in which the language plays the
  /// role.
  private var recordings: [Recording] {
    plan.groups.flatMap { group -> [Recording] in
      var seen: Set<Cell.Assignment> = []
      return group.cells.compactMap { planned in
        let roles = zip(group.scenario.roles, planned.pairing.languages).filter { role, language in
          role.part != .peer && !role.start.demands.isEmpty
            && seen.insert(Cell.Assignment(role: role.name, language: language)).inserted
        }.map(\.0)
        return roles.isEmpty ? nil : Recording(scenario: group.scenario, pairing: planned.pairing, roles: roles)
      }
    }
  }

  /// Records the programs, and returns the cells.
  func work(_ known: CellContext, emit: (Event) -> Void) -> InjectionWork {
    var context = known
    // A wire recording of the programs uses a different tracer.
    context.recordings = [:]
    var failures: [CellResult] = []
    var planned: [Planned] = []
    var notes: [String] = []
    var known: [String] = []
    let recordings = recordings
    for (index, recording) in recordings.enumerated() where !Interruption.isRequested {
      emit(.recording(recording.cell, number: index + 1, of: recordings.count))
      if let need = MachineProbe.unmetNeed(of: recording.scenario, context) {
        failures.append(result(recording.cell, CellOutcome(.notRun, need), context))
        continue
      }
      let (outcome, found) = record(recording, context)
      guard outcome.verdict == .passed || outcome.verdict == .leaked else {
        failures.append(result(recording.cell, outcome, context))
        continue
      }
      known += found.map(\.cell.id)
      planned += found.filter { isSelected($0.cell) }
      notes += recording.roles.filter { role in !found.contains { $0.injection.point.role == role.name } }.map { role in
        "no call of \(role.name) can fail in \(recording.cell.id): it makes no IPC call, or does so in a child or another "
          + "thread; a wrapper script must execute the program with 'exec'"
      }
    }
    let ended = failures.map { failure in
      { @Sendable (runner: CellRunner) -> Void in runner.emit(.cellEnded(failure)) }
    }
    let work = planned.map { planned in
      { @Sendable (runner: CellRunner) -> Void in
        runner.emit(.cellStarted(planned.cell))
        runner.emit(.cellEnded(result(planned.cell, run(planned), planned.context)))
      }
    }
    return InjectionWork(
      cells: failures.map(\.cell) + planned.map(\.cell), work: ended + work, problems: [], notes: notes,
      known: known, isComplete: failures.isEmpty)
  }

  private func isSelected(_ cell: Cell) -> Bool {
    (filters.isEmpty || filters.contains { $0.matches(cell.id) }) && !skipped.contains { $0.matches(cell.id) }
  }

  // MARK: - One cell

  private func cellRun(
    _ recording: Recording, tracing: [String: ProgramTracing], _ context: CellContext
  ) throws(CellOutcome) -> CellRun {
    var languages: [String: PeerDescription] = [:]
    for (role, language) in zip(recording.scenario.roles, recording.pairing.languages) {
      languages[role.name] = configuration.peers[language]
    }
    return try CellRun(
      recording.scenario, languages: languages, names: CellNames(), context: context, tracing: tracing)
  }

  /// Runs a cell without a fault, and returns the faults that can be injected into its roles.
  private func record(_ recording: Recording, _ context: CellContext) -> (CellOutcome, [Planned]) {
    let start = ContinuousClock.now
    let tracing = ProgramTracing.standardError(tracer.recordingProgram)
    let cell: CellRun
    do throws(CellOutcome) {
      cell = try cellRun(
        recording, tracing: Dictionary(uniqueKeysWithValues: recording.roles.map { ($0.name, tracing) }), context)
    } catch { return (error, []) }
    let outcome = cell.run()
    // A program may hang after a failed call, so this limit is shorter than the default limit.
    var context = context
    context.timeout = min(context.timeout, context.timeout / 4 + start.duration(to: .now) * 10)
    let fifos = cell.leaks.paths(of: .fifo)
    let planned = cell.client.roles.filter { $0.tracing != nil }.flatMap { role -> [Planned] in
      cell.client.takeTrace(of: role)
      let trace = ProgramTrace(role.traceLines)
      return trace.injections(into: role.name, table: table, fifos: fifos).map {
        Planned(recording: recording, injection: $0, removed: trace.removed, context: context)
      }
    }
    return (outcome, planned)
  }

  private func run(_ planned: Planned) -> CellOutcome {
    let start = ContinuousClock.now
    var outcome: CellOutcome
    do throws(CellOutcome) {
      let point = planned.injection.point
      let tracing = ProgramTracing.standardError(tracer.program(injecting: planned.injection))
      let cell = try cellRun(planned.recording, tracing: [point.role: tracing], planned.context)
      outcome = try ProgramInjectionRun(cell, planned.injection, removed: planned.removed).run()
    } catch {
      outcome = error
    }
    outcome.seconds = start.duration(to: .now).seconds
    return outcome
  }

  private func result(_ cell: Cell, _ outcome: CellOutcome, _ context: CellContext) -> CellResult {
    let assessment =
      outcome.verdict == .notRun
      ? (isExpected: true, note: outcome.reason) : expectations.assess(cell.id, outcome)
    return CellResult(
      cell: cell, outcome: outcome, isExpected: assessment.isExpected, expectation: assessment.note,
      isolation: context.sandbox.capabilities.isolation, rerun: configuration.rerun(cell: cell.id))
  }
}

/// The source of a run's fault-injection cells.
public enum FaultInjector: Sendable {
  /// The peer being checked, if faults can be injected into it.
  case peer(InjectionRunner)
  /// A user's programs, if the user requested fault injection.
  case programs(ProgramInjectionRunner)

  /// Whether a run without faults is an error.
  var isRequired: Bool { if case .programs = self { true } else { false } }

  func obstacle(_ context: CellContext) -> String? {
    switch self {
    case .peer(let runner): runner.obstacle(context)
    case .programs(let runner): runner.obstacle(context)
    }
  }

  func work(_ context: CellContext, emit: (Event) -> Void) throws(RunError) -> InjectionWork {
    switch self {
    case .peer(let runner): try runner.work(context, emit: emit)
    case .programs(let runner): runner.work(context, emit: emit)
    }
  }
}

/// The fault-injection cells within a run.
struct InjectionWork {
  let cells: [Cell]
  let work: [@Sendable (CellRunner) -> Void]
  let problems: [String]
  /// Notes for the report.
  var notes: [String] = []
  /// The ids of all cells for the recorded scripts, selected or not.
  var known: [String] = []
  /// Whether all scripts were recorded, so that ``known`` contains every cell that can be selected.
  var isComplete = true
}
