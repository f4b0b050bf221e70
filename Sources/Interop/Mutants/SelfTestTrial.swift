/// One mutant, or one faulty build with no fault switched on, and the cells that it plays in.
struct SelfTestTrial: Sendable {
  /// Whether it is to be caught by the end of its time.
  let hangs: Bool
  private let runner: Runner
  private let expectations: Expectations
  private let rerun: String

  /// What a mutant that hangs is given of the usual patience: 2 s instead of 20.
  private static let patienceOfTheHung = 0.1

  var cells: [Cell] { runner.cells }

  /// - Parameters:
  ///   - mutant: Nil for the build without a fault.
  ///   - catching: The mutants whose cells are run.
  init(
    _ mutant: Mutant?, of language: String, catching: [Mutant], scenarios: [Scenario], build: FaultyBuild,
    surroundings: Surroundings, configuration: RunConfiguration
  ) throws(RunError) {
    let name = mutant?.fault ?? "\(language)-without-fault"
    guard let peer = build.peer(of: language, fault: mutant?.fault, as: name) else {
      throw RunError("there is no faulty build of \(language)")
    }
    let peers = PeerList([configuration.peers.reference, peer])
    let reference = peers.reference.language
    let wanted = Set(catching.flatMap(\.catchers).map(\.scenario))
    let scenarios = scenarios.filter { wanted.contains($0.id) }
    let all = Plan(scenarios: scenarios, peers: peers).cells
    let cells = catching.flatMap { $0.cells(among: all, playedBy: name, reference: reference) }

    hangs = mutant?.verdict == .timedOut
    rerun = configuration.again("self-test \(catching.map(\.fault).joined(separator: " "))")
    expectations = mutant.map(Expectations.caught) ?? .none
    var own = configuration.of(peers)
    // No cell at all would be every cell.
    own.selection.cells = cells.isEmpty ? ["none"] : Set(cells.map(\.id))
    own.jobs = mutant == nil ? configuration.jobs : 1
    own.rerun = rerun
    own.surroundings = surroundings
    // That the machine is sound is shown by the same cells without a fault, and not asked again by every mutant.
    own.asksControl = mutant == nil
    if mutant != nil { own.believed = [reference] }
    if hangs { own.timeoutMultiplier *= Self.patienceOfTheHung }
    runner = Runner(own, scenarios: scenarios, expectations: expectations)
  }

  /// Runs its cells. A mutant that is not believed from its greeting on is caught by that, in all of them.
  func run(_ emit: @escaping @Sendable (Event) -> Void) {
    do throws(RunError) {
      _ = try runner.run { event in
        switch event {
        case .cellStarted, .cellEnded: emit(event)
        case .recording, .runStarted, .timePassed, .runEnded: break
        }
      }
    } catch {
      let verdict = error.status == .failures ? Verdict.failed : .broken
      for cell in cells {
        let (isExpected, note) = expectations.judge(cell.id, verdict, reason: error.description)
        let result = CellResult(
          cell: cell, verdict: verdict, reason: error.description, isExpected: isExpected, expectation: note,
          seconds: 0, isolation: runner.configuration.surroundings?.isolation.rawValue ?? "", evidence: nil,
          rerun: rerun)
        emit(.cellStarted(cell))
        emit(.cellEnded(result))
      }
    }
  }
}
