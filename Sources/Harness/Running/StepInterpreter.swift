import PeerProtocol

/// Performs a script's steps, using the cell's names and the values captured in earlier steps.
final class StepInterpreter {
  let client: PeerClient
  let leaks: LeakCheck
  private var names: CellNames
  private var captured: [String: String] = [:]

  init(client: PeerClient, leaks: LeakCheck, names: CellNames) {
    self.client = client
    self.leaks = leaks
    self.names = names
    captured[Self.projectVariable] = client.context.project
  }

  /// The name of the variable for a user's project directory.
  static let projectVariable = "project"

  private var registry: OperationRegistry { client.context.registry }
  /// The prefix of the cell's names.
  var token: String { names.token }

  func perform(_ step: Step) throws(CellOutcome) {
    switch step.action {
    case .request(let name, let template, let expected):
      let request = try filled(template)
      let role = try started(name)
      try recordShared(request, by: role)
      try client.send(request, to: role)
      try settle(role, expected)
    case .transcript: throw CellOutcome(.broken, "a golden transcript is played as a whole")
    case .response(let name, let expected): try settle(try client.role(name), expected)
    case .hand(let from, let to): try hand(from, to)
    case .signal(let name, let signal): try send(signal, to: try started(name))
    case .endInput(let name): client.endInput(of: try started(name))
    case .waitForEnd(let name, let status):
      let role = try client.role(name)
      role.endIsKnown = true
      try client.waitForEnd(of: role, status)
    case .objects(let counts): try leaks.check(counts)
    case .start(let name): try start(try client.role(name))
    case .sleeps(let name, let calls):
      let what = "sleep in \(calls.joined(separator: " or "))"
      try client.waitUntilBlocked(try started(name), in: calls, to: what, expected: what)
    case .asleep(let name): try client.checkSleep(of: try client.role(name))
    case .calls(let name, let limit): try client.checkTransfers(of: try client.role(name), atMost: limit)
    case .ready(let name, let readiness): try waitUntilReady(try client.role(name), readiness)
    case .feed(let name, let line): try client.role(name).unsentInput += Array("\(try filled(line))\n".utf8)
    case .prints(let name, let stream, let patterns): try waitForLines(try client.role(name), stream, patterns)
    case .output(let name, let content): try compareOutput(of: try client.role(name), content)
    case .file(let path, let content): try compareFile(at: try filled(path), content)
    }
  }

  // MARK: - Roles

  private func start(_ role: RoleProcess) throws(CellOutcome) {
    var arguments: [String] = []
    if case .program(_, let templates) = role.role.part {
      for template in templates { arguments.append(try filled(template)) }
    }
    guard !role.isPeer else { return try client.start(role, arguments: arguments) }
    let start = role.role.start
    var variables: [String] = []
    for variable in start.environment { variables.append("\(variable.name)=\(try filled(variable.value))") }
    client.streams(of: role).output.record()
    if let input = start.input { role.unsentInput = try bytes(of: input)[...] }
    try client.start(
      role, arguments: arguments, variables: variables, directory: try start.directory.map(filled(_:)))
    // A program reads end of file after its initial input, unless steps of the scenario feed it or close its input.
    if !role.isFed { client.endInput(of: role) }
  }

  /// Returns a role, starting it if necessary.
  func started(_ name: String) throws(CellOutcome) -> RoleProcess {
    let role = try client.role(name)
    if role.pid == nil { try start(role) }
    return role
  }

  private func send(_ signal: Signal, to role: RoleProcess) throws(CellOutcome) {
    try client.inspect(role, doing: "receive \(signal.rawValue)") { pid throws(SandboxError) in
      try client.sandbox.signal(signal, to: pid)
    }
    role.sleep = nil
    switch signal {
    case .kill:
      role.endIsKnown = true
      role.wasKilledWhileBusy = role.pending != nil
      try client.waitForEnd(of: role, .signal("SIGKILL"))
    case .stop: try client.waitUntilStopped(role)
    case .interrupt:
      role.isInterrupted = true
      role.deadline.isInterrupted = true
    default: break
    }
  }

  /// Lets a role that has not started inherit a descriptor from another role, as a child process inherits one from its
  /// parent.
  private func hand(_ from: HandleReference, _ to: HandleReference) throws(CellOutcome) {
    let (source, destination) = (try client.role(from.role), try client.role(to.role))
    guard let descriptor = source.descriptor(of: from.handle) else {
      throw CellOutcome(.failed, "\(source.description) reported no descriptor for its handle '\(from.handle)'")
    }
    guard destination.pid == nil else {
      throw CellOutcome(.broken, "\(to.role) has started and cannot inherit any more")
    }
    let sandbox = client.sandbox
    let taken = try client.inspect(source, doing: "pass '\(from.handle)' on") {
      pid throws(SandboxError) -> (token: Int, flags: StatusFlags)? in
      do throws(SandboxError) { return try sandbox.take(descriptor: descriptor, of: pid) } catch {
        guard error.isRefusal, try sandbox.holdings(of: pid).descriptors[descriptor] == nil else { throw error }
        return nil
      }
    }
    guard let taken else {
      throw CellOutcome(
        .failed,
        "\(source.description) reports descriptor \(descriptor) for its handle '\(from.handle)', which is not open")
    }
    source.shares(descriptor: descriptor, taken.flags)
    destination.shares(descriptor: 3 + destination.inherits.count, taken.flags)
    destination.inherits.append((token: taken.token, handle: to.handle))
  }

