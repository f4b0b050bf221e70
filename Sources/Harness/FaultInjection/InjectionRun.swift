import PeerProtocol

/// Runs a script with a fault in one system call made by one role, the target.
///
/// `InjectionRun+Failures.swift` has the checks after a failed call, and `InjectionRun+Deaths.swift` has the checks
/// after a death. `InjectionRun+Partners.swift` has the checks on the other roles while the target's call fails.
final class InjectionRun {
  let cell: CellRun
  /// The fault to inject; nil if the script is only recorded.
  let injection: Injection?
  let table: SystemCallTable
  /// The progress of the injection.
  var progress = Progress.before
  /// Handles that do not exist because the role that would have created them died.
  var unavailableHandles: Set<HandleReference> = []
  /// Roles that are waiting for a dead role and receive no more requests.
  var abandonedRoles: Set<String> = []
  /// Whether the script showed that the target made no call that the fault could hit.
  private var callNeverCame = false

  enum Progress {
    /// The target has not received the request in which the fault is injected.
    case before
    /// The target is performing that request.
    case requested(Request, ExpectedResponse)
    /// The target has responded, and the script continues normally.
    case survived
    /// The target is dead, and the other roles continue.
    case dead
    /// The failed operation cannot be repeated, so the script ends here.
    case over
  }

  init(_ cell: CellRun, injection: Injection?, table: SystemCallTable) {
    self.cell = cell
    self.injection = injection
    self.table = table
  }

  var client: PeerClient { cell.client }
  var registry: OperationRegistry { client.context.registry }

  func run() -> CellOutcome {
    var current: Step?
    do throws(CellOutcome) {
      for step in cell.scenario.steps {
        current = step
        try perform(step)
        if case .over = progress { break }
      }
      current = nil
      try finish()
      return .passed
    } catch {
      return cell.explained(error, at: current)
    }
  }

  // MARK: - Steps

  private func perform(_ step: Step) throws(CellOutcome) {
    try noteDeath()
    if mayBeDead {
      try performAfterDeath(step)
      return
    }
    switch step.action {
    case .request(let name, let template, let expected) where name == injection?.point.role:
      guard case .before = progress else { break }
      let role = try cell.interpreter.started(name)
      guard let injection, role.requestedOperations.count == injection.point.request else { break }
      let request = try cell.interpreter.filled(template)
      try client.send(request, to: role)
      progress = .requested(request, expected)
      try settleTarget(role, expected)
      return
    case .response(let name, let expected) where name == injection?.point.role:
      guard case .requested = progress else { break }
      try settleTarget(try client.role(name), expected)
      return
    default: break
    }
    if endsWithFailure { try performMeanwhile(step) } else { try cell.interpreter.perform(step) }
  }

  /// Reads and evaluates the target's response, unless the script does not expect one yet.
  private func settleTarget(_ role: RoleProcess, _ expected: ExpectedResponse) throws(CellOutcome) {
    guard let injection else { return }
    if case .later = expected { return }
    switch try watch(role, orBlocked: expected.isBlocking) {
    case .blocked, .failed: return
    case .ended:
      guard injection.fault.kills else { throw client.ended(role, doing: injection.point.operation) }
      try noteDeath()
    case .responded:
      guard case .requested(let request, _) = progress else { return }
      try evaluate(try client.response(of: role), to: request, by: role, against: expected)
    }
  }

  enum Observation { case responded, blocked, ended, failed }

  /// Waits until a role responds, exits or blocks in its operation, or until the target reports its failure.
  func watch(_ role: RoleProcess, orBlocked: Bool, orFailed: Bool = false) throws(CellOutcome) -> Observation {
    let what = role.pending?.operation ?? "respond"
    let calls = registry[what]?.sleeps ?? []
    let wakeup: PeerClient.Wakeup = orBlocked ? .every(.milliseconds(1)) : .output
    return try client.wait(for: role, to: what, wakeup) { () throws(CellOutcome) -> Observation? in
      if client.streams(of: role).output.hasLine { return .responded }
      if orFailed, hasFailed { return .failed }
      guard let pid = role.pid, client.terminationStatus(of: role) == nil else { return .ended }
      if orBlocked, let state = try? client.sandbox.processState(of: pid), state.isBlocked(in: calls) {
        return .blocked
      }
      return nil
    }
  }

