import PeerContract

/// While the victim performs an operation that its failure will end for good, such as the service of a client: the others go
/// on with the script, and may learn of the failure before it is told here. They see of it what they would see of a death.
extension FaultRun {
  /// Whether the victim is at work on what it cannot be asked for again once the call has failed.
  var endsWithFailure: Bool {
    guard let injection, case .asked = progress else { return false }
    return injection.fault.errno != nil && isCommitted(injection.point)
  }

  func performMeanwhile(_ step: Step) throws(CellFailure) {
    switch step.action {
    case .request(let name, let template, let expected):
      let role = try cell.started(name)
      try cell.send(try cell.filled(template), to: role)
      try settleMeanwhile(role, step, expected)
    case .answer(let name, let expected): try settleMeanwhile(try cell.role(name), step, expected)
    default: try cell.perform(step)
    }
  }

  private func settleMeanwhile(_ role: RoleProcess, _ step: Step, _ expected: Expected) throws(CellFailure) {
    if case .later = expected { return }
    switch try watch(role, orBlocked: expected.isBlocking, orFailed: true) {
    case .blocked: return
    case .failed: try judgeVictim()
    case .ended: throw cell.ended(role, doing: role.pending?.operation ?? "go on")
    case .answered:
      let exchange = try cell.answer(of: role)
      do throws(CellFailure) {
        try check(exchange, by: role, against: expected)
      } catch {
        try check(exchange, by: role, againstOneOf: step.bereaved, else: error)
        // Nothing but the failure explains it.
        try judgeVictim()
        guard case .over = progress else { throw error }
      }
    }
  }

  private func judgeVictim() throws(CellFailure) {
    guard let injection, case .asked(let request, let expected) = progress else { return }
    let victim = try cell.role(injection.point.role)
    try judge(try cell.answer(of: victim), to: request, by: victim, against: expected)
  }

  /// Whether the victim has told of its failure, and nobody has taken that yet.
  var hasFailed: Bool {
    guard endsWithFailure, let role = cell.roles.first(where: { $0.name == injection?.point.role }),
      let line = cell.sandbox.streams[role.index].output.everything().first
    else { return false }
    return line.hasPrefix("error ")
  }
}
