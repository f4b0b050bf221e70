import Glibc
import PeerProtocol

extension PeerClient {
  func send(_ request: Request, to role: RoleProcess) throws(CellOutcome) {
    guard role.pending == nil else {
      throw CellOutcome(
        .broken, "\(role.name) cannot take \(request.operation) during \(role.pending?.operation ?? "another request")")
    }
    role.pending = request
    try write("\(request)", .request(request), to: role)
  }

  /// Sends a line that may be malformed.
  func send(line: String, to role: RoleProcess) throws(CellOutcome) {
    role.pending = (try? Request(parsing: line)) ?? Request(String(line.prefix { $0 != " " }))
    try write(line, .rawRequest(line), to: role)
  }

  private func write(_ line: String, _ message: Message, to role: RoleProcess) throws(CellOutcome) {
    // A line that arrived before the request was sent cannot be the response to that request.
    try receive(.zero)
    try rejectUnrequestedOutput(of: role)
    role.record(message)
    var rest = Array("\(line)\n".utf8)[...]
    role.requestedAt = .now
    try wait(for: role, to: "read a request", .every(.milliseconds(1))) { () throws(CellOutcome) -> Void? in
      switch streams(of: role).input.write(rest) {
      case .all: return ()
      case .some(let count): rest = rest.dropFirst(count)
      case .gone: throw ended(role, doing: "read a request")
      }
      return nil
    }
  }

  func rejectUnrequestedOutput(of role: RoleProcess) throws(CellOutcome) {
    let output = streams(of: role).output
    guard let line = output.nextLine() ?? output.takeRest() else { return }
    role.record(.line(line))
    throw CellOutcome(.failed, "\(role.description) wrote a line without a request", response: .line(line))
  }

  /// Waits for the response to the pending request.
  func response(of role: RoleProcess) throws(CellOutcome) -> Exchange {
    guard let request = role.pending else { throw CellOutcome(.broken, "\(role.name) has no request to respond to") }
    let line = try nextLine(of: role, doing: request.operation)
    let elapsed = Moment.now.elapsed(since: role.requestedAt)
    role.pending = nil
    do throws(ProtocolError) {
      let response = try Response(parsing: line)
      role.record(.response(response))
      return Exchange(request: request, response: response, elapsed: elapsed)
    } catch {
      role.record(.line(line))
      throw CellOutcome(
        .failed, "\(role.description) breaks the protocol: \(error)", request: .request(request), response: .line(line))
    }
  }

  func nextLine(of role: RoleProcess, doing what: String) throws(CellOutcome) -> String {
    let streams = streams(of: role)
    return try wait(for: role, to: what) { () throws(CellOutcome) -> String? in
      if let line = streams.output.nextLine() { return line }
      role.takeErrors(from: streams.error)
      if streams.output.isEnded { throw ended(role, doing: what) }
      return nil
    }
  }

  /// Writes as much of the programs' input as currently fits, and returns whether any input is left.
  func feedPrograms() -> Bool {
    var isWriting = false
    for role in roles where role.pid != nil && !role.unsentInput.isEmpty {
      switch streams(of: role).input.write(role.unsentInput) {
      case .all, .gone: role.unsentInput = []
      case .some(let count): role.unsentInput = role.unsentInput.dropFirst(count)
      }
      if role.unsentInput.isEmpty, role.inputEnded { streams(of: role).input.close() }
      isWriting = isWriting || !role.unsentInput.isEmpty
    }
    return isWriting
  }

  /// Closes a role's input after everything has been written.
  func endInput(of role: RoleProcess) {
    role.inputEnded = true
    if role.unsentInput.isEmpty { streams(of: role).input.close() }
  }

  /// Reads a role's standard error, to explain an outcome.
  ///
  /// The runner may learn that a process has terminated before it has received the process's last output. The condition
  /// of a wait must not call this method, because the wait would not end for what this method receives.
  func takeLastErrors(of role: RoleProcess) {
    if terminationStatus(of: role) != nil { try? sandbox.wait(.zero) }
    role.takeErrors(from: streams(of: role).error)
  }

  /// Reads a role's standard error and, if the role is a program, its standard output.
  func drain(_ role: RoleProcess) {
    let streams = streams(of: role)
    role.takeErrors(from: streams.error)
    guard !role.isPeer else { return }
    while let line = streams.output.nextOutputLine() {
      role.record(.line(line.text))
      role.printed.append(line)
    }
  }
}