  // MARK: - The end

  private func finish() throws(CellOutcome) {
    try noteDeath()
    if let injection, case .before = progress {
      throw missed("the script did not reach the \(injection.point.operation) whose call should fail")
    }
    try releaseWaitingRoles()
    let isDead = if case .dead = progress { true } else { false }
    let isOver = if case .over = progress { true } else { false }
    if injection?.fault.kills == true, !isDead {
      throw missed("\(injection?.point.role ?? "") should have been killed, but is alive")
    }
    // A descriptor that is still open because the injected fault made `close` fail is not a leak.
    if injection?.point.call == "close", isOver {
      client.roles.first { $0.name == injection?.point.role }?.mayHoldMore = true
    }
    let persistent = Set(ObjectKind.allCases.filter(\.isPersistent))
    // A dead role's child process may still be running.
    try cell.finish(tolerating: isDead ? persistent.union([.process]) : isOver ? persistent : [])
    try checkInjection()
  }

  /// Checks that the fault hit the intended call; otherwise, the verdict would be meaningless.
  private func checkInjection() throws(CellOutcome) {
    guard let point = injection?.point, !faultHit else { return }
    throw missed("the fault did not hit \(point.call) in request \(point.request + 1) of \(point.role)")
  }

  /// Returns the outcome of a script in which the call that should fail never came.
  func missed(_ reason: String) -> CellOutcome {
    noteMissingCall()
    return CellOutcome(.broken, reason)
  }

  /// Records that the target completed the request without the call that should fail.
  func noteMissingCall() { callNeverCame = true }

  /// Whether the role's trace shows that the fault hit the intended call.
  var faultHit: Bool { target.map { $0.injection.hits($0.lines) } ?? true }

  /// Returns whether an outcome only shows that the fault missed its call, and therefore says nothing about the target.
  ///
  /// A crash, a hang or a lost sandbox is not excused if no fault was injected.
  func isMiss(_ outcome: CellOutcome) -> Bool {
    guard outcome.verdict != .passed, let target else { return false }
    return target.injection.isMiss(outcome.verdict, callNeverCame: callNeverCame, target.lines)
  }

  /// The injection, and the lines on the target's standard error; nil without an injection or target.
  private var target: (injection: Injection, lines: [String])? {
    guard let injection, let role = client.roles.first(where: { $0.name == injection.point.role }) else { return nil }
    return (injection, role.standardErrorLines)
  }
}

extension Injection {
  /// Returns whether a role's trace shows that the fault hit the intended call.
  func hits(_ lines: [String]) -> Bool {
    let trace = SystemCallTrace(lines)
    let calls = trace.requests.indices.contains(point.request) ? trace.requests[point.request] : []
    return switch fault {
    case .killedBefore: trace.killed && calls.last?.name == point.call && calls.last?.number == point.number
    case .killedAfter: trace.killed && calls.last?.name == point.next.call && calls.last?.number == point.next.number
    case .short: lines.contains { $0.hasPrefix("shortened \(point.call) ") }
    default: calls.contains { $0.name == point.call && $0.number == point.number && $0.isInjected }
    }
  }

  /// Returns whether a verdict only shows that the fault hit another call, or that its call never came.
  func isMiss(_ verdict: Verdict, callNeverCame: Bool, _ lines: [String]) -> Bool {
    guard !hits(lines) else { return false }
    return callNeverCame || (verdict != .broken && hitsAnotherCall(lines))
  }

  /// Returns whether a role's trace shows that the fault was injected into any call.
  private func hitsAnotherCall(_ lines: [String]) -> Bool {
    let (calls, killed) = SystemCallTrace.calls(in: lines)
    return fault.kills ? killed : calls.contains(where: \.isInjected)
  }
}
