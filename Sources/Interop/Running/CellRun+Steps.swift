import PeerContract

/// The steps of a script.
extension CellRun {
  func perform(_ step: Step) throws(CellFailure) {
    switch step.action {
    case .request(let name, let template, let expected):
      let request = try filled(template)
      let role = try started(name)
      try send(request, to: role)
      try settle(role, expected)

    case .transcript(let name, let asked, let answered):
      try converse(try started(name), asked, answered)

    case .answer(let name, let expected):
      try settle(try role(name), expected)

    case .hand(let from, let to):
      try hand(from, to)

    case .signal(let name, let signal):
      let role = try started(name)
      try inspect(role, doing: "be sent a \(signal.rawValue)") { pid throws(SandboxError) in
        try sandbox.signal(signal, to: pid)
      }
      switch signal {
      case .kill:
        role.endIsKnown = true
        try waitForEnd(of: role, .signal("SIGKILL"))
      case .stop: try waitUntilStopped(role)
      case .interrupt: role.isInterrupted = true
      case .continue: break
      }

    case .endInput(let name):
      let role = try started(name)
      sandbox.streams[role.index].input.close()
      role.inputEnded = true

    case .waitForEnd(let name, let end):
      let role = try role(name)
      role.endIsKnown = true
      try waitForEnd(of: role, end)

    case .census(let demands):
      try check(demands)

    case .start(let name):
      try start(try role(name))

    case .sleeps(let name, let calls):
      let role = try started(name)
      let what = "sleep in \(calls.joined(separator: " or "))"
      try waitUntil(role, pid: role.pid ?? -1, doing: what, demanded: what) { look in
        calls.contains(look.systemCall) && !look.isWaitingForInput
      }

    case .prints(let name, let stream, let text):
      try waitForText(try role(name), stream, try filled(text))
    }
  }

  /// The request with every variable of its values filled in.
  func filled(_ template: RequestTemplate) throws(CellFailure) -> Request {
    var fields = Fields()
    for (key, value) in template.fields {
      let text = try filled(value)
      guard let bytes = PercentEncoding.decode(text) else {
        throw CellFailure(.broken, "the value '\(text)' of \(key) is not percent-encoded")
      }
      fields.append(key, bytes: bytes)
    }
    return Request(template.operation, fields)
  }

  /// One exchange of a golden transcript, in which a request may be as malformed as its author wants.
  private func converse(_ role: RoleProcess, _ asked: String, _ answered: String) throws(CellFailure) {
    let asked = asked.replacing("{fresh}", with: token)
    try send(line: asked, to: role)
    let (request, answer) = try answer(of: role)
    guard Matching.isAsRecorded("\(answer)", answered.replacing("{fresh}", with: token)) else {
      throw CellFailure(
        .failed, "\(describe(role)) answers '\(asked)' otherwise than the golden transcript", demanded: answered,
        asked: asked,
        answered: "\(answer)")
    }
    if case .ok(let fields) = answer, let operation = context.vocabulary[request.operation] {
      role.follow(request, fields, operation)
    }
  }

  func settle(_ role: RoleProcess, _ expected: Expected) throws(CellFailure) {
    switch expected {
    case .later: break
    case .blocks: try waitUntilBlocked(role)
    case .error(let allowed, _) where role.isInterrupted && allowed.contains("EINTR"):
      try waitUntilInterrupted(role)
      try check(try answer(of: role), by: role, against: expected)
    case .ok, .error: try check(try answer(of: role), by: role, against: expected)
    }
  }

  /// Sends the signal again to who sleeps on, and has no signal pending: it came between two sleeps of one wait. Whoever
  /// sleeps once is sent it once.
  private func waitUntilInterrupted(_ role: RoleProcess) throws(CellFailure) {
    guard let request = role.pending, let operation = context.vocabulary[request.operation], operation.sleepsInSlices
    else { return }
    let deadline = deadline
    let output = sandbox.streams[role.index].output
    while true {
      if !output.hasLine, !output.isEnded { try wait(.milliseconds(100)) }
      if output.hasLine || output.isEnded { return }
      if ContinuousClock.now > deadline { throw hung(role, doing: request.operation) }
      try inspect(role, doing: request.operation) { pid throws(SandboxError) in
        let look = try sandbox.look(at: pid)
        guard look.isAsleep, operation.sleeps.contains(look.systemCall), !look.isWaitingForInput,
          !look.hasPendingSignal
        else { return }
        try sandbox.signal(.interrupt, to: pid)
      }
    }
  }

