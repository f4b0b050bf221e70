import PeerProtocol

/// The checks that are made while the target performs an operation that cannot be repeated after a failure, such as
/// serving a client. The other roles continue the script, and may see the effects of the failure before the target
/// reports it. Therefore, the runner also accepts the responses listed after `~>`, as it does after a death.
extension InjectionRun {
  /// Whether the target is performing an operation that cannot be repeated after the call fails.
  var endsWithFailure: Bool {
    guard let injection, case .requested = progress else { return false }
    return injection.fault.errno != nil && isCommitted(injection.point)
  }

  func performMeanwhile(_ step: Step) throws(CellOutcome) {
    switch step.action {
    case .request(let name, let template, let expected):
      let role = try cell.interpreter.started(name)
      try client.send(try cell.interpreter.filled(template), to: role)
      try settleMeanwhile(role, step, expected)
    case .response(let name, let expected): try settleMeanwhile(try client.role(name), step, expected)
    default: try cell.interpreter.perform(step)
    }
  }

  private func settleMeanwhile(_ role: RoleProcess, _ step: Step, _ expected: ExpectedResponse) throws(CellOutcome) {
    if case .later = expected { return }
    switch try watch(role, orBlocked: expected.isBlocking, orFailed: true) {
    case .blocked: return
    case .failed: try evaluateTarget()
    case .ended: throw client.ended(role, doing: role.pending?.operation ?? "continue")
    case .responded:
      let exchange = try client.response(of: role)
      do throws(CellOutcome) {
        try check(exchange, by: role, against: expected)
      } catch {
        try check(exchange, by: role, againstOneOf: step.expectedAfterPeerDeath, otherwise: error)
        // Such a response is correct only if the target's operation failed.
        try evaluateTarget()
        guard case .over = progress else { throw error }
      }
    }
  }

  private func evaluateTarget() throws(CellOutcome) {
    guard let injection, case .requested(let request, let expected) = progress else { return }
    let target = try client.role(injection.point.role)
    try evaluate(try client.response(of: target), to: request, by: target, against: expected)
  }

  /// Whether the target has reported its failure in a response that no step has read yet.
  var hasFailed: Bool {
    guard endsWithFailure, let role = client.roles.first(where: { $0.name == injection?.point.role }),
      let line = client.streams(of: role).output.firstLine, case .error? = try? Response(parsing: line)
    else { return false }
    return true
  }
}
