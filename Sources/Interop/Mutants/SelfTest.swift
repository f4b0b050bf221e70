import Foundation
import Synchronization

/// Tests the gate: runs every mutant in the cells that must catch it, and the faulty builds without a fault in the same.
///
/// It is told as a run: each cell in which a mutant plays is as expected when the gate says of it what
/// `fixtures/mutants.yaml` says that it must, and a cell that a faulty build plays without a fault when it passes.
public struct SelfTest: Sendable {
  private let configuration: RunConfiguration
  private let surroundings: Surroundings
  private let trials: [SelfTestTrial]
  private let complaints: [String]

  /// How many of those that hang wait for the end of their time at once.
  private static let hanging = 6

  /// - Parameter names: The faults to try; all when there are none.
  public init(
    _ configuration: RunConfiguration, scenarios: [Scenario], mutants: [Mutant], build: FaultyBuild,
    names: [String] = []
  ) throws(RunError) {
    self.configuration = configuration
    let surroundings = try Probe.surroundings(configuration)
    self.surroundings = surroundings
    var complaints = try build.complaints(mutants, configuration.context(surroundings))
    let chosen = try mutants.named(names)
    if names.isEmpty {
      let mechanisms = Set(scenarios.map(\.mechanism))
      for mechanism in mechanisms.subtracting(mutants.flatMap(\.mechanisms)).sorted() {
        complaints.append("no mutant shows that the gate catches anything in \(mechanism)")
      }
    }
    func trial(_ mutant: Mutant?, _ language: String, catching: [Mutant]) throws(RunError) -> SelfTestTrial {
      try SelfTestTrial(
        mutant, of: language, catching: catching, scenarios: scenarios, build: build, surroundings: surroundings,
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
        complaints.append("\(mutant.location): no cell lets '\(mutant.fault)' play that role alone")
      } else {
        trials.append(trial)
      }
    }
    self.trials = trials
    self.complaints = complaints
  }

  /// Runs everything, and tells `listener` of it, one event at a time.
  public func run(listener: @escaping @Sendable (Event) -> Void) throws(RunError) -> RunSummary {
    let start = ContinuousClock.now
    let cells = trials.flatMap(\.cells)
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
          isolation: "\(surroundings)", implementations: [:],
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
    var waiting: ArraySlice<SelfTestTrial>
    var hanging: ArraySlice<SelfTestTrial>
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
    let verdicts = Set(unexpected.map(\.verdict))
    let status: ExitStatus =
      if Interruption.isRequested {
        .interrupted
      } else if !verdicts.isEmpty, verdicts.isSubset(of: [.broken, .notRun]) {
        .brokenEnvironment
      } else {
        unexpected.isEmpty && complaints.isEmpty ? .asExpected : .failures
      }
    return RunSummary(
      planned: planned, counts: Dictionary(results.map { ($0.verdict, 1) }, uniquingKeysWith: +),
      unexpected: unexpected.count, complaints: complaints, seconds: seconds, exitStatus: status.rawValue,
      interrupted: Interruption.isRequested)
  }
}
