import PeerProtocol

/// The checks after the target has been killed. The other roles continue the script. Each of their responses must be
/// either the expected one or one listed after `~>`. A role may wait forever only if no other role can still cause the
/// event that it is waiting for.
extension InjectionRun {
  /// Checks whether the target has been killed; if so, sets the progress to `dead`.
  func noteDeath() throws(CellOutcome) {
    guard let injection, injection.fault.kills, case .requested = progress,
      let role = client.roles.first(where: { $0.name == injection.point.role }),
      let status = client.terminationStatus(of: role)
    else { return }
    guard status == .signal("SIGKILL") else { throw client.ended(role, doing: injection.point.operation) }
    role.endIsKnown = true
    try client.waitForEnd(of: role, .signal("SIGKILL"))
    progress = .dead
  }

  /// Whether the target has died or may die at any moment.
  var mayBeDead: Bool {
    switch progress {
    case .dead: true
    case .requested: injection?.fault.kills == true
    case .before, .survived, .over: false
    }
  }

  private var isDead: Bool { if case .dead = progress { true } else { false } }

  func performAfterDeath(_ step: Step) throws(CellOutcome) {
    let target = injection?.point.role
    switch step.action {
    case .request(let name, let template, let expected):
      if name == target {
        // The target receives no more requests. If it is still alive, it must not respond.
        noteUnavailable(template, of: name)
        return
      }
      guard !usesUnavailable(template, of: name), let request = try? cell.interpreter.filled(template) else {
        noteUnavailable(template, of: name)
        return
      }
      let role = try cell.interpreter.started(name)
      guard role.pending == nil, !abandonedRoles.contains(name) else { return }
      try client.send(request, to: role)
      try settle(role, step, expected)
    case .response(let name, let expected):
      let role = try client.role(name)
      if name == target {
        if try watch(role, orBlocked: false) == .responded {
          throw missed("\(name) responded although it should have been killed")
        }
        try noteDeath()
      } else if role.pending != nil, !abandonedRoles.contains(name) {
        try settle(role, step, expected)
      }
    case .hand(let from, let to):
      guard from.role != target, !unavailableHandles.contains(from), try client.role(from.role).pid != nil else {
        unavailableHandles.insert(to)
        return
      }
      try cell.interpreter.perform(step)
    case .signal(let name, _), .endInput(let name), .waitForEnd(let name, _):
      if name != target, try client.role(name).pid != nil { try cell.interpreter.perform(step) }
    case .sleeps(let name, _):
      // The death may have woken the role, so finding it awake is not an error.
      let role = try client.role(name)
      guard role.pending != nil, !abandonedRoles.contains(name) else { return }
      _ = try watch(role, orBlocked: true)
      try noteDeath()
    case .asleep, .calls: break  // the death may have woken the role
    case .objects: break  // the counts include objects that the dead role should have created or removed
    case .transcript, .start, .prints, .ready, .feed, .output, .file: break  // for programs
    }
  }

  /// Reads a response, and accepts the expected response or one listed after `~>`.
  private func settle(_ role: RoleProcess, _ step: Step, _ expected: ExpectedResponse) throws(CellOutcome) {
    if case .later = expected { return }
    let mayBlock = expected.isBlocking || step.expectedAfterPeerDeath.contains(where: \.isBlocking)
    // While the target is alive, it may still wake a role that is waiting.
    switch try watch(role, orBlocked: mayBlock && (isDead || expected.isBlocking)) {
    case .ended: throw client.ended(role, doing: role.pending?.operation ?? "continue")
    case .blocked, .failed:
      if !expected.isBlocking { abandonedRoles.insert(role.name) }
      return
    case .responded: break
    }
    let exchange = try client.response(of: role)
    do throws(CellOutcome) {
      try check(exchange, by: role, against: expected)
    } catch {
      try check(exchange, by: role, againstOneOf: step.expectedAfterPeerDeath, otherwise: error)
      // A response without `fd` after a death means that no descriptor was created.
      if case .ok(let fields) = exchange.response, fields["fd"] != nil { return }
      noteUnavailable(exchange.request, of: role.name)
    }
  }

  func check(_ exchange: Exchange, by role: RoleProcess, against expected: ExpectedResponse) throws(CellOutcome) {
    if expected.isBlocking {
      throw CellOutcome(
        .failed, "\(role.description): \(exchange.request.operation) returned instead of blocking",
        expected: expected.description, request: .request(exchange.request), response: .response(exchange.response))
    }
    try cell.interpreter.check(exchange, by: role, against: expected)
  }

  func check(
    _ exchange: Exchange, by role: RoleProcess, againstOneOf choices: [ExpectedResponse], otherwise outcome: CellOutcome
  ) throws(CellOutcome) {
    for choice in choices where !choice.isBlocking {
      do throws(CellOutcome) {
        try cell.interpreter.check(exchange, by: role, against: choice)
        return
      } catch { continue }
    }
    throw outcome
  }

  /// Kills the roles that are still waiting after the target has died or failed.
  ///
  /// These roles would wait forever if the mechanism did not report the death or failure.
  func releaseWaitingRoles() throws(CellOutcome) {
    switch progress {
    case .dead, .over: break
    case .before, .requested, .survived: return
    }
    for role in client.roles where role.pending != nil && !role.endIsKnown {
      guard let pid = role.pid else { continue }
      switch try watch(role, orBlocked: true) {
      case .blocked, .failed: break
      case .responded:
        let exchange = try client.response(of: role)
        if case .ok(let fields) = exchange.response, let operation = registry[exchange.request.operation] {
          role.follow(exchange.request, fields, operation)
        }
        continue
      case .ended: continue
      }
      do { try client.sandbox.signal(.kill, to: pid) } catch { throw CellOutcome(error) }
      role.endIsKnown = true
      try client.waitForEnd(of: role, .signal("SIGKILL"))
    }
  }

  // MARK: - Handles that do not exist

  /// Returns whether a request uses, by name or by default, a handle that was never created.
  private func usesUnavailable(_ template: RequestTemplate, of role: String) -> Bool {
    guard let operation = registry[template.operation] else { return false }
    func given(_ key: String) -> [String] {
      template[key]?.split(separator: ",").map(String.init) ?? []
    }
    var named = registry.handleParameters.filter { !operation.opens.contains($0) }.flatMap(given)
    for (key, name) in registry.defaults
    where operation.takes.contains(key) && !operation.opens.contains(key) && given(key).isEmpty { named.append(name) }
    return named.contains { unavailableHandles.contains(HandleReference(role: role, handle: $0)) }
  }

  private func noteUnavailable(_ template: RequestTemplate, of role: String) {
    note(template.operation, of: role) { template[$0] }
  }

  private func noteUnavailable(_ request: Request, of role: String) {
    note(request.operation, of: role) { request.fields[$0] }
  }

  /// Records the handles that an operation would have created, including those for mapped memory, and identifiers that
  /// later requests use by default.
  private func note(_ name: String, of role: String, value: (String) -> String?) {
    guard let operation = registry[name] else { return }
    if let identifier = operation.returns {
      unavailableHandles.insert(HandleReference(role: role, handle: identifier))
    }
    for key in operation.opens + operation.maps {
      for handle in (value(key) ?? registry.defaults["handle"] ?? "").split(separator: ",") {
        unavailableHandles.insert(HandleReference(role: role, handle: String(handle)))
      }
    }
  }
}
