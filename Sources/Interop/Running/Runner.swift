import Foundation
import PeerContract
import Synchronization

/// Runs a plan: probes the machine and the peers, gives the groups of cells to its threads, and tells what happens.
public struct Runner: Sendable {
  let configuration: RunConfiguration
  let plan: Plan
  /// The ids of the cells in the order of the files, in which they are reported whatever the order of running.
  let order: [String]
  let expectations: Expectations

  /// What was asked for and does not exist.
  public let selectionComplaints: [String]

  public init(_ configuration: RunConfiguration, scenarios: [Scenario], expectations: Expectations) {
    self.configuration = configuration
    self.expectations = expectations
    let everything = Plan(scenarios: scenarios, peers: configuration.peers)
    let cells = everything.cells
    selectionComplaints = configuration.selection.complaints(
      mechanisms: Set(cells.map(\.mechanism)).sorted(), languages: configuration.peers.peers.map(\.language),
      cells: cells.map(\.id))
    let selected = everything.selecting(configuration.selection)
    order = selected.cells.map(\.id)
    plan = selected.shuffled(seed: configuration.seed)
  }

  /// The cells that it would run, in order.
  public var cells: [Cell] { plan.cells }

  /// Runs everything, and tells `listener` of it, one event at a time.
  public func run(listener: @escaping @Sendable (Event) -> Void) throws(RunError) -> RunSummary {
    signal(SIGPIPE, SIG_IGN)  // a peer that is gone is an answer to a write, not the end of the harness
    let start = ContinuousClock.now
    let surroundings = try Probe.surroundings(configuration)
    let context = configuration.context(surroundings)
    let needed = Set(plan.groups.flatMap { ($0.cells + ($0.control.map { [$0] } ?? [])).flatMap(\.pairing.languages) })
    let greetings = try Probe.greetings(configuration, needed: needed, context: context)

    let state = RunState(groups: plan.groups, listener: listener, stopsAtFirst: configuration.failFast)
    state.emit(
      .runStarted(
        RunDescription(
          cells: plan.cells.count, scenarios: Set(plan.cells.map(\.scenario)).count, jobs: configuration.jobs,
          seed: configuration.seed, isolation: "\(surroundings)",
          implementations: greetings.mapValues(\.implementation), kernel: Probe.kernel, plan: order,
          notes: Probe.notes(on: greetings, configuration.vocabulary))))

    var lack: SandboxError?
    let threads = Workers.start(min(configuration.jobs, max(plan.groups.count, 1))) {
      while let group = state.nextGroup() {
        GroupRun(
          group: group, configuration: configuration, context: context, expectations: expectations, state: state
        )
        .run()
      }
    } orElse: {
      lack = $0
      state.stop()
    }
    while threads.wait(timeout: .now() + 1) == .timedOut {
      state.emit(.timePassed(seconds: start.duration(to: .now).seconds))
    }
    if let lack { throw RunError("\(configuration.jobs) cells at a time cannot be run: \(lack)") }
    let summary = summary(state.results, seconds: start.duration(to: .now).seconds)
    state.emit(.runEnded(summary))
    return summary
  }

  private func summary(_ results: [CellResult], seconds: Double) -> RunSummary {
    var complaints: [String] = []
    let planned = plan.cells
    let reported = Set(results.map(\.cell.id))
    let missing = planned.filter { !reported.contains($0.id) }
    if reported.count != results.count { complaints.append("a cell has two results") }
    if configuration.selection.isEverything {
      complaints += expectations.complaints(cells: planned.map(\.id), today: Probe.today)
    }
    let unexpected = results.filter { !$0.isExpected }
    // Nothing run is not green, however well it is known why.
    let isIdle = !results.isEmpty && results.allSatisfy { $0.verdict == .notRun }
    if isIdle { complaints.append("none of the selected cells can be run here: \(results[0].reason ?? "")") }
    let run = results.count { $0.verdict != .notRun }
    if run < configuration.requiredCells {
      complaints.append("\(run) cells were run, where at least \(configuration.requiredCells) are required")
    }
    let status = ExitStatus(
      unexpected: unexpected.map(\.verdict) + (isIdle ? [.notRun] : []), missing: missing.count,
      failFast: configuration.failFast, complaints: complaints, isInterrupted: Interruption.isRequested)
    if !missing.isEmpty { complaints.append("\(missing.count) of \(planned.count) planned cells were not run") }
    return RunSummary(
      planned: planned.count, counts: Dictionary(results.map { ($0.verdict, 1) }, uniquingKeysWith: +),
      unexpected: unexpected.count, complaints: complaints, seconds: seconds, exitStatus: status.rawValue,
      interrupted: Interruption.isRequested)
  }
}

extension Duration {
  package var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

extension Plan {
  /// In another order, the same for the same seed; 0 keeps that of the files.
  func shuffled(seed: UInt64) -> Plan {
    guard seed != 0 else { return self }
    var random = SeededGenerator(seed: seed)
    return Plan(groups: groups.shuffled(using: &random))
  }
}

/// splitmix64: an order that can be had again.
private struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
