/// Follows the steps of a script in order, and reports errors such as a request to a killed role or a response that no
/// step reads.
struct ScriptCheck {
  let registry: OperationRegistry
  let log: DiagnosticLog
  private var states: [String: State] = [:]
  /// Roles that may have terminated because another role sent them a signal.
  private var signalled: Set<String> = []

  private enum State {
    case unused
    /// The role is waiting for its next request.
    case idle
    /// No step has read the role's response yet.
    case pending(Step)
    /// The role's input has been closed; the role may still respond to a pending request.
    case ended(pending: Bool)
    case killed
    case running
    case waitedFor
  }

  static func run(
    _ steps: [Step], roles: [Role], registry: OperationRegistry, place: SourceLocation, log: DiagnosticLog
  ) {
    var check = ScriptCheck(registry: registry, log: log)
    for role in roles { check.states[role.name] = .unused }
    for step in steps { check.follow(step) }
    for role in roles {
      switch check.states[role.name] {
      case .unused: log.add(place, "no step uses the role '\(role.name)'")
      case .pending(let step):
        log.add(
          step.location, "no step takes this response; add '- \(role.name): -> ok', or kill or end the role")
      default: break
      }
    }
  }

  private init(registry: OperationRegistry, log: DiagnosticLog) {
    self.registry = registry
    self.log = log
  }

  private mutating func follow(_ step: Step) {
    switch step.action {
    case .request(let role, let request, let expected):
      if let parameter = registry[request.operation]?.signals {
        let targets = request.fields.filter { $0.key == parameter }.flatMap(\.value.variables)
        signalled.formUnion(states.keys.filter { targets.contains("\($0).pid") })
      }
      if isFree(role, step) {
        switch expected {
        case .blocks, .later: states[role] = .pending(step)
        case .ok, .error: states[role] = .idle
        }
      }
    case .transcript(let role, _, _):
      if isFree(role, step) { states[role] = .idle }
    case .response(let role, let expected):
      switch states[role] {
      case .pending: if case .blocks = expected { break } else { states[role] = .idle }
      case .ended(pending: true): states[role] = .ended(pending: false)
      default:
        log.add(
          step.location, "'\(role)' has no response to take: no step before it leaves one with 'blocks' or 'later'")
      }
    case .hand(let from, let to):
      if isFree(from.role, step) { states[from.role] = .idle }
      if case .unused = states[to.role] {
      } else {
        log.add(step.location, "'\(to.role)' has already started, so it cannot inherit a descriptor")
      }
    case .signal(let role, let signal): follow(signal, to: role, step)
    case .endInput(let role):
      guard isAlive(role, step) else { return }
      if case .pending = states[role] {
        states[role] = .ended(pending: true)
      } else {
        states[role] = .ended(pending: false)
      }
    case .waitForEnd(let role, _):
      switch states[role] {
      case .unused, .idle, .pending:
        if signalled.contains(role) {
          states[role] = .waitedFor
        } else {
          log.add(step.location, "'\(role)' does not end by itself; 'kill: \(role)' or 'end: \(role)' must come first")
        }
      case .waitedFor: log.add(step.location, "an earlier step waits for the end of '\(role)'")
      default: states[role] = .waitedFor
      }
    case .start(let role):
      if case .unused = states[role] {
        states[role] = .running
      } else {
        log.add(step.location, "'\(role)' has already been started")
      }
    case .feed(let role, _):
      if case .unused = states[role] {
        log.add(step.location, "'\(role)' has not been started; 'start: \(role)' must come first")
      } else {
        _ = isAlive(role, step)
      }
    case .sleeps(let role, _), .prints(let role, _, _), .asleep(let role), .calls(let role, _), .ready(let role, _),
      .output(let role, _):
      if case .unused = states[role] {
        log.add(step.location, "'\(role)' has not been started; 'start: \(role)' must come first")
      }
    case .objects, .file: break
    }
  }

  private mutating func follow(_ signal: Signal, to role: String, _ step: Step) {
    switch states[role] {
    case .killed: log.add(step.location, "'\(role)' has already been killed")
    case .waitedFor: log.add(step.location, "'\(role)' has already ended")
    case .unused:
      log.add(step.location, "'\(role)' has not started yet, and cannot receive a signal")
      states[role] = .idle
    default: if signal == .kill { states[role] = .killed }
    }
  }

  private func isAlive(_ role: String, _ step: Step) -> Bool {
    switch states[role] {
    case .killed: log.add(step.location, "'\(role)' has already been killed")
    case .waitedFor: log.add(step.location, "'\(role)' has already ended")
    case .ended: log.add(step.location, "the input of '\(role)' has already ended")
    default: return true
    }
    return false
  }

  private func isFree(_ role: String, _ step: Step) -> Bool {
    guard isAlive(role, step) else { return false }
    if case .pending(let before) = states[role] {
      log.add(
        step.location,
        "no step takes the response of '\(role)' to line \(before.location.line); add '- \(role): -> ok' first")
      return false
    }
    return true
  }
}
