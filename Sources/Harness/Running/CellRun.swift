/// A running cell: its sandbox, roles and script.
final class CellRun {
  let scenario: Scenario
  let client: PeerClient
  let interpreter: StepInterpreter
  let leaks: LeakCheck

  init(
    _ scenario: Scenario, languages: [String: PeerDescription], names: CellNames, context: CellContext,
    tracing: [String: ProgramTracing] = [:]
  ) throws(CellOutcome) {
    self.scenario = scenario
    var roles: [RoleProcess] = []
    for (index, role) in scenario.roles.enumerated() {
      guard let peer = languages[role.name] else { throw CellOutcome(.broken, "no language plays \(role.name)") }
      let command: [String]?
      switch role.part {
      case .peer: command = peer.peer
      case .program(let name, _):
        command = peer.program(name)
        if let file = peer.missingProgram(name) {
          throw CellOutcome(
            missing: MissingCapability(language: peer.language, name: "the program \(name): no file \(file)"))
        }
      }
      guard let command else {
        throw CellOutcome(
          missing: MissingCapability(language: peer.language, name: role.part == .peer ? "a peer" : "programs"))
      }
      let tracer = role.hasInterruptedCloses ? [context.sandbox.tracer, "close", "all"] : []
      let process = RoleProcess(
        role: role, index: index, language: peer.language, command: tracer + command,
        directory: role.part == .peer ? peer.directory : nil)
      if role.part != .peer {
        process.tracing = context.isRecorded ? .recorder(context.sandbox.recorder) : tracing[role.name]
      }
      process.isFed = scenario.steps.contains { step in
        switch step.action {
        case .feed(role.name, _), .endInput(role.name): true
        default: false
        }
      }
      roles.append(process)
    }
    do {
      let sandbox = try Sandbox(
        context.sandbox, names: names, roles: roles.count, recording: roles.contains { $0.tracing != nil })
      client = PeerClient(context: context, sandbox: sandbox, roles: roles)
      leaks = try LeakCheck(client: client, names: names)
    } catch {
      throw CellOutcome(error)
    }
    interpreter = StepInterpreter(client: client, leaks: leaks, names: names)
  }

  /// Runs `scenario` with the given language for each role.
  static func run(
    _ scenario: Scenario, languages: [String: PeerDescription], names: CellNames, context: CellContext
  ) -> CellOutcome {
    let start = ContinuousClock.now
    var outcome: CellOutcome
    do throws(CellOutcome) {
      outcome = try CellRun(scenario, languages: languages, names: names, context: context).run()
    } catch {
      outcome = error
    }
    outcome.seconds = start.duration(to: .now).seconds
    return outcome
  }

  /// Runs `scenario` under the recorder, and returns the recorded actions of its programs; nil if they are unknown.
  ///
  /// If a step fails, the recorded actions end at that step.
  static func record(
    _ scenario: Scenario, languages: [String: PeerDescription], names: CellNames, context: CellContext
  ) -> (outcome: CellOutcome, recorded: RecordedCell?) {
    var context = context
    context.isRecorded = true
    let start = ContinuousClock.now
    var outcome: CellOutcome
    var recorded: RecordedCell?
    do throws(CellOutcome) {
      let cell = try CellRun(scenario, languages: languages, names: names, context: context)
      outcome = cell.run()
      switch outcome.verdict {
      case .passed, .leaked: recorded = try RecordedCell(cell, names: names)
      case .failed, .crashed, .timedOut: recorded = RecordedCell(failed: cell, names: names)
      case .broken, .notRun: break
      }
    } catch {
      outcome = error
    }
    outcome.seconds = start.duration(to: .now).seconds
    return (outcome, recorded)
  }

