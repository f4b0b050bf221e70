import PeerContract

/// What is said between the harness and one role.
extension CellRun {
  var deadline: ContinuousClock.Instant { .now + patience }

  /// How long a peer may take, on this machine and just now: longer, the longer the sandbox took to start.
  var patience: Duration { Pace.patience(context.patience, startup: sandbox.startup) }

  /// Starts a role's process. A peer is ready when it has greeted and made handles of what it inherits.
  func start(_ role: RoleProcess) throws(CellFailure) {
    var command = role.command
    if case .program(_, let arguments) = role.role.part {
      for argument in arguments { command.append(try filled(argument)) }
    }
    do {
      role.pid = try sandbox.spawn(
        role: role.index, command: command, inheriting: role.inherits.map(\.token),
        asAnotherUser: role.role.isAnotherUser)
    } catch {
      throw CellFailure(error)
    }
    guard role.role.part == .peer else { return }
    let line = try nextLine(of: role, doing: "greet")
    role.shortenGreeting()
    do throws(ContractError) { role.greeting = try context.greetings.greeting(line) } catch {
      throw CellFailure(.failed, "\(describe(role)) breaks the contract: \(error)", answered: line)
    }
    do {
      if context.isTraced, let pid = role.pid { role.tracer = try sandbox.look(at: pid).tracer }
      if let pid = role.pid { role.startsWith(descriptors: try sandbox.descriptors(of: pid).keys) }
    } catch {
      throw CellFailure(error)
    }
    for (number, inherited) in role.inherits.enumerated() {
      var fields = Fields()
      fields.append("handle", inherited.handle)
      fields.append("fd", 3 + number)
      try send(Request("adopt", fields), to: role)
      try check(try answer(of: role), by: role, against: .ok([]))
    }
  }

  /// The role, started if it was not.
  func started(_ name: String) throws(CellFailure) -> RoleProcess {
    let role = try role(name)
    if role.pid == nil { try start(role) }
    return role
  }

  func send(_ request: Request, to role: RoleProcess) throws(CellFailure) {
    guard role.pending == nil else {
      throw CellFailure(
        .broken, "\(role.name) is asked to \(request.operation) while it is to \(role.pending?.operation ?? "")")
    }
    role.pending = request
    try write("\(request)", to: role)
  }

  /// Sends a line that may be no request at all.
  func send(line: String, to role: RoleProcess) throws(CellFailure) {
    role.pending = (try? Request(parsing: line)) ?? Request(String(line.prefix { $0 != " " }))
    try write(line, to: role)
  }

  private func write(_ line: String, to role: RoleProcess) throws(CellFailure) {
    // What comes before the question is no answer to it.
    try wait(.zero)
    try refuseChatter(of: role)
    role.note(asked: line)
    var rest = Array("\(line)\n".utf8)[...]
    let deadline = deadline
    while !rest.isEmpty {
      switch sandbox.streams[role.index].input.write(rest) {
      case .all: return
      case .some(let count): rest = rest.dropFirst(count)
      case .gone: throw ended(role, doing: "read a request")
      }
      if ContinuousClock.now > deadline { throw hung(role, doing: "read a request") }
      try wait(.milliseconds(1))
    }
  }

  func refuseChatter(of role: RoleProcess) throws(CellFailure) {
    let output = sandbox.streams[role.index].output
    guard let line = output.nextLine() ?? output.takeRest() else { return }
    role.note(answered: line)
    throw CellFailure(.failed, "\(describe(role)) said more than it was asked", answered: line)
  }

  /// The answer to what is pending.
  func answer(of role: RoleProcess) throws(CellFailure) -> (request: Request, answer: Answer) {
    guard let request = role.pending else { throw CellFailure(.broken, "\(role.name) has nothing to answer") }
    let line = try nextLine(of: role, doing: request.operation)
    role.pending = nil
    do throws(ContractError) {
      return (request, try Answer(parsing: line))
    } catch {
      throw CellFailure(
        .failed, "\(describe(role)) breaks the contract: \(error)", asked: "\(request)", answered: line)
    }
  }

