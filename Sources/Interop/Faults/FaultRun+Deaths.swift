import PeerContract

/// After a death: the others do what the script has for them, and see what it demands, or what stands behind `~>`. Nobody
/// hangs but who waits for what nobody will do.
extension FaultRun {
  /// Takes note that the victim was killed, when it was.
  func noteDeath() throws(CellFailure) {
    guard let injection, injection.fault.kills, case .asked = progress,
      let role = cell.roles.first(where: { $0.name == injection.point.role }), let pid = role.pid,
      let end = cell.sandbox.end(of: pid)
    else { return }
    guard end == .signal("SIGKILL") else { throw cell.ended(role, doing: injection.point.operation) }
    role.endIsKnown = true
    try cell.waitForEnd(of: role, .signal("SIGKILL"))
    progress = .dead
  }

  /// Whether the victim is dead, or may be at any moment.
  func isBereaved() -> Bool {
    switch progress {
    case .dead: true
    case .asked: injection?.fault.kills == true
    case .before, .survived, .over: false
    }
  }

  private var isDead: Bool { if case .dead = progress { true } else { false } }

  func performBereaved(_ step: Step) throws(CellFailure) {
    let victim = injection?.point.role
    switch step.action {
    case .request(let name, let template, let expected):
      if name == victim {
        // Asked again only where it is still alive, and then for an answer that must not come.
        noteMissing(template, of: name)
        return
      }
      guard !mentionsMissing(template, of: name), let request = try? cell.filled(template) else {
        noteMissing(template, of: name)
        return
      }
      let role = try cell.started(name)
      guard role.pending == nil, !stuck.contains(name) else { return }
      try cell.send(request, to: role)
      try settle(role, step, expected)
    case .answer(let name, let expected):
      let role = try cell.role(name)
      if name == victim {
        if try watch(role, orBlocked: false) == .answered {
          throw CellFailure(.broken, "\(name) answers, and should have been killed before")
        }
        try noteDeath()
      } else if role.pending != nil, !stuck.contains(name) {
        try settle(role, step, expected)
      }
    case .hand(let from, let to):
      guard from.role != victim, !missing.contains(from), try cell.role(from.role).pid != nil else {
        missing.insert(to)
        return
      }
      try cell.perform(step)
    case .signal(let name, _), .endInput(let name), .waitForEnd(let name, _):
      if name != victim, try cell.role(name).pid != nil { try cell.perform(step) }
    case .sleeps(let name, _):
      // Asleep, or over it: what comes next has its order all the same.
      let role = try cell.role(name)
      guard role.pending != nil, !stuck.contains(name) else { return }
      _ = try watch(role, orBlocked: true)
      try noteDeath()
    case .census: break  // it counts what the dead was to make or to remove
    case .transcript, .start, .prints: break
    }
  }

  /// Takes an answer that may be either of the two that a step allows.
  private func settle(_ role: RoleProcess, _ step: Step, _ expected: Expected) throws(CellFailure) {
    if case .later = expected { return }
    let mayBlock = expected.isBlocking || step.bereaved.contains(where: \.isBlocking)
    while true {
      // Asleep for what the victim may still do is not asleep for ever.
      switch try watch(role, orBlocked: mayBlock && (isDead || expected.isBlocking)) {
      case .ended: throw cell.ended(role, doing: role.pending?.operation ?? "go on")
      case .blocked, .failed:
        if !expected.isBlocking { stuck.insert(role.name) }
        return
      case .answered: break
      }
      let exchange = try cell.answer(of: role)
      do throws(CellFailure) {
        try check(exchange, by: role, against: expected)
      } catch {
        try check(exchange, by: role, againstOneOf: step.bereaved, else: error)
        // What came instead brought no descriptor.
        if case .ok(let fields) = exchange.answer, fields["fd"] != nil { return }
        noteMissing(exchange.request, of: role.name)
      }
      return
    }
  }

  func check(
    _ exchange: (request: Request, answer: Answer), by role: RoleProcess, against expected: Expected
  ) throws(CellFailure) {
    if expected.isBlocking {
      throw CellFailure(
        .failed, "\(cell.describe(role)): \(exchange.request.operation) returned where it must block",
        demanded: "blocks", asked: "\(exchange.request)", answered: "\(exchange.answer)")
    }
    try cell.check(exchange, by: role, against: expected)
  }

  func check(
    _ exchange: (request: Request, answer: Answer), by role: RoleProcess, againstOneOf choices: [Expected],
    else failure: CellFailure
  ) throws(CellFailure) {
    for choice in choices where !choice.isBlocking {
      do throws(CellFailure) {
        try cell.check(exchange, by: role, against: choice)
        return
      } catch { continue }
    }
    throw failure
  }

  /// Ends those who wait for what will not be done: the mechanism says nothing to them.
  func releaseTheWaiting() throws(CellFailure) {
    switch progress {
    case .dead, .over: break
    case .before, .asked, .survived: return
    }
    for role in cell.roles where role.pending != nil && !role.endIsKnown {
      guard let pid = role.pid else { continue }
      switch try watch(role, orBlocked: true) {
      case .blocked, .failed: break
      case .answered:
        let (request, answer) = try cell.answer(of: role)
        if case .ok(let fields) = answer, let operation = cell.context.vocabulary[request.operation] {
          role.follow(request, fields, operation)
        }
        continue
      case .ended: continue
      }
      do { try cell.sandbox.signal(.kill, to: pid) } catch { throw CellFailure(error) }
      role.endIsKnown = true
      try cell.waitForEnd(of: role, .signal("SIGKILL"))
    }
  }

  // MARK: - Handles that are not there

  private func mentionsMissing(_ template: RequestTemplate, of role: String) -> Bool {
    guard let operation = cell.context.vocabulary[template.operation] else { return false }
    func given(_ key: String) -> [String] {
      template.fields.filter { $0.key == key }.flatMap { $0.value.description.split(separator: ",").map(String.init) }
    }
    var named = Self.handleKeys.filter { !operation.opens.contains($0) }.flatMap(given)
    for (key, name) in [("handle", "default"), ("shmid", "shmid"), ("semid", "semid"), ("msqid", "msqid")]
    where operation.takes.contains(key) && !operation.opens.contains(key) && given(key).isEmpty { named.append(name) }
    return named.contains { missing.contains(HandleReference(role: role, handle: $0)) }
  }

  private static let handleKeys = [
    "handle", "handles", "memory", "mapping", "other", "fds", "mutex", "read", "write", "target", "idle",
  ]

  private func noteMissing(_ template: RequestTemplate, of role: String) {
    note(template.operation, of: role) { key in template.fields.first { $0.key == key }?.value.description }
  }

  private func noteMissing(_ request: Request, of role: String) {
    note(request.operation, of: role) { request.fields[$0] }
  }

  /// Also the handles of what maps or attaches, which have no descriptor, and the identifiers that go without a name.
  private func note(_ operation: String, of role: String, value: (String) -> String?) {
    let identifiers = ["shmget": "shmid", "semget": "semid", "semget_init": "semid", "msgget": "msqid"]
    if let identifier = identifiers[operation] { missing.insert(HandleReference(role: role, handle: identifier)) }
    let more = ["shmat": ["handle"], "mmap": ["mapping"]][operation] ?? []
    for key in (cell.context.vocabulary[operation]?.opens ?? []) + more {
      for handle in (value(key) ?? "default").split(separator: ",") {
        missing.insert(HandleReference(role: role, handle: String(handle)))
      }
    }
  }
}