  /// As a child inherits from its parent: the same open file, in a process that starts afterwards.
  private func hand(_ from: HandleReference, _ to: HandleReference) throws(CellFailure) {
    let (giver, taker) = (try role(from.role), try role(to.role))
    guard let descriptor = giver.descriptor(of: from.handle) else {
      throw CellFailure(.failed, "\(describe(giver)) told no descriptor for its handle '\(from.handle)'")
    }
    guard taker.pid == nil else {
      throw CellFailure(.broken, "\(to.role) has started already, and can inherit no more")
    }
    let token = try inspect(giver, doing: "hand over '\(from.handle)'") { pid throws(SandboxError) -> Int? in
      do throws(SandboxError) { return try sandbox.take(descriptor: descriptor, of: pid) } catch {
        guard error.isRefusal, try sandbox.descriptors(of: pid)[descriptor] == nil else { throw error }
        return nil
      }
    }
    guard let token else {
      throw CellFailure(
        .failed,
        "\(describe(giver)) says that its handle '\(from.handle)' is descriptor \(descriptor), which is not open")
    }
    taker.inherits.append((token: token, handle: to.handle))
  }

  private func waitUntilStopped(_ role: RoleProcess) throws(CellFailure) {
    let deadline = deadline
    while true {
      let look = try inspect(role, doing: "stop") { pid throws(SandboxError) in try sandbox.look(at: pid) }
      if look.state == "T" { return }
      if ContinuousClock.now > deadline { throw hung(role, doing: "stop") }
      try wait(.milliseconds(1))
    }
  }

  /// Waits for the end of a role, which must be as demanded.
  func waitForEnd(of role: RoleProcess, _ demanded: End) throws(CellFailure) {
    let streams = sandbox.streams[role.index]
    let deadline = deadline
    while true {
      drain(role)
      if let end = role.pid.flatMap({ sandbox.end(of: $0) }), streams.output.isEnded, streams.error.isEnded,
        role.tracer.map({ sandbox.end(of: $0) != nil }) ?? true
      {
        drain(role)
        guard end.satisfies(demanded) else {
          throw CellFailure(
            .failed, "\(describe(role)) ended with \(end) instead of \(demanded)\(role.lastComplaint)",
            demanded: "\(demanded)", answered: "\(end)")
        }
        return
      }
      if ContinuousClock.now > deadline { throw hung(role, doing: "end") }
      try wait(deadline - .now)
    }
  }

  /// Takes what a program printed, and what any role complained of.
  func drain(_ role: RoleProcess) {
    role.takeErrors(from: sandbox.streams[role.index].error)
    guard role.role.part != .peer else { return }
    let output = sandbox.streams[role.index].output
    while let line = output.nextLine() ?? output.takeRest() {
      role.note(answered: line)
      role.printed.append(line)
    }
  }

  private func waitForText(_ role: RoleProcess, _ stream: Step.OutputStream, _ text: String) throws(CellFailure) {
    let streams = sandbox.streams[role.index]
    let source = stream == .standardOutput ? streams.output : streams.error
    let deadline = deadline
    while true {
      let isEnded = source.isEnded
      drain(role)
      let lines = stream == .standardOutput ? role.printed : role.complained
      if lines.contains(where: { $0.contains(text) }) {
        if stream == .standardOutput { role.seen.append(text) }
        return
      }
      if isEnded {
        throw CellFailure(
          .failed, "\(describe(role)) never printed '\(text)'", demanded: text, answered: lines.joined(separator: "\n"))
      }
      if ContinuousClock.now > deadline { throw hung(role, doing: "print '\(text)'") }
      try wait(deadline - .now)
    }
  }

  private func check(_ demands: [CensusExpectation]) throws(CellFailure) {
    let objects: [String]
    do { objects = own(try sandbox.census().objects.subtracting(before.objects)) } catch { throw CellFailure(error) }
    for demand in demands {
      let found = objects.filter { Census.kind(of: $0) == demand.kind }
      guard found.count == demand.count else {
        throw CellFailure(
          .failed, "the kernel has \(found.count) of \(demand.kind.rawValue) where \(demand.count) must be",
          demanded: "\(demand.kind.rawValue)=\(demand.count)", answered: found.joined(separator: "; "))
      }
    }
  }
}

extension End {
  fileprivate func satisfies(_ demanded: End) -> Bool {
    demanded == .failure ? self != .exit(0) && !isSignal : self == demanded
  }

  private var isSignal: Bool { if case .signal = self { true } else { false } }
}
