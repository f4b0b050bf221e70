import PeerProtocol

/// Observes the process state of a role in `/proc`, instead of sleeping for a fixed time.
extension PeerClient {
  /// Waits until a role is blocked in one of `calls`.
  ///
  /// If the role responds before it blocks, the cell fails.
  func waitUntilBlocked(
    _ role: RoleProcess, in calls: [String], to what: String, expected: String
  ) throws(CellOutcome) {
    try wait(for: role, to: what, .polling) { () throws(CellOutcome) -> Void? in
      try rejectResponse(of: role, expected: expected)
      if terminationStatus(of: role) != nil { throw ended(role, doing: what) }
      let state = try processState(of: role, doing: what)
      guard state.isBlocked(in: calls) else { return nil }
      // The role is asleep, so all of its earlier output has arrived.
      try receive(.zero)
      try rejectResponse(of: role, expected: expected)
      try checkDeadline(of: role, in: state, to: what)
      role.sleep = RoleProcess.Sleep(switches: state.switches, start: .now)
      return ()
    }
  }

  /// Checks that a role has not woken since it was last observed asleep.
  ///
  /// The kernel reports a process as asleep shortly before it counts the context switch, so one additional switch is
  /// allowed. If the operation has the property `wakes`, the role may also wake that many times per second.
  func checkSleep(of role: RoleProcess) throws(CellOutcome) {
    guard let sleep = role.sleep else {
      throw CellOutcome(.broken, "no earlier step has seen \(role.name) asleep")
    }
    let operation = role.pending?.operation
    let calls = operation.flatMap { context.registry[$0]?.sleeps }
    let what = operation.map { "sleep in \($0)" } ?? "sleep"
    if role.deadline.lastSeen != nil {
      try wait(for: role, to: what, .polling) { sleep.start.duration(to: .now) < DeadlineCheck.minimumSleep ? nil : () }
    }
    try rejectResponse(of: role, expected: "asleep")
    let state = try processState(of: role, doing: what)
    var allowed = 1
    if let wakes = operation.flatMap({ context.registry[$0]?.wakes }) {
      // An operation that polls a condition begins with shorter intervals.
      allowed += 10 + Int((Double(wakes) * sleep.start.duration(to: .now).seconds).rounded(.up))
    }
    let woken = state.switches - sleep.switches
    guard woken <= allowed else {
      let sleeping = operation.map { "sleeping in \($0)" } ?? "sleeping"
      throw CellOutcome(
        .failed, "\(role.description) woke \(woken) times when it should have been \(sleeping): it is in \(state)",
        expected: "at most \(allowed)")
    }
    if let calls { try waitUntilBlocked(role, in: calls, to: what, expected: "asleep") }
  }

  /// Checks that a role has made at most `limit` reads and writes since it started.
  func checkTransfers(of role: RoleProcess, atMost limit: Int) throws(CellOutcome) {
    let calls = try inspect(role, doing: "be asked for its calls") { pid throws(SandboxError) in
      try sandbox.transfers(of: pid)
    }
    guard calls <= limit else {
      throw CellOutcome(
        .failed, "\(role.description) made \(calls) reads and writes, but needs at most \(limit)", expected: "\(limit)")
    }
  }

  /// Waits for the response to an operation that must not block.
  ///
  /// On a busy machine, the response may be late, but the process does not sleep. Therefore, the elapsed time is
  /// ignored. The role counts as blocked only if every check over a period of `longestSleep` finds it asleep.
  func waitWithoutSleep(for role: RoleProcess, doing operation: String, expected: String) throws(CellOutcome) {
    let output = streams(of: role).output
    var longestSleep: TimeLimit?
    var isFirst = true
    try wait(for: role, to: operation, .every(.milliseconds(50))) { () throws(CellOutcome) -> Void? in
      if output.hasLine || output.isEnded { return () }
      defer { isFirst = false }
      if isFirst { return nil }
      let look = ContinuousClock.now
      let state = try processState(of: role, doing: operation)
      guard state.isWaiting, let call = state.systemCall else {
        longestSleep = nil
        return nil
      }
      if longestSleep?.hasPassed(now: look, delay: sandbox.delay.measure) == true {
        throw CellOutcome(
          .failed, "\(role.description): \(operation) must not wait, but sleeps in \(call)", expected: expected,
          request: role.pending.map(Message.request))
      }
      longestSleep = longestSleep ?? TimeLimit(Self.longestSleep, delay: sandbox.delay.total)
      return nil
    }
  }