  /// Compares an answer with what the standard demands, and follows what it opened and closed.
  func check(_ exchange: (request: Request, answer: Answer), by role: RoleProcess, against expected: Expected)
    throws(CellFailure)
  {
    let (request, answer) = exchange
    func failure(_ verdict: Verdict, _ reason: String) -> CellFailure {
      var failure = CellFailure(
        verdict, "\(describe(role)): \(reason)", demanded: expected.description, asked: "\(request)",
        answered: "\(answer)")
      if case .ok(let fields) = answer, let offset = fields["differs"], offset != "none" {
        failure.evidence.firstDifference = offset
      }
      return failure
    }
    if answer != .unsupported, role.greeting?.operations.contains(request.operation) == false {
      throw failure(.failed, "it performs \(request.operation), which it does not announce")
    }
    switch (answer, expected) {
    case (.ok(let fields), .ok(let demands)):
      if let operation = context.vocabulary[request.operation] { role.follow(request, fields, operation) }
      try check(fields, demands, failure)
    case (.error(let errno, let fields), .error(let allowed, let demands)):
      guard allowed.contains(errno) else {
        throw failure(
          .failed, "\(request.operation) failed with \(errno) instead of \(allowed.joined(separator: " or "))")
      }
      try check(fields, demands, failure)
    case (.unsupported, _):
      guard role.greeting?.operations.contains(request.operation) == true else {
        throw failure(.unsupported, "it has no operation \(request.operation)")
      }
      throw failure(.failed, "it announces \(request.operation), and then does not support it")
    case (.invalid(let reason), _):
      throw failure(.failed, "it calls the request '\(request.operation)' invalid: \(reason)")
    case (.ok, .error(let allowed, _)):
      throw failure(
        .failed, "\(request.operation) succeeded instead of failing with \(allowed.joined(separator: " or "))")
    case (.error(let errno, _), _):
      throw failure(.failed, "\(request.operation) failed with \(errno)")
    case (.ok, .blocks), (.ok, .later):
      throw failure(.broken, "an answer was taken where none was due")
    }
  }

  private func check(
    _ fields: Fields, _ demands: [FieldExpectation], _ failure: (Verdict, String) -> CellFailure
  ) throws(CellFailure) {
    for demand in demands {
      if case .capture(let name) = demand.relation, let value = fields[bytes: demand.key] {
        capture(name, value)
        continue
      }
      let demanded = try demand.relation.template.map { template throws(CellFailure) in try filled(template) } ?? ""
      if let complaint = Matching.complaint(
        key: demand.key, relation: demand.relation, demanded: demanded, actual: fields[bytes: demand.key])
      {
        throw failure(.failed, complaint)
      }
    }
  }

  /// The next line of a role's output.
  private func nextLine(of role: RoleProcess, doing what: String) throws(CellFailure) -> String {
    let output = sandbox.streams[role.index].output
    let deadline = deadline
    while true {
      if let line = output.nextLine() {
        role.note(answered: line)
        return line
      }
      role.takeErrors(from: sandbox.streams[role.index].error)
      if output.isEnded { throw ended(role, doing: what) }
      if ContinuousClock.now > deadline { throw hung(role, doing: what) }
      try wait(deadline - .now)
    }
  }

  /// Waits until something comes from anybody.
  func wait(_ patience: Duration) throws(CellFailure) {
    do { try sandbox.wait(patience) } catch { throw CellFailure(error) }
    // It is read no further, and whoever wrote it would only be seen to wait for ever.
    for role in roles {
      let streams = sandbox.streams[role.index]
      if streams.output.isFlooded {
        throw CellFailure(
          .crashed, "\(describe(role)) floods its output, and was cut off", answered: streams.output.everything().first)
      }
      if streams.error.isFlooded {
        throw CellFailure(.crashed, "\(describe(role)) floods its standard error, and was cut off")
      }
    }
  }

  /// Asks the warden about a role's process. That it has ended is the role's fault, not the sandbox's.
  func inspect<Answer>(
    _ role: RoleProcess, doing what: String, _ question: (Int) throws(SandboxError) -> Answer
  ) throws(CellFailure) -> Answer {
    guard let pid = role.pid else { throw CellFailure(.broken, "\(role.name) has not started") }
    do { return try question(pid) } catch {
      if sandbox.end(of: pid) != nil { throw ended(role, doing: what) }
      throw CellFailure(error)
    }
  }

  func describe(_ role: RoleProcess) -> String { "\(role.name) (\(role.language))" }

  /// A role that ended, or closed its output, when it was to do something.
  func ended(_ role: RoleProcess, doing what: String) -> CellFailure {
    let deadline = ContinuousClock.now + Pace.patience(.seconds(1), startup: sandbox.startup)
    while let pid = role.pid, ContinuousClock.now < deadline {
      if let end = sandbox.end(of: pid) {
        role.takeErrors(from: sandbox.streams[role.index].error)
        return CellFailure(
          .crashed, "\(describe(role)) ended (\(end)) when it was to \(what)\(role.lastComplaint)")
      }
      do throws(CellFailure) { try wait(.milliseconds(100)) } catch { return error }
    }
    return CellFailure(.crashed, "\(describe(role)) closed its output and lives on, when it was to \(what)")
  }

  func hung(_ role: RoleProcess, doing what: String) -> CellFailure {
    let doing = role.pid.flatMap { try? sandbox.look(at: $0) }.map { ": it is in \($0)" } ?? ""
    return CellFailure(.timedOut, "\(describe(role)) did not \(what) within \(patience)\(doing)")
  }
}
