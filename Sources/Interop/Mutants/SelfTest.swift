import Foundation
import Synchronization

/// Tests the gate: runs every mutant in the cells that must catch it, and the faulty builds without a fault in the same.
///
/// It is told as a run: each cell in which a mutant plays is as expected when the gate says of it what
/// `fixtures/mutants.yaml` says that it must, and a cell that a faulty build plays without a fault when it passes.
public struct SelfTest: Sendable {
  private let configuration: RunConfiguration
  private let isolation: (Isolation, excuse: String?)
  private let trials: [Trial]
  private let complaints: [String]

  /// What a mutant that hangs is given of the usual patience: 2 s instead of 20.
  private static let patienceOfTheHung = 0.1

  /// How many of them wait for that at a time.
  private static let hanging = 6

  /// One mutant, or one faulty build without a fault, and the cells that it plays in.
  fileprivate struct Trial: Sendable {
    let mutant: Mutant?
    let runner: Runner
    let expectations: Expectations

    var hangs: Bool { mutant?.verdict == .timedOut }
  }

  /// - Parameter names: The faults to try; all when there are none.
  public init(
    _ configuration: RunConfiguration, scenarios: [Scenario], mutants: [Mutant], build: FaultyBuild,
    names: [String] = []
  ) throws(RunError) {
    self.configuration = configuration
    let isolation = try Probe.isolation(configuration)
    self.isolation = isolation
    var complaints = try build.complaints(mutants)
    for name in names where !mutants.contains(where: { $0.fault == name }) {
      let clause = Suggestion.nearest(to: name, among: mutants.map(\.fault)).map { "; did you mean '\($0)'?" } ?? ""
      throw RunError("there is no fault '\(name)'\(clause)", status: .nothingSelected)
    }
    if names.isEmpty {
      let mechanisms = Set(scenarios.map(\.mechanism))
      for mechanism in mechanisms.subtracting(mutants.flatMap(\.mechanisms)).sorted() {
        complaints.append("no mutant shows that the gate catches anything in \(mechanism)")
      }
    }
    let chosen = mutants.filter { names.isEmpty || names.contains($0.fault) }
    func trial(_ mutant: Mutant?, _ language: String, catching: [Mutant]) throws(RunError) -> Trial? {
      let name = mutant?.fault ?? "\(language)-without-fault"
      guard let peer = build.peer(of: language, fault: mutant?.fault, as: name) else {
        throw RunError("there is no faulty build of \(language)")
      }
      let wanted = Set(catching.flatMap(\.catchers).map(\.scenario))
      let scenarios = scenarios.filter { wanted.contains($0.id) }
      let peers = PeerList([configuration.peers.reference, peer])
      let reference = peers.reference.language
      let all = Plan(scenarios: scenarios, peers: peers, selection: Selection()).cells
      let cells = catching.flatMap { $0.cells(among: all, playedBy: name, reference: reference) }
      guard !cells.isEmpty else {
        if let mutant { complaints.append("\(mutant.location): no cell lets '\(mutant.fault)' play that role alone") }
        return nil
      }
      var own = configuration.of(peers)
      own.selection.cells = Set(cells.map(\.id))
      own.jobs = mutant == nil ? configuration.jobs : 1
      own.rerun = "ipc-interop self-test \(mutant?.fault ?? catching.map(\.fault).joined(separator: " "))"
      // That the machine is sound is shown by the same cells without a fault, and not asked again by every mutant.
      own.asksControl = mutant == nil
      if mutant != nil { own.believed = [reference] }
      own.knownIsolation = isolation.0
      if mutant?.verdict == .timedOut { own.timeoutMultiplier *= Self.patienceOfTheHung }
      let expectations = mutant.map(Expectations.caught) ?? .none
      return Trial(
        mutant: mutant, runner: Runner(own, scenarios: scenarios, expectations: expectations),
        expectations: expectations)
    }
    var trials: [Trial] = []
    for language in build.peers.peers.map(\.language) {
      let own = chosen.filter { $0.language == language }
      if let control = try trial(nil, language, catching: own) { trials.append(control) }
    }
    for mutant in chosen {
      if let trial = try trial(mutant, mutant.language, catching: [mutant]) { trials.append(trial) }
    }
    self.trials = trials
    self.complaints = complaints
  }

