import Glibc
import PeerProtocol

/// Communicates with the roles in one cell.
///
/// No other code in the runner waits for a role.
final class PeerClient {
  let context: CellContext
  let sandbox: Sandbox
  let roles: [RoleProcess]
  /// The start of the cell, from which transcripts count the time.
  let start = ContinuousClock.now
  /// The state of each object when a step first observed it.
  var objectStates: [KernelObject: [StateKind: String]] = [:]
  /// A check that every wait repeats.
  ///
  /// It throws if the script cannot continue because a role has failed.
  var interruption: (() throws(CellOutcome) -> Void)?
  /// The files that the scenario creates or compares; they are not leaks.
  var knownFiles: Set<String> = []

  init(context: CellContext, sandbox: Sandbox, roles: [RoleProcess]) {
    self.context = context
    self.sandbox = sandbox
    self.roles = roles
  }

  func role(_ name: String) throws(CellOutcome) -> RoleProcess {
    guard let role = roles.first(where: { $0.name == name }) else {
      throw CellOutcome(.broken, "the scenario has no role '\(name)'")
    }
    return role
  }

  func streams(of role: RoleProcess) -> Sandbox.RoleStreams { sandbox.streams[role.index] }

  /// Returns how a role's process terminated; nil if it is still running or has not started.
  func terminationStatus(of role: RoleProcess) -> TerminationStatus? {
    role.pid.flatMap { sandbox.terminationStatus(of: $0) }
  }

  // MARK: - Waiting

  /// Returns the limit, extended if the sandbox started slowly or if the cell has a slow peer.
  ///
  /// The slowest peer determines the extension, because any role may have to wait for that peer.
  func scaled(_ limit: Duration) -> Duration {
    let slowness = roles.compactMap { context.slowness[$0.language] }.max() ?? 1
    return TimeoutScaling.scaled(limit, startup: sandbox.startup) * slowness
  }

  /// Starts a time limit of `usual`, extended as in ``scaled(_:)``.
  func limit(_ usual: Duration) -> TimeLimit {
    TimeLimit(scaled(usual), maximum: usual * TimeLimit.maximumFactor, delay: sandbox.delay.total)
  }

  /// Returns whether a time limit has passed, excluding the time that the roles or the runner waited for a CPU.
  func hasPassed(_ limit: inout TimeLimit) -> Bool { limit.hasPassed(sandbox.delay) }

  /// An event that makes a wait check its condition again.
  enum Wakeup {
    /// Any role has written output or terminated.
    case output
    /// Any role has written output or terminated, or a short interval has elapsed. Some changes can be seen only in
    /// `/proc`.
    case polling
    case every(Duration)
  }

  /// Waits until `condition` returns a value.
  ///
  /// Throws the outcome `timed out` if the wait exceeds the role's timeout.
  func wait<Value>(
    for role: RoleProcess, to what: String, _ wakeup: Wakeup = .output,
    until condition: () throws(CellOutcome) -> Value?
  ) throws(CellOutcome) -> Value {
    var limit = limit(context.timeout)
    var pause = Duration.zero
    if case .polling = wakeup { try receive(.zero) }
    while true {
      if let value = try condition() { return value }
      try interruption?()
      if hasPassed(&limit) { throw hung(role, doing: what, limit) }
      switch wakeup {
      case .output: try receive(limit.remaining())
      case .every(let interval): try receive(interval)
      case .polling:
        pause = min(pause + .milliseconds(1), .milliseconds(5))
        try receive(pause)
      }
    }
  }

  /// Receives output from the roles, waiting for up to `timeout`.
  func receive(_ timeout: Duration) throws(CellOutcome) {
    // While input is left to write, wait only briefly, because room in a pipe does not end the wait.
    let isWriting = feedPrograms()
    do { try sandbox.wait(isWriting ? min(timeout, .milliseconds(5)) : timeout) } catch { throw CellOutcome(error) }
    // The runner stops reading a stream that exceeds its limit, so the writer would seem to be blocked.
    for role in roles {
      let streams = streams(of: role)
      if streams.output.isFlooded {
        throw CellOutcome(
          .crashed, "\(role.description) floods its output, and was cut off",
          response: streams.output.remainingLines().first.map(Message.line))
      }
      if streams.error.isFlooded {
        throw CellOutcome(.crashed, "\(role.description) floods its standard error, and was cut off")
      }
    }
  }

  // MARK: - Starting and ending

