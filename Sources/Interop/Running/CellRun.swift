import PeerContract

/// A cell while it runs: its sandbox, its roles, and what its script has learnt.
///
/// The steps are in `CellRun+Steps.swift`, the conversation with a role in `CellRun+Conversation.swift`, and what must
/// hold at the end in `CellRun+Finish.swift`.
final class CellRun {
  let scenario: Scenario
  let context: Context
  let sandbox: Sandbox
  let roles: [RoleProcess]
  /// What was there before the cell.
  let before: Census
  private var names: CellNames
  private var captured: [String: String] = [:]
  private var stepAtHand: Step?

  /// What all cells of a run have in common.
  struct Context: Sendable {
    let vocabulary: Vocabulary
    let sandbox: Sandbox.Settings
    /// How long a peer may take to answer before it counts as hung, on a machine that is not busy.
    let patience: Duration
    /// Some of the roles run below a tracer.
    var isTraced = false
    let greetings = ParsedGreetings()
  }

  /// Runs `scenario` with one language a role.
  static func run(
    _ scenario: Scenario, languages: [String: PeerDescription], names: CellNames, context: Context
  ) -> Outcome {
    do throws(CellFailure) {
      let cell = try CellRun(scenario, languages: languages, names: names, context: context)
      return cell.run()
    } catch {
      return Outcome(verdict: error.verdict, reason: error.reason, evidence: error.evidence)
    }
  }

  struct Outcome {
    let verdict: Verdict
    let reason: String?
    let evidence: Evidence?
  }

  init(
    _ scenario: Scenario, languages: [String: PeerDescription], names: CellNames, context: Context
  ) throws(CellFailure) {
    self.scenario = scenario
    self.context = context
    self.names = names
    var roles: [RoleProcess] = []
    for (index, role) in scenario.roles.enumerated() {
      guard let peer = languages[role.name] else { throw CellFailure(.broken, "no language plays \(role.name)") }
      let command: [String]?
      switch role.part {
      case .peer: command = peer.peer
      case .program(let name, _): command = peer.example(name)
      }
      guard let command else {
        throw CellFailure(.unsupported, "\(peer.language) has no \(role.part == .peer ? "peer" : "example programs")")
      }
      roles.append(RoleProcess(role: role, index: index, language: peer.language, command: command))
    }
    self.roles = roles
    do {
      sandbox = try Sandbox(context.sandbox, names: names, roles: roles.count)
      before = try sandbox.isolation == .private ? Census(objects: []) : sandbox.census()
    } catch {
      throw CellFailure(error)
    }
  }

  private func run() -> Outcome {
    do throws(CellFailure) {
      for step in scenario.steps {
        stepAtHand = step
        try perform(step)
      }
      stepAtHand = nil
      try finish()
      return Outcome(verdict: .passed, reason: nil, evidence: nil)
    } catch {
      return outcome(of: error, at: stepAtHand)
    }
  }

  /// The verdict of a cell that ended at `step`, with everything that was seen of it.
  func outcome(of failure: CellFailure, at step: Step?) -> Outcome {
    var evidence = failure.evidence
    evidence.step = step?.text
    evidence.location = step?.location.description
    evidence.transcripts = roles.map(transcript)
    return Outcome(verdict: failure.verdict, reason: failure.reason, evidence: evidence)
  }

  private func transcript(of role: RoleProcess) -> Evidence.Transcript {
    role.takeErrors(from: sandbox.streams[role.index].error)
    let state: String? =
      if let end = role.pid.flatMap({ sandbox.end(of: $0) }) { "ended: \(end)" } else {
        role.pid.flatMap { try? sandbox.look(at: $0, withStack: true).description }
      }
    return Evidence.Transcript(
      role: role.name, language: role.language, lines: role.transcript,
      standardError: role.complained.joined(separator: "\n"), state: state)
  }

  // MARK: - Names

  var token: String { names.token }

  func role(_ name: String) throws(CellFailure) -> RoleProcess {
    guard let role = roles.first(where: { $0.name == name }) else {
      throw CellFailure(.broken, "the scenario has no role '\(name)'")
    }
    return role
  }

  func capture(_ name: String, _ value: [UInt8]) { captured[name] = PercentEncoding.encode(value) }

  /// The text of a template with every variable filled in, percent-encoded as the template is.
  func filled(_ template: Template) throws(CellFailure) -> String {
    // A process id is known once its role has started.
    for variable in template.variables where variable.hasSuffix(".pid") {
      let role = try role(String(variable.dropLast(4)))
      if role.pid == nil { try start(role) }
    }
    switch template.filled(value) {
    case .success(let text): return text
    case .failure(let missing): throw CellFailure(.broken, "'{\(missing.name)}' has no value at this step")
    }
  }

  private func value(of variable: String) -> String? {
    if let value = captured[variable] { return value }
    if variable.hasSuffix(".pid") {
      return roles.first { $0.name == variable.dropLast(4) }?.pid.map(String.init)
    }
    return names.value(of: variable, scratch: sandbox.scratch)
  }

  /// The objects of a census that this cell made. In a private sandbox that is all of them.
  func own(_ objects: some Sequence<String>) -> [String] {
    guard sandbox.isolation == .shared else { return objects.sorted() }
    let pids = roles.compactMap(\.pid)
    return objects.filter { object in
      object.contains(names.token) || object.contains(sandbox.scratch + "/") || object.hasPrefix("process ")
        || names.keys.contains { object.contains(" key=0x\(String($0, radix: 16)) ") }
        || pids.contains { object.hasSuffix(" cpid=\($0)") }
    }.sorted()
  }
}
