/// Runs the cells of one scenario and one row of parameters: the control cell first, for without it the others say
/// nothing.
struct GroupRun {
  let group: Plan.Group
  let configuration: RunConfiguration
  let context: CellRun.Context
  let expectations: Expectations
  let state: RunState

  func run() {
    if let need = Probe.unmetNeed(of: group.scenario, in: context.sandbox.surroundings) {
      for planned in group.cells {
        report(planned, Trial(verdict: .notRun, reason: need), expectation: (true, need))
      }
      return
    }
    var controlFailure: String?
    var isControlKnown = false
    for planned in group.cells {
      if state.isStopped { return }
      state.emit(.cellStarted(planned.cell))
      if let controlFailure {
        report(planned, Trial(verdict: .broken, reason: "the control cell failed: \(controlFailure)"))
        continue
      }
      var trial = repeated(planned.pairing)
      if planned.isControl {
        isControlKnown = true
        controlFailure = trial.reason
        if trial.verdict != .passed, trial.verdict != .leaked { trial.verdict = .broken }
      } else if trial.verdict != .passed, trial.verdict != .unsupported, !isControlKnown,
        configuration.asksControl, let control = group.control
      {
        // The control was not selected: it is asked now, to tell a wrong peer from a broken machine.
        isControlKnown = true
        controlFailure = repeated(control.pairing).reason
        if let controlFailure { trial.blameControl(controlFailure) }
      }
      report(planned, trial)
    }
  }

  /// What came of running a cell, perhaps more than once.
  private struct Trial {
    var verdict: Verdict
    var reason: String?
    var evidence: Evidence?
    var seconds = 0.0

    mutating func blameControl(_ reason: String) {
      verdict = .broken
      self.reason = "the control cell failed: \(reason)"
    }
  }

  /// Runs a cell as often as asked. No retries: one that ends differently the next time is flaky, which is a failure.
  private func repeated(_ pairing: Pairing) -> Trial {
    var trials: [Trial] = []
    for _ in 0..<configuration.repetitions where !state.isStopped || trials.isEmpty {
      trials.append(once(pairing))
    }
    var last = trials[trials.count - 1]
    guard let bad = trials.first(where: { $0.verdict != .passed }),
      trials.contains(where: { $0.verdict != bad.verdict })
    else { return last }
    let passed = trials.count { $0.verdict == .passed }
    last = bad
    last.verdict = .failed
    last.reason = "flaky: passed \(passed) of \(trials.count) times, else \(bad.verdict.rawValue): \(bad.reason ?? "")"
    return last
  }

  private func once(_ pairing: Pairing) -> Trial {
    let start = ContinuousClock.now
    let languages = Dictionary(
      zip(group.scenario.roles.map(\.name), pairing.languages.map { configuration.peers[$0] }).compactMap {
        name, peer in
        peer.map { (name, $0) }
      }
    ) { first, _ in first }
    let outcome = CellRun.run(group.scenario, languages: languages, names: CellNames(), context: context)
    var trial = Trial(
      verdict: outcome.verdict, reason: outcome.reason, evidence: outcome.evidence,
      seconds: start.duration(to: .now).seconds)
    if group.scenario.isNegativeControl, trial.verdict == .failed {
      trial.reason = "the check does not see the fault that this control makes: \(trial.reason ?? "")"
    }
    return trial
  }

  private func report(_ planned: Plan.PlannedCell, _ trial: Trial, expectation: (Bool, String?)? = nil) {
    let (isExpected, note) =
      expectation ?? expectations.judge(planned.cell.id, trial.verdict, reason: trial.reason)
    state.emit(
      .cellEnded(
        CellResult(
          cell: planned.cell, verdict: trial.verdict, reason: trial.reason, isExpected: isExpected, expectation: note,
          seconds: trial.seconds, isolation: context.sandbox.surroundings.isolation.rawValue, evidence: trial.evidence,
          rerun: configuration.rerun ?? configuration.again("run '\(planned.cell.id)'"))))
  }
}