  /// Runs `scenario` under the recorder, and compares its programs' actions with a recording.
  static func compare(
    _ scenario: Scenario, with recording: CellRecording, languages: [String: PeerDescription], reference: String,
    context: CellContext
  ) -> CellOutcome {
    let (outcome, recorded) = record(scenario, languages: languages, names: CellNames(), context: context)
    guard let recorded else { return outcome }
    let differences = recorded.differences(from: recording, reference: reference)
    switch outcome.verdict {
    case .passed, .leaked:
      // The bytes that were not recorded would be reported as missing.
      if let role = recorded.cut { return CellOutcome(.broken, RecordedCell.reason(ofCut: role)) }
      guard var difference = CellOutcome(differences: differences) else { return outcome }
      difference.seconds = outcome.seconds
      difference.evidence?.add(leftBehind: outcome.evidence?.leftBehind ?? [])
      return difference
    default: return outcome.explained(by: differences)
    }
  }

  /// Performs the script and the final checks.
  func run() -> CellOutcome {
    var current: Step?
    do throws(CellOutcome) {
      try interpreter.create(scenario.files)
      if let transcript = GoldenTranscript(scenario) {
        try interpreter.play(transcript, current: &current)
      } else {
        for step in scenario.steps {
          current = step
          try interpreter.perform(step)
          try leaks.observe()
        }
      }
      current = nil
      try finish()
      return .passed
    } catch {
      return explained(error, at: current)
    }
  }

  /// Returns the outcome with all evidence from the cell, including the objects that the cell left behind.
  func explained(_ outcome: CellOutcome, at step: Step?) -> CellOutcome {
    // No creator has yet been determined for the objects that appeared during the step.
    try? leaks.observe()
    // After the last step, every role must exit normally; a role that does not is reported as such.
    var outcome = step.map { blamed(outcome, at: $0) } ?? outcome
    var evidence = outcome.evidence ?? Evidence()
    evidence.step = step?.text
    evidence.location = step?.location
    evidence.transcripts = client.roles.map(client.transcript)
    evidence.add(others: leaks.leftovers())
    outcome.evidence = evidence
    return outcome
  }

  // MARK: - The end of the script

  /// Checks that no role has unread output, that all roles exit as expected, and that nothing is left behind.
  func finish(tolerating: Set<ObjectKind> = []) throws(CellOutcome) {
    let living = client.roles.filter { $0.pid != nil && !$0.endIsKnown }
    for role in living where role.isPeer && !role.inputEnded && !role.mayHoldMore {
      try leaks.checkHoldings(of: role)
    }
    for role in living {
      client.endInput(of: role)
      try client.waitForEnd(of: role, .exit(0))
    }
    for role in client.roles where role.pid != nil {
      if role.isPeer { try checkSilence(of: role) } else { try checkNothingIsRepeated(by: role) }
    }
    try leaks.observe()
    try leaks.checkNothingIsLeft(tolerating: tolerating)
  }

  /// Checks that a role wrote no unrequested output.
  ///
  /// If a role was killed during a request, or its input was closed, it may have responded to that request.
  private func checkSilence(of role: RoleProcess) throws(CellOutcome) {
    if role.pending != nil { _ = client.streams(of: role).output.nextLine() }
    try client.rejectUnrequestedOutput(of: role)
  }

  /// Checks that each text was printed exactly as many times as the steps expected.
  ///
  /// A program that forks before it flushes its output prints the text twice.
  private func checkNothingIsRepeated(by role: RoleProcess) throws(CellOutcome) {
    for pattern in Set(role.found) where pattern.kind != .matches {
      let printed = role.printed.count(where: pattern.matches)
      let expected = role.found.count { $0 == pattern }
      guard printed == expected else {
        throw CellOutcome(
          .failed,
          "\(role.description) printed '\(pattern.text)' \(printed) times instead of \(expected); "
            + "if that is correct, list it in 'prints' once for each time",
          expected: pattern.text,
          response: .line(role.printed.map(\.text).joined(separator: "\n")))
      }
    }
  }
}

extension Duration {
  package var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
