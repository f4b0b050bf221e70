/// Runs the cells for one scenario and one row of parameters.
///
/// The control cell runs first. If it fails, the results of the other cells prove nothing.
struct CellGroupRun: Sendable {
  let group: Plan.Group
  let peers: PeerList
  let context: CellContext
  let expectations: Expectations
  /// The number of times to run each cell.
  var repetitions = 1
  /// Whether to run an unselected control cell after a failure, to distinguish a defective peer from a broken machine.
  var runsControl = true
  /// Whether a failing control cell counts as broken rather than failed, because the reference is trusted.
  var trustsReference = true
  /// A function that returns the command that reruns a cell.
  let rerun: @Sendable (Cell) -> String

  func run(_ runner: CellRunner) {
    if let need = MachineProbe.unmetNeed(of: group.scenario, context) {
      for planned in group.cells {
        runner.emit(.cellEnded(result(planned.cell, CellOutcome(.notRun, need), (true, need))))
      }
      return
    }
    var controlFailure: (reason: String, control: ControlFailure)?
    var isControlKnown = false
    for planned in group.cells {
      if runner.isStopped { return }
      if let missing = context.capabilities.missing(for: group.scenario, languages: planned.pairing.languages) {
        runner.emit(.cellEnded(result(planned.cell, CellOutcome(missing: missing), (true, nil))))
        continue
      }
      let incompatibility = context.compatibility.incompatibility(
        of: planned, group.scenario, context.registry)
      if let incompatibility, !context.compatibility.runsIncompatible {
        let outcome = CellOutcome(.notRun, incompatibility.why)
        runner.emit(.cellEnded(result(planned.cell, outcome, (true, incompatibility.why))))
        continue
      }
      runner.emit(.cellStarted(planned.cell))
      var outcome: CellOutcome
      if let controlFailure {
        outcome = CellOutcome(verdict: .broken, reason: controlFailure.reason, evidence: nil)
        outcome.control = controlFailure.control
      } else {
        outcome = repeated(planned.pairing, runner, isIncompatible: incompatibility != nil)
        if planned.isControl {
          isControlKnown = true
          if outcome.missing == nil {
            outcome = verified(outcome)
            controlFailure = Self.failure(of: planned, outcome)
          }
        } else if outcome.verdict != .passed, outcome.missing == nil, !isControlKnown, runsControl,
          let control = group.control
        {
          isControlKnown = true
          controlFailure = Self.failure(of: control, verified(repeated(control.pairing, runner)))
          if let controlFailure {
            outcome = outcome.with(.broken, reason: controlFailure.reason)
            outcome.control = controlFailure.control
          }
        }
      }
      let assessment: (isExpected: Bool, note: String?) =
        if let incompatibility { (outcome.verdict != .broken, incompatibility.why) } else if outcome.missing == nil {
          expectations.assess(planned.cell.id, outcome)
        } else { (true, nil) }
      runner.emit(.cellEnded(result(planned.cell, outcome, assessment)))
    }
  }

  /// Returns the outcome of a control cell, changed to broken if the trusted reference failed.
  private func verified(_ outcome: CellOutcome) -> CellOutcome {
    // If the reference itself differs from its recording, the recording is at fault rather than the machine.
    if outcome.isDifference {
      let reason = outcome.reason ?? ""
      return outcome.with(reason: "\(reason); if the programs of the first language are right, record them again")
    }
    let isFailure = outcome.verdict != .passed && outcome.verdict != .leaked
    return isFailure && trustsReference ? outcome.with(.broken) : outcome
  }

  /// Returns the reason why the results of the other cells prove nothing; nil if the control cell passed.
  private static func failure(
    of control: Plan.PlannedCell, _ outcome: CellOutcome
  ) -> (reason: String, control: ControlFailure)? {
    let verb = outcome.verdict == .leaked ? "leaked" : "failed"
    return outcome.reason.map {
      ("the control cell \(verb): \($0)", ControlFailure(cell: control.cell.id, verdict: outcome.verdict))
    }
  }

  /// Runs a cell the requested number of times.
  ///
  /// If the verdicts differ, the cell is flaky, which is a failure. A failed run is never retried.
  private func repeated(_ pairing: Pairing, _ runner: CellRunner, isIncompatible: Bool = false) -> CellOutcome {
    var outcomes: [CellOutcome] = []
    for _ in 0..<repetitions where !runner.isStopped || outcomes.isEmpty {
      outcomes.append(once(pairing, isIncompatible))
    }
    guard let bad = outcomes.first(where: { $0.verdict != .passed }),
      outcomes.contains(where: { $0.verdict != bad.verdict })
    else { return outcomes[outcomes.count - 1] }
    let passed = outcomes.count { $0.verdict == .passed }
    return bad.with(
      .failed,
      reason:
        "flaky: passed \(passed) of \(outcomes.count) times, otherwise \(bad.verdict.rawValue): \(bad.reason ?? "")")
  }

  /// The factor that shortens the time limit of a cell that cannot work, because many such cells hang.
  private static let incompatibleTimeoutFactor = 0.1

  private func once(_ pairing: Pairing, _ isIncompatible: Bool) -> CellOutcome {
    var context = context
    if isIncompatible { context.timeout = context.timeout * Self.incompatibleTimeoutFactor }
    var languages: [String: PeerDescription] = [:]
    for (role, language) in zip(group.scenario.roles, pairing.languages) { languages[role.name] = peers[language] }
    let outcome =
      if let recording = context.recordings[group.scenario.recordingID] {
        CellRun.compare(
          group.scenario, with: recording, languages: languages, reference: peers.reference.language, context: context)
      } else {
        CellRun.run(group.scenario, languages: languages, names: CellNames(), context: context)
      }
    guard group.scenario.isNegativeControl, outcome.verdict == .failed else { return outcome }
    return outcome.with(reason: "the check does not detect the defect of this control: \(outcome.reason ?? "")")
  }

  /// Creates the result for a cell.
  func result(
    _ cell: Cell, _ outcome: CellOutcome, _ assessment: (isExpected: Bool, note: String?)
  ) -> CellResult {
    CellResult(
      cell: cell, outcome: outcome, isExpected: assessment.isExpected, expectation: assessment.note,
      isolation: context.sandbox.capabilities.isolation, rerun: rerun(cell))
  }
}
