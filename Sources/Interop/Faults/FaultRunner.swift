import Foundation
import PeerContract
import SystemPackage

/// Records every script, puts every fault into every call that it saw, and tells what came of it.
public struct FaultRunner: Sendable {
  private let configuration: RunConfiguration
  private let selection: FaultSelection
  private let scripts: [Scenario]
  private let table: SystemCallTable
  private let tracer: FaultTracer

  /// - Throws: ``RunError`` where strace is missing, where the scripts have mistakes, and for a selection of nothing.
  public init(_ configuration: RunConfiguration, selection: FaultSelection) throws(RunError) {
    self.configuration = configuration
    self.selection = selection
    tracer = try FaultTracer(root: configuration.root)
    let root = FilePath(configuration.root)
    do throws(LoadErrors) {
      scripts = try ScenarioLoader.loadFaultScripts(root: root)
      table = try SystemCallTable.load(root: root, vocabulary: configuration.vocabulary)
    } catch {
      throw RunError("\(error)", status: .usage)
    }
    let languages = configuration.peers.peers.filter { $0.peer != nil }.map(\.language)
    if let complaint = selection.complaints(
      scripts: scripts, vocabulary: configuration.vocabulary, languages: languages
    ).first {
      throw RunError(complaint, status: .nothingSelected)
    }
  }

  /// Records the scripts, and returns the ids of the cells that a run would run.
  public func list() throws(RunError) -> [String] {
    let recorded = try record(try context().context) { _ in }
    return recorded.plan.planned.map(\.cell.id)
  }

  /// Runs everything, and tells `listener` of it, one event at a time.
  public func run(listener: @escaping @Sendable (Event) -> Void) throws(RunError) -> RunSummary {
    let start = ContinuousClock.now
    let (context, isolation, greetings) = try context()
    let results = RunState(groups: [], listener: listener, stopsAtFirst: configuration.failFast)
    let recorded = try record(context, emit: results.emit)
    let work = recorded.plan.planned
    results.emit(
      .runStarted(
        RunDescription(
          cells: work.count + recorded.failures.count, scenarios: Set(work.map(\.cell.scenario)).count,
          jobs: configuration.jobs, seed: 0, isolation: isolation, implementations: greetings, kernel: Probe.kernel,
          plan: recorded.failures.map(\.cell.id) + work.map(\.cell.id))))
    for failure in recorded.failures { results.emit(.cellEnded(failure)) }
    Workers.run(configuration.jobs, work) { planned in
      if results.isStopped { return }
      results.emit(.cellStarted(planned.cell))
      results.emit(.cellEnded(result(of: planned, context).result))
    } everySecond: {
      results.emit(.timePassed(seconds: start.duration(to: .now).seconds))
    }
    let summary = summary(
      results.results, planned: work.count + recorded.failures.count, complaints: recorded.complaints,
      seconds: start.duration(to: .now).seconds)
    results.emit(.runEnded(summary))
    return summary
  }

  // MARK: - Before

  /// The isolation that is to be had, and the greeting of every language's peer, which is asked below a tracer.
  private func context() throws(RunError) -> (context: CellRun.Context, isolation: String, greetings: [String: String])
  {
    signal(SIGPIPE, SIG_IGN)
    let surroundings = try Probe.surroundings(configuration)
    var context = configuration.context(surroundings)
    let greetings = try Probe.greetings(configuration, needed: Set(languages.map(\.language)), context: context)
    context.isTraced = true
    if let peer = languages.first {
      do throws(CellFailure) {
        _ = try HonestyProbe.greeting(
          of: peer.behind(tracer.recording), names: CellNames(), context: context,
          nonce: UInt32.random(in: .min ... .max))
      } catch {
        throw RunError("no process can be traced here (ptrace), and no fault was tried: \(error.reason)")
      }
    }
    return (context, "\(surroundings)", greetings.mapValues(\.implementation))
  }

  private var languages: [PeerDescription] {
    configuration.peers.peers.filter {
      $0.peer != nil && (selection.languages.isEmpty || selection.languages.contains($0.language))
    }
  }

  private struct Recorded {
    var plan = FaultPlan()
    /// The recordings that did not pass: without them nothing is known of a script's calls.
    var failures: [CellResult] = []
    /// What got no fault, and what the table of calls has wrong.
    var complaints: [String] = []
  }

  /// The scripts that the selection needs, each in one language, without a fault.
  private var recordings: [FaultPlan.Planned] {
    scripts.flatMap { scenario in
      languages.filter { selection.mayInclude(scenario, language: $0.language) }.map { peer in
        FaultPlan.Planned(
          cell: Cell(scenario, language: peer.language, point: nil, fault: nil), scenario: scenario, peer: peer,
          injection: nil)
      }
    }
  }