  /// Runs everything, and tells `listener` of it, one event at a time.
  public func run(listener: @escaping @Sendable (Event) -> Void) throws(RunError) -> RunSummary {
    let start = ContinuousClock.now
    let cells = trials.flatMap(\.runner.cells)
    let progress = Mutex(Progress(waiting: trials.filter { !$0.hangs }[...], hanging: trials.filter(\.hangs)[...]))
    @Sendable func emit(_ event: Event) {
      progress.withLock { progress in
        if case .cellEnded(let result) = event { progress.results.append(result) }
        listener(event)
      }
    }
    emit(
      .runStarted(
        RunDescription(
          cells: cells.count, scenarios: Set(cells.map(\.scenario)).count, jobs: configuration.jobs, seed: 0,
          isolation: isolation.0.rawValue + (isolation.excuse.map { " (\($0))" } ?? ""), implementations: [:],
          kernel: Probe.kernel, plan: cells.map(\.id))))
    let threads = Workers.start(configuration.jobs) {
      while !Interruption.isRequested, let trial = progress.withLock({ $0.waiting.popFirst() }) { trial.run(emit) }
    }
    // What hangs hardly uses the processor: it has threads of its own beside the others.
    let others = Workers.start(Self.hanging) {
      while !Interruption.isRequested, let trial = progress.withLock({ $0.hanging.popFirst() }) { trial.run(emit) }
    }
    while threads.wait(timeout: .now() + 1) == .timedOut || others.wait(timeout: .now() + 1) == .timedOut {
      emit(.timePassed(seconds: start.duration(to: .now).seconds))
    }
    let summary = summary(
      progress.withLock { $0.results }, planned: cells.count, seconds: start.duration(to: .now).seconds)
    emit(.runEnded(summary))
    return summary
  }

  private struct Progress {
    var waiting: ArraySlice<Trial>
    var hanging: ArraySlice<Trial>
    var results: [CellResult] = []
  }

  private func summary(_ results: [CellResult], planned: Int, seconds: Double) -> RunSummary {
    var complaints = complaints
    if results.count < planned {
      complaints.append("\(planned - results.count) of \(planned) planned cells were not run")
    }
    // Nothing run is not green, however well it is known why.
    if !results.isEmpty, results.allSatisfy({ $0.verdict == .notRun }) {
      complaints.append("none of the cells can be run here: \(results[0].reason ?? "")")
    }
    let unexpected = results.filter { !$0.isExpected }
    let isBroken = !unexpected.isEmpty && unexpected.allSatisfy { [.broken, .notRun].contains($0.verdict) }
    let status: ExitStatus =
      if Interruption.isRequested { .interrupted } else if isBroken {
        .brokenEnvironment
      } else if !unexpected.isEmpty
        || !complaints.isEmpty
      { .failures } else { .asExpected }
    return RunSummary(
      planned: planned, counts: Dictionary(results.map { ($0.verdict, 1) }, uniquingKeysWith: +),
      unexpected: unexpected.count, complaints: complaints, seconds: seconds, exitStatus: status.rawValue,
      interrupted: Interruption.isRequested)
  }
}

extension SelfTest.Trial {
  /// Runs its cells. A mutant that is not believed from its greeting on is caught by that, in all of them.
  fileprivate func run(_ emit: @escaping @Sendable (Event) -> Void) {
    do throws(RunError) {
      _ = try runner.run { event in
        switch event {
        case .cellStarted, .cellEnded: emit(event)
        case .runStarted, .timePassed, .runEnded: break
        }
      }
    } catch {
      let verdict = error.status == .failures ? Verdict.failed : .broken
      for cell in runner.cells {
        let (isExpected, note) = expectations.judge(cell.id, verdict, reason: error.description)
        emit(.cellStarted(cell))
        emit(
          .cellEnded(
            CellResult(
              cell: cell, verdict: verdict, reason: error.description, isExpected: isExpected, expectation: note,
              seconds: 0, isolation: "none", evidence: nil, rerun: runner.configuration.rerun ?? "")))
      }
    }
  }
}