  // MARK: - Responses

  /// Waits for and checks the response or, if `blocks` is expected, waits until the role sleeps in its operation.
  func settle(_ role: RoleProcess, _ expected: ExpectedResponse) throws(CellOutcome) {
    switch expected {
    case .later:
      // A peer refuses an operation that it does not announce. If this method did not read the refusal, other roles
      // would time out.
      guard let request = role.pending, role.greeting?.operations.contains(request.operation) == false else { return }
    case .blocks:
      guard let request = role.pending else {
        throw CellOutcome(.broken, "\(role.name) performs nothing in which it could block")
      }
      let calls = registry[request.operation]?.sleeps ?? []
      return try client.waitUntilBlocked(
        role, in: calls, to: "block in \(request.operation)", expected: expected.description)
    case .error(let allowed, _) where role.isInterrupted && allowed.contains("EINTR"): try waitUntilInterrupted(role)
    case .ok, .error:
      if let request = role.pending, TimeCheck(registry: registry).isImmediate(request, expecting: expected) {
        try client.waitWithoutSleep(for: role, doing: request.operation, expected: expected.description)
      }
    }
    try check(try client.response(of: role), by: role, against: expected)
  }

  func check(_ exchange: Exchange, by role: RoleProcess, against expected: ExpectedResponse) throws(CellOutcome) {
    var check = ResponseCheck(registry: registry)
    check.filled = { template throws(CellOutcome) in try self.filled(template) }
    check.capture = { name, value in self.captured[name] = PercentEncoding.encode(value) }
    try check.check(exchange, by: role, against: expected)
    try recordShared(exchange.request, by: role)
  }

  /// Records the status flags of the descriptors that a request passes to another process or has received.
  private func recordShared(_ request: Request, by role: RoleProcess) throws(CellOutcome) {
    let parameters = registry[request.operation]?.shares ?? []
    let handles = parameters.flatMap { request.fields[$0]?.split(separator: ",") ?? [] }
    let numbers = handles.compactMap { role.descriptor(of: String($0)) }
    guard !numbers.isEmpty, client.terminationStatus(of: role) == nil else { return }
    let held = try client.inspect(role, doing: "perform \(request.operation)") { pid throws(SandboxError) in
      try client.sandbox.holdings(of: pid, shared: numbers)
    }
    for (number, flags) in held.flags where role.sharedFlags[number] == nil {
      role.shares(descriptor: number, flags)
    }
  }

  /// Sends the signal again if the role is still asleep even though no signal is pending.
  ///
  /// In that case, the first signal was delivered between two sleeps in one wait.
  ///
  /// A role whose operation waits in a single sleep gets the signal only once.
  private func waitUntilInterrupted(_ role: RoleProcess) throws(CellOutcome) {
    guard let request = role.pending, let operation = registry[request.operation], operation.sleepsInSlices else {
      return
    }
    let output = client.streams(of: role).output
    var isFirst = true
    try client.wait(for: role, to: request.operation, .every(.milliseconds(100))) { () throws(CellOutcome) -> Void? in
      if output.hasLine || output.isEnded { return () }
      defer { isFirst = false }
      if !isFirst, try client.processState(of: role, doing: request.operation).isBlocked(in: operation.sleeps) {
        try client.inspect(role, doing: request.operation) { pid throws(SandboxError) in
          try client.sandbox.signal(.interrupt, to: pid)
        }
      }
      return nil
    }
  }

  // MARK: - Values

  /// Returns the request with all variables replaced by their values, and with short timeouts raised.
  func filled(_ template: RequestTemplate) throws(CellOutcome) -> Request {
    let shortest = client.context.shortestTimeout
    let timeouts = shortest > .zero ? registry.timeouts : []
    var fields = Fields()
    for (key, value) in template.fields {
      var text = try filled(value)
      if timeouts.contains(key), let timeout = Duration(decimalSeconds: text), timeout > .zero, timeout < shortest {
        text = "\(shortest.seconds)"
      }
      guard let bytes = PercentEncoding.decode(text) else {
        throw CellOutcome(.broken, "the value '\(text)' of \(key) is not percent-encoded")
      }
      fields.append(key, bytes: bytes)
    }
    return Request(template.operation, fields)
  }

  /// Returns a template's text with all variables replaced by their values, percent-encoded like the template.
  func filled(_ template: Template) throws(CellOutcome) -> String {
    // A role's process ID is not known until the role has started.
    for text in template.variables {
      let variable = Template.Integer(text)?.variable ?? text
      if variable.hasSuffix(".pid") { _ = try started(String(variable.dropLast(4))) }
    }
    switch template.filled(value) {
    case .success(let text): return text
    case .failure(let missing): throw CellOutcome(.broken, "'{\(missing.name)}' has no value at this step")
    }
  }

  private func value(of variable: String) -> String? {
    if let integer = Template.Integer(variable) {
      return value(of: integer.variable).flatMap(integer.bytes).map(PercentEncoding.encode)
    }
    if let value = captured[variable] { return value }
    if variable.hasSuffix(".pid") {
      return client.roles.first { $0.name == variable.dropLast(4) }?.pid.map(String.init)
    }
    if variable.hasSuffix(".uid") {
      return client.roles.first { $0.name == variable.dropLast(4) }.map { "\(client.sandbox.userID(of: $0.role))" }
    }
    return names.value(of: variable, scratch: client.sandbox.scratch)
  }
}
