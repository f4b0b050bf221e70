/// Follows a script in the order of its steps and finds what cannot be: a question to a role that was killed, an answer
/// that nobody takes.
struct ScriptCheck {
  let log: MistakeLog
  private var states: [String: State] = [:]
  /// Roles to which another has sent a signal: they may end of it.
  private var signalled: Set<String> = []

  private enum State {
    case unused
    /// Asked, and free for the next request.
    case idle
    /// Its answer is still to be taken.
    case pending(Step)
    /// Its input ended; an answer may still be under way.
    case ended(pending: Bool)
    case killed
    case running
    case waitedFor
  }

  static func run(_ steps: [Step], roles: [Role], place: SourceLocation, log: MistakeLog) {
    var check = ScriptCheck(log: log)
    for role in roles { check.states[role.name] = .unused }
    for step in steps { check.follow(step) }
    for role in roles {
      switch check.states[role.name] {
      case .unused: log.add(place, "no step uses the role '\(role.name)'")
      case .pending(let step):
        log.add(
          step.location, "nobody takes this answer; add '- \(role.name): -> ok' behind it, or kill or end the role")
      default: break
      }
    }
  }

  private init(log: MistakeLog) { self.log = log }

  private mutating func follow(_ step: Step) {
    switch step.action {
    case .request(let role, let request, let expected):
      if request.operation == "kill" { signalled.formUnion(states.keys.filter { step.text.contains("{\($0).pid}") }) }
      if isFree(role, step) {
        switch expected {
        case .blocks, .later: states[role] = .pending(step)
        case .ok, .error: states[role] = .idle
        }
      }
    case .transcript(let role, _, _):
      if isFree(role, step) { states[role] = .idle }
    case .answer(let role, _):
      switch states[role] {
      case .pending: states[role] = .idle
      case .ended(pending: true): states[role] = .ended(pending: false)
      default:
        log.add(
          step.location, "'\(role)' has no answer to be taken: nothing before it is left with 'blocks' or 'later'")
      }
    case .hand(let from, let to):
      if isFree(from.role, step) { states[from.role] = .idle }
      if case .unused = states[to.role] {
      } else {
        log.add(step.location, "a descriptor can be handed only to a role that has not started, and '\(to.role)' has")
      }
    case .signal(let role, let signal):
      switch states[role] {
      case .killed: log.add(step.location, "'\(role)' was killed before")
      case .waitedFor: log.add(step.location, "'\(role)' ended before")
      case .unused:
        log.add(step.location, "'\(role)' has not started yet, so there is nobody to signal")
        states[role] = .idle
      default: if signal == .kill { states[role] = .killed }
      }
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
          log.add(step.location, "'\(role)' does not end by itself; 'kill: \(role)' or 'end: \(role)' goes before")
        }
      case .waitedFor: log.add(step.location, "the end of '\(role)' was waited for already")
      default: states[role] = .waitedFor
      }
    case .start(let role):
      if case .unused = states[role] {
        states[role] = .running
      } else {
        log.add(step.location, "'\(role)' was started already")
      }
    case .sleeps(let role, _), .prints(let role, _, _):
      if case .unused = states[role] {
        log.add(step.location, "'\(role)' was not started yet; 'start: \(role)' goes before")
      }
    case .census: break
    }
  }

  private func isAlive(_ role: String, _ step: Step) -> Bool {
    switch states[role] {
    case .killed: log.add(step.location, "'\(role)' was killed before")
    case .waitedFor: log.add(step.location, "'\(role)' ended before")
    case .ended: log.add(step.location, "the input of '\(role)' ended before")
    default: return true
    }
    return false
  }

  private func isFree(_ role: String, _ step: Step) -> Bool {
    guard isAlive(role, step) else { return false }
    if case .pending(let before) = states[role] {
      log.add(
        step.location,
        "the answer of '\(role)' to line \(before.location.line) was not taken; '- \(role): -> ok' goes before")
      return false
    }
    return true
  }
}