  /// Even a nonblocking operation may wait for a lock that another process holds briefly.
  ///
  /// According to wire-formats.md, the wait for the lock of a queue takes up to 100 ms.
  private static let longestSleep = Duration.milliseconds(250)

  private func rejectResponse(of role: RoleProcess, expected: String) throws(CellOutcome) {
    guard role.isPeer, streams(of: role).output.hasLine else { return }
    let exchange = try response(of: role)
    // A peer that does not support the operation responds immediately.
    let check = ResponseCheck(registry: context.registry)
    try check.rejectRefusal(exchange, by: role, expected: expected)
    try check.rejectEarlyEnd(exchange, by: role, expected: expected)
    throw CellOutcome(
      .failed, "\(role.description): \(exchange.request.operation) returned instead of blocking", expected: expected,
      request: .request(exchange.request), response: .response(exchange.response))
  }

  func waitUntilStopped(_ role: RoleProcess) throws(CellOutcome) {
    try wait(for: role, to: "stop", .every(.milliseconds(1))) { () throws(CellOutcome) -> Void? in
      let state = try processState(of: role, doing: "stop").state
      // The kernel notifies the tracer of the stop first; until then, the state is `t` instead of `T`.
      return state == "T" || (state == "t" && role.tracer != nil) ? () : nil
    }
  }

  func processState(of role: RoleProcess, doing what: String) throws(CellOutcome) -> ProcessState {
    try inspect(role, doing: what) { pid throws(SandboxError) in try sandbox.processState(of: pid) }
  }

  /// Queries the sandbox init about a role's process.
  ///
  /// If the query fails because the process has terminated, the role is blamed rather than the sandbox.
  func inspect<Value>(
    _ role: RoleProcess, doing what: String, _ question: (Int) throws(SandboxError) -> Value
  ) throws(CellOutcome) -> Value {
    guard let pid = role.pid else { throw CellOutcome(.broken, "\(role.name) has not started") }
    do { return try question(pid) } catch {
      if terminationStatus(of: role) != nil { throw ended(role, doing: what) }
      throw CellOutcome(error)
    }
  }

  /// Returns the outcome for a role that terminated, or closed its output, before it performed the expected action.
  func ended(_ role: RoleProcess, doing what: String) -> CellOutcome {
    // The name of an operation, such as `kill`, is not used as a verb.
    let what = role.pending?.operation == what ? "complete \(what)" : what
    var limit = limit(.seconds(1))
    while role.pid != nil, !hasPassed(&limit) {
      if let status = terminationStatus(of: role) {
        takeLastErrors(of: role)
        return CellOutcome(
          .crashed, "\(role.description) ended (\(status)) before it could \(what)\(role.errorLine)")
      }
      do throws(CellOutcome) { try receive(.milliseconds(100)) } catch { return error }
    }
    return CellOutcome(.crashed, "\(role.description) closed its output before it could \(what), but is still running")
  }

  /// Returns the outcome for a role that exceeded its time limit.
  func hung(_ role: RoleProcess, doing what: String, _ limit: TimeLimit) -> CellOutcome {
    let state = role.pid.flatMap { try? sandbox.processState(of: $0) }
    let doing = state.map { ": it is in \($0)\(holders(ofStreamOf: role, $0))" } ?? ""
    return CellOutcome(.timedOut, "\(role.description) did not \(what) within \(limit)\(doing)")
  }

  /// Returns the messages between the runner and a role, and the state of the role's process.
  func transcript(of role: RoleProcess) -> Evidence.Transcript {
    takeLastErrors(of: role)
    // A peer without a pending request is waiting for a request, so its stack explains nothing.
    let isIdle = role.greeting != nil && role.pending == nil && !role.inputEnded
    let state: String? =
      if let status = terminationStatus(of: role) { "ended: \(status)" } else {
        role.pid.flatMap { try? sandbox.processState(of: $0, withStack: !isIdle).description }
      }
    return Evidence.Transcript(
      role: role.name, language: role.language,
      messages: role.messages.map { TimedMessage($0.message, seconds: ($0.time - start) / .seconds(1)) },
      standardError: role.standardErrorLines,
      state: state)
  }
}
