/// Runs a scenario of programs with a fault in one system call made by one role, the target.
///
/// A program may fail if one of its calls fails. The requirements for its role define which failures are acceptable.
final class ProgramInjectionRun {
  private let cell: CellRun
  private let injection: ProgramInjection
  private let target: RoleProcess
  /// The kinds of objects that the target removes in a run without a fault.
  private let removed: Set<ObjectKind>

  init(_ cell: CellRun, _ injection: ProgramInjection, removed: Set<ObjectKind>) throws(CellOutcome) {
    self.cell = cell
    self.injection = injection
    self.removed = removed
    target = try cell.client.role(injection.point.role)
  }

  private var client: PeerClient { cell.client }
  private var demands: Set<FaultDemand> { target.role.start.demands }

  func run() -> CellOutcome {
    // Without this check, the other roles could wait forever for a target that has failed.
    client.interruption = { [client, target, cell] () throws(CellOutcome) in
      guard let status = client.terminationStatus(of: target), status != .exit(0), !cell.mayEnd(target, with: status)
      else { return }
      try client.takeLastOutput(of: target)
      throw CellOutcome(.crashed, "\(target.description) ended (\(status))\(target.errorLine)")
    }
    let outcome = cell.run()
    client.interruption = nil
    if outcome.verdict == .broken || outcome.verdict == .notRun { return outcome }
    do throws(CellOutcome) { try client.takeLastOutput(of: target) } catch { return error }
    let trace = ProgramTrace(target.traceLines)
    guard let call = trace.injected else {
      guard outcome.verdict == .passed else {
        return outcome.with(reason: "without the fault: \(outcome.reason ?? "")")
      }
      return CellOutcome(
        .notRun, "\(target.description) did not make the call this time: \(injection.point.description)")
    }
    var evaluated = outcome.verdict == .passed ? outcome : evaluate(outcome, trace)
    if evaluated.verdict != .passed {
      var evidence = outcome.evidence ?? Evidence()
      evidence.request = .line(call.line)
      evidence.add(others: evaluated.evidence?.leftBehind ?? [])
      evaluated.evidence = evidence
    }
    return evaluated
  }

  // MARK: - Demands

  private func evaluate(_ outcome: CellOutcome, _ trace: ProgramTrace) -> CellOutcome {
    let reason = outcome.reason ?? ""
    if injection.fault == .interrupted, demands.contains(.restart) {
      return outcome.with(reason: "\(event), which must not change the result: \(reason)")
    }
    // All roles have terminated as the script expects.
    if outcome.verdict == .leaked, client.roles.allSatisfy({ client.terminationStatus(of: $0) != nil }) {
      return demands.contains(.cleanup) ? outcome.with(reason: "\(reason), because \(event)") : .passed
    }
    do throws(CellOutcome) {
      let status = try endOfTarget()
      try checkEnd(status, after: reason)
      try checkPartners()
      try endOthers()
      if status != nil { try checkCleanup(trace) }
      return .passed
    } catch {
      return error
    }
  }

  /// Sends the target the scenario's signals, and waits for it to exit.
  ///
  /// Returns nil if the target is still running and is allowed to continue running.
  private func endOfTarget() throws(CellOutcome) -> TerminationStatus? {
    guard let pid = target.pid else { return nil }
    if client.terminationStatus(of: target) == nil {
      client.endInput(of: target)
      for step in cell.scenario.steps {
        guard case .signal(target.name, let signal) = step.action, signal != .stop else { continue }
        try? client.sandbox.signal(signal, to: pid)
      }
    }
    do throws(CellOutcome) {
      let status = try client.wait(for: target, to: "end", .every(.milliseconds(100))) {
        () throws(CellOutcome) -> TerminationStatus? in
        client.drain(target)
        return client.terminationStatus(of: target)
      }
      try client.takeLastOutput(of: target)
      return status
    } catch {
      guard error.verdict == .timedOut else { throw error }
      guard demands.contains(.ends) else { return nil }
      throw error.with(reason: "\(event); then \(error.reason ?? "it did not end")")
    }
  }

  private func checkEnd(_ status: TerminationStatus?, after reason: String) throws(CellOutcome) {
    switch status {
    case .signal(let name)? where Self.crashes.contains(name) && demands.contains(.noCrash):
      let advice =
        ["SIGTRAP", "SIGILL"].contains(name)
        ? "; a Swift program traps if an error reaches the top level, or by fatalError, a failed precondition or an overflow"
        : ""
      throw CellOutcome(.crashed, "\(event); then it was killed by \(name)\(advice)\(target.errorLine)")
    case .exit(0)? where injection.fault != .interrupted && demands.contains(.status):
      throw CellOutcome(.failed, "\(event), and its exit status is 0, although \(reason)")
    case .exit(let number)? where number != 0 && demands.contains(.message):
      if target.standardErrorLines.isEmpty, target.printed.isEmpty {
        throw CellOutcome(.failed, "\(event), and it exits with \(number) without a message")
      }
    default: break
    }
  }

  /// The signals that kill a program because of a programming error.
  private static let crashes: Set<String> = ["SIGSEGV", "SIGBUS", "SIGABRT", "SIGILL", "SIGFPE", "SIGTRAP", "SIGSYS"]

  private func checkPartners() throws(CellOutcome) {
    for role in client.roles where role.name != target.name && role.role.start.demands.contains(.noCrash) {
      guard case .signal(let name)? = client.terminationStatus(of: role), Self.crashes.contains(name) else { continue }
      throw CellOutcome(.crashed, "\(role.description) was killed by \(name) after \(event)")
    }
  }

  private func endOthers() throws(CellOutcome) {
    for role in client.roles {
      guard let pid = role.pid, client.terminationStatus(of: role) == nil else { continue }
      try? client.sandbox.signal(.kill, to: pid)
      try client.wait(for: role, to: "be killed", .every(.milliseconds(100))) { () throws(CellOutcome) -> Void? in
        client.drain(role)
        return client.terminationStatus(of: role).map { _ in () }
      }
    }
  }

  /// Checks that the target left behind no object that it created and would have removed in a run without a fault.
  private func checkCleanup(_ trace: ProgramTrace) throws(CellOutcome) {
    guard demands.contains(.cleanup) else { return }
    let names = trace.created
    let objects: [KernelObject]
    do { objects = try cell.leaks.objects() } catch { throw CellOutcome(error) }
    let left = objects.filter { object in
      removed.contains(object.kind) && names.contains(where: object.isNamed)
        && (object.owner.map { $0.split(separator: " ").contains { $0 == target.name } } ?? true)
    }
    guard !left.isEmpty else { return }
    let list = left.map { "\($0.kind.rawValue) \($0.name ?? $0.key.map { "key \($0)" } ?? "")" }.joined(separator: ", ")
    var outcome = CellOutcome(.leaked, "\(event), and it left behind: \(list)")
    outcome.evidence?.add(leftBehind: left)
    throw outcome
  }

  /// The failure, phrased as the beginning of a verdict's reason: `client (c): mq_open number 2 failed with EMFILE`.
  private var event: String {
    "\(target.description): \(injection.point.description) failed with \(injection.fault.rawValue)"
  }
}

extension ProgramInjection.Point: CustomStringConvertible {
  var description: String { "\(call) number \(occurrence)" }
}