  private func record(_ context: CellRun.Context, emit: (Event) -> Void) throws(RunError) -> Recorded {
    var recorded = Recorded()
    var unknown: Set<String> = []
    /// The operations that make calls of IPC, and of each language the scripts in which it was seen to make none.
    var reached: Set<String> = []
    var unseen: [String: [String]] = [:]
    let recordings = recordings
    for (index, planned) in recordings.enumerated() {
      if Interruption.isRequested { return recorded }
      emit(.recording(planned.cell, number: index + 1, of: recordings.count))
      let (result, run) = result(of: planned, context)
      guard result.verdict == .passed, let run else {
        recorded.failures.append(result)
        continue
      }
      let traces = run.cell.roles.map { ($0, SystemCallTrace($0.complained)) }
      let points = traces.flatMap { role, trace in
        // What it inherits is adopted before the script has its first word.
        trace.points(of: role.name, operations: run.operations(of: role), table: table)
          .filter { $0.request >= role.inherits.count }
      }
      unknown.formUnion(traces.flatMap(\.1.requests).joined().map(\.name).filter { !table.knows($0) })
      reached.formUnion(points.map(\.operation))
      if points.isEmpty, !planned.scenario.operations.isSubset(of: table.silentOperations) {
        unseen[planned.peer.language, default: []].append(planned.scenario.id)
      }
      recorded.plan.add(points, of: planned, table: table, selection: selection)
      for point in points where table.silentOperations.contains(point.operation) {
        recorded.complaints.append(
          "\(SystemCallTable.file) says that \(point.operation) makes no call; "
            + "\(planned.peer.language) makes \(point.call)")
      }
    }
    recorded.complaints += unknown.sorted().map {
      "\(SystemCallTable.file) does not say whether \($0) is a call of IPC, and it got no fault"
    }
    recorded.complaints += unseen.sorted { $0.key < $1.key }.map { language, scripts in
      "\(language) was seen to make no call of IPC in \(counted(scripts.count, "script")), such as \(scripts[0]), and got no "
        + "fault there: the process that is started has to make the calls itself"
    }
    // What a recording that failed would have reached is not known.
    if selection.isEverything, recorded.failures.isEmpty {
      let known = reached.union(table.silentOperations)
      recorded.complaints += configuration.vocabulary.names.filter { !known.contains($0) }.map {
        "no script of fixtures/faults performs \($0) by a call of IPC, so it got no fault; \(SystemCallTable.file) "
          + "says which operations make no call"
      }
    }
    return recorded
  }

  // MARK: - One cell

  private func result(
    of planned: FaultPlan.Planned, _ context: CellRun.Context
  ) -> (result: CellResult, run: FaultRun?) {
    let start = ContinuousClock.now
    var outcome: CellRun.Outcome
    var run: FaultRun?
    do throws(CellFailure) {
      var languages: [String: PeerDescription] = [:]
      for role in planned.scenario.roles {
        let command =
          switch planned.injection {
          case nil: tracer.recording
          case let injection? where injection.point.role == role.name:
            tracer.command(injecting: injection.fault, at: injection.point)
          default: [String]()
          }
        languages[role.name] = planned.peer.behind(command)
      }
      let cell = try CellRun(planned.scenario, languages: languages, names: CellNames(), context: context)
      let faultRun = FaultRun(cell, injection: planned.injection, table: table)
      outcome = faultRun.run()
      run = faultRun
    } catch {
      outcome = CellRun.Outcome(verdict: error.verdict, reason: error.reason, evidence: error.evidence)
    }
    let result = CellResult(
      cell: planned.cell, verdict: outcome.verdict, reason: outcome.reason, isExpected: outcome.verdict == .passed,
      expectation: nil, seconds: start.duration(to: .now).seconds,
      isolation: context.sandbox.surroundings.isolation.rawValue,
      evidence: outcome.evidence, rerun: configuration.again("faults '\(planned.cell.id)'"))
    return (result, run)
  }

  private func summary(
    _ results: [CellResult], planned: Int, complaints: [String], seconds: Double
  ) -> RunSummary {
    let missing = planned - results.count
    let unexpected = results.filter { !$0.isExpected }
    var status = ExitStatus(
      unexpected: unexpected.map(\.verdict), missing: missing, failFast: configuration.failFast,
      complaints: complaints, isInterrupted: Interruption.isRequested)
    if planned == 0, status == .asExpected { status = .nothingSelected }
    return RunSummary(
      planned: planned, counts: Dictionary(results.map { ($0.verdict, 1) }, uniquingKeysWith: +),
      unexpected: unexpected.count,
      complaints: complaints + (missing > 0 ? ["\(missing) of \(planned) planned cells were not run"] : []),
      seconds: seconds, exitStatus: status.rawValue, interrupted: Interruption.isRequested)
  }
}
