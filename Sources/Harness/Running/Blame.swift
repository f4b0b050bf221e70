import PeerProtocol

/// Determines whether a failure was caused by a role other than the role that reports it.
extension CellRun {
  /// Returns the outcome or, if another role had already terminated unexpectedly, an outcome that names that role.
  ///
  /// If a role dies, its partner sees only a broken pipe, a reset connection, or nothing. If the step's own role
  /// terminated first, the other role terminated as a consequence.
  func blamed(_ outcome: CellOutcome, at step: Step) -> CellOutcome {
    guard [.failed, .timedOut].contains(outcome.verdict) else { return outcome }
    let ended = client.roles.compactMap { role -> (role: RoleProcess, status: TerminationStatus)? in
      guard !mayEnd(role), let status = client.terminationStatusOfEnding(role), !mayEnd(role, with: status) else {
        return nil
      }
      return (role, status)
    }
    func position(_ role: RoleProcess) -> Int { role.pid.flatMap(client.sandbox.positionOfEnd) ?? .max }
    guard let (role, status) = ended.min(by: { position($0.role) < position($1.role) }) else { return outcome }
    client.takeLastErrors(of: role)
    let end = "\(role.description) ended (\(status))\(role.errorLine)"
    let reason = outcome.reason ?? "a step failed"
    if case .waitForEnd(let name, _) = step.action, let own = client.roles.first(where: { $0.name == name }) {
      if own.name == role.name { return outcome }
      if position(own) < position(role) { return outcome.with(reason: "\(reason); then \(end)") }
    }
    return outcome.with(.crashed, reason: "\(end); then \(reason)")
  }

  /// Returns whether a step terminated the role, or sent a signal that may have terminated the role.
  private func mayEnd(_ role: RoleProcess) -> Bool {
    guard let pid = role.pid, !role.endIsKnown, !role.isPeer || !role.inputEnded else { return true }
    return client.roles.flatMap(\.messages).contains { entry in
      guard case .request(let request) = entry.message, let target = registry[request.operation]?.signals else {
        return false
      }
      return request.fields[target] == "\(pid)"
    }
  }

  /// Returns whether a role may terminate with this status: if the script expects it, or with status 0 for a program.
  func mayEnd(_ role: RoleProcess, with status: TerminationStatus) -> Bool {
    if !role.isPeer, status == .exit(0) { return true }
    return scenario.steps.contains { step in
      if case .waitForEnd(role.name, let expected) = step.action { status.satisfies(expected) } else { false }
    }
  }

  private var registry: OperationRegistry { client.context.registry }
}

extension PeerClient {
  /// Returns how a role terminated, after waiting for the role if it is exiting; nil if the role is still running.
  ///
  /// While a process exits, the kernel closes its descriptors shortly before the exit is reported.
  func terminationStatusOfEnding(_ role: RoleProcess) -> TerminationStatus? {
    guard let pid = role.pid else { return nil }
    var limit = limit(.seconds(1))
    while !hasPassed(&limit) {
      if let status = terminationStatus(of: role) { return status }
      guard let state = try? sandbox.processState(of: pid, withStack: true), state.isEnding else {
        return terminationStatus(of: role)
      }
      do throws(SandboxError) { try sandbox.wait(.milliseconds(10)) } catch { return nil }
    }
    return nil
  }

  /// Returns text to append to a reason: the roles that hold the other end of the pipe on which a role is waiting.
  ///
  /// A reader does not see end of file while any process can write to the pipe, even through a leaked descriptor.
  func holders(ofStreamOf role: RoleProcess, _ state: ProcessState) -> String {
    guard let pid = role.pid, let number = descriptor(inWhich: role, waits: state),
      let own = try? sandbox.openFiles(of: pid).first(where: { $0.number == number }), own.isPipe,
      own.reads != own.writes
    else { return "" }
    let direction = own.reads ? "writing" : "reading"
    var holders: [String] = []
    for other in roles {
      guard let pid = other.pid, let files = try? sandbox.openFiles(of: pid) else { continue }
      for file in files where file.target == own.target && (own.reads ? file.writes : file.reads) {
        holders.append("\(other.description) (descriptor \(file.number))")
      }
    }
    // The runner itself has the other end of standard input open.
    if holders.isEmpty, number == 0 { return "; it waits for standard input" }
    let list = holders.isEmpty ? "no role" : holders.joined(separator: " and ")
    return "; \(list) has its pipe open for \(direction)"
  }

  /// Returns the descriptor of the request's handle or, without a pending request, the system call's descriptor.
  private func descriptor(inWhich role: RoleProcess, waits state: ProcessState) -> Int? {
    if let request = role.pending {
      let names = context.registry.handleParameters.compactMap { request.fields[$0] }
      return (names.isEmpty ? ["default"] : names).compactMap { role.descriptor(of: $0) }.first
    }
    return ["read", "write"].contains(state.systemCall) ? state.firstArgument : nil
  }
}