  /// Starts a role's process.
  ///
  /// A peer is ready when it has sent its greeting and adopted its inherited descriptors as handles.
  func start(
    _ role: RoleProcess, arguments: [String], variables: [String] = [], directory: String? = nil
  ) throws(CellOutcome) {
    let inherited = role.inherits.map(\.token)
    let isTraced = role.tracing != nil && streams(of: role).trace != nil
    let tracer = try role.tracing?.command(writingTo: 3 + inherited.count) ?? []
    do {
      role.pid = try sandbox.spawn(
        role: role.index, command: tracer + role.command + arguments, inheriting: inherited, isTraced: isTraced,
        as: role.role.user, variables: variables, directory: directory ?? role.directory, processor: role.processor)
    } catch {
      // Peers run as the runner's user if no other user can read their programs.
      if role.isPeer, role.role.user == .anotherUser, sandbox.user == geteuid(), error.isRefusal {
        throw CellOutcome(
          missing: MissingCapability(language: role.language, name: "files that another user can execute: \(error)"))
      }
      throw CellOutcome(error)
    }
    if isTraced { try waitForTracer(of: role) }
    guard role.isPeer else { return }
    try greet(role)
    do {
      guard let pid = role.pid else { return }
      if context.isTraced || role.role.hasInterruptedCloses { role.tracer = try sandbox.processState(of: pid).tracer }
      role.startsWith(try sandbox.holdings(of: pid))
    } catch {
      throw CellOutcome(error)
    }
    for (number, inherited) in role.inherits.enumerated() {
      var fields = Fields()
      fields.append("handle", inherited.handle)
      fields.append("fd", 3 + number)
      try send(Request("adopt", fields), to: role)
      try ResponseCheck(registry: context.registry).check(try response(of: role), by: role, against: .ok([]))
    }
  }

  private func greet(_ role: RoleProcess) throws(CellOutcome) {
    let line = try nextLine(of: role, doing: "greet")
    do throws(ProtocolError) {
      let greeting = try context.greetings.greeting(line)
      role.record(.greeting(greeting))
      role.greeting = greeting
    } catch {
      role.record(.line(line))
      throw CellOutcome(.failed, "\(role.description) breaks the protocol: \(error)", response: .line(line))
    }
  }

  /// Waits until a role has exited and its output has ended, and checks the termination status.
  func waitForEnd(of role: RoleProcess, _ expected: TerminationStatus) throws(CellOutcome) {
    var holdersMayEnd = limit(Self.holdersMayEnd)
    var isLate = false
    let status = try wait(for: role, to: "end", .every(.milliseconds(200))) {
      () throws(CellOutcome) -> TerminationStatus? in
      drain(role)
      let status = terminationStatus(of: role)
      if status == nil, !isLate, hasPassed(&holdersMayEnd) {
        isLate = true
        try checkWriters(of: role)
      }
      return status
    }
    try waitForEndOfOutput(of: role)
    guard status.satisfies(expected) else {
      throw CellOutcome(
        .failed, "\(role.description) ended with \(status) instead of \(expected)\(role.errorLine)",
        expected: "\(expected)", response: .line("\(status)"))
    }
  }

  /// Waits until no process holds the output of an exited role.
  ///
  /// Tracers, and processes that are exiting, terminate shortly after the role. On a shared machine, a process that
  /// another cell is starting may also hold the output briefly. Any other process was left behind by the role.
  private func waitForEndOfOutput(of role: RoleProcess) throws(CellOutcome) {
    let streams = streams(of: role)
    var holdersMayEnd = limit(Self.holdersMayEnd)
    var isLate = false
    try receive(.zero)
    try wait(for: role, to: "end its output", .every(.milliseconds(200))) { () throws(CellOutcome) -> Void? in
      drain(role)
      let tracerHasEnded = role.tracer.map { sandbox.terminationStatus(of: $0) != nil } ?? true
      if streams.output.isEnded, streams.error.isEnded, tracerHasEnded {
        drain(role)
        return ()
      }
      if !isLate, hasPassed(&holdersMayEnd) {
        isLate = true
        try checkHolders(of: role)
      }
      return nil
    }
  }

  /// The time in which other processes must close a role's streams.
  ///
  /// A process that still holds a stream after that time is reported as leaked.
  private static let holdersMayEnd = Duration.seconds(1)

  /// Checks that no other process has a role's input open for writing.
  ///
  /// If one did, the role would never see end of file.
  private func checkWriters(of role: RoleProcess) throws(CellOutcome) {
    let writers: [KernelObject]
    do { writers = try sandbox.writers(of: streams(of: role).input) } catch { throw CellOutcome(error) }
    try rejectHolders(writers, of: role, "cannot end, since a process writes to its input")
  }

  private func checkHolders(of role: RoleProcess) throws(CellOutcome) {
    let streams = streams(of: role)
    var holders: Set<KernelObject> = []
    for output in [streams.output, streams.error] where !output.isEnded {
      do { holders.formUnion(try sandbox.holders(of: output)) } catch { throw CellOutcome(error) }
    }
    try rejectHolders(holders, of: role, "ended, and left behind a process that holds its output")
  }

  private func rejectHolders(
    _ holders: some Sequence<KernelObject>, of role: RoleProcess, _ what: String
  ) throws(CellOutcome) {
    let left = holders.filter { $0.id != role.tracer && !sandbox.isRunner($0.id) }.sorted().map { holder in
      var holder = holder
      holder.owner = role.name
      return holder
    }
    guard !left.isEmpty else { return }
    let names = left.map(\.description).joined(separator: ", ")
    var outcome = CellOutcome(.leaked, "\(role.description) \(what): \(names)")
    outcome.evidence?.add(leftBehind: left)
    throw outcome
  }
}
