import PeerProtocol

/// The checks after a call has failed or has transferred less than requested. The peer must report the failure with the
/// name of the call, and must continue to respond. A failed call has no effect, so the runner repeats the request. From
/// then on, every response must be the expected one.
extension InjectionRun {
  /// Evaluates the target's response to the request whose call failed.
  func evaluate(
    _ exchange: Exchange, to request: Request, by role: RoleProcess, against expected: ExpectedResponse
  ) throws(CellOutcome) {
    guard let injection else { return }
    let (fault, point) = (injection.fault, injection.point)
    func outcome(_ reason: String, expected: String) -> CellOutcome {
      CellOutcome(
        .failed, "\(role.description): \(reason)", expected: expected, request: .request(request),
        response: .response(exchange.response))
    }
    if fault.kills { throw missed("\(role.name) responded although it should have been killed") }
    if fault == .short {
      try evaluateShort(exchange, by: role, against: expected)
      return
    }
    switch exchange.response {
    case .error(let errno, let fields) where errno == fault.errno || isTimeout(errno, injection, request):
      let functions = table.functions(making: point.call, within: point.operation)
      guard let call = fields["call"], functions.contains(call) else {
        let named = fields["call"].map { "it names \($0)" } ?? "it names no call"
        throw outcome(
          "\(named), and \(point.call) failed",
          expected: "error errno=\(errno) call=\(functions.joined(separator: "|"))")
      }
      progress = .survived
      // A failed call does not undo an earlier transfer or the release of a handle.
      let isReleased = registry[point.operation]?.releasesHandle == true
      if isReleased || isCommitted(point) || fields["return"].flatMap({ Int($0) }) ?? 0 > 0 {
        progress = .over
        return
      }
      try client.send(request, to: role)
      try cell.interpreter.settle(role, expected)
    case .ok:
      guard mayBeHidden(injection, in: request, by: role) else {
        noteMissingCall()
        throw outcome("it does not report that \(point.call) failed", expected: "error errno=\(fault.rawValue)")
      }
      progress = point.call == "close" ? .over : .survived
      if case .blocks = expected { throw outcome("it returned instead of blocking", expected: "blocks") }
      try cell.interpreter.check(exchange, by: role, against: expected)
    case .error where mayBeHidden(injection, in: request, by: role):
      progress = .survived
      try cell.interpreter.check(exchange, by: role, against: expected)
    default:
      throw outcome("\(point.call) failed with \(fault.rawValue)", expected: "error errno=\(fault.rawValue)")
    }
  }

  /// Whether the peer may report an injected EAGAIN as a timeout, because sockets report timeouts as EAGAIN.
  private func isTimeout(_ errno: String, _ injection: Injection, _ request: Request) -> Bool {
    injection.fault == .wouldBlock && errno == "ETIMEDOUT" && request.fields["timeout"] != nil
  }

  /// Returns whether repeating the operation would have a different effect.
  func isCommitted(_ point: InjectionPoint) -> Bool {
    point.isCommitted && !table.operationsThatGoOn.contains(point.operation)
  }

  /// Returns whether an operation may succeed even though the injected fault made a call fail.
  private func mayBeHidden(_ injection: Injection, in request: Request, by role: RoleProcess) -> Bool {
    guard let operation = registry[request.operation] else { return false }
    let isItsWaiting = operation.sleeps.contains(injection.point.call)
    switch injection.fault {
    // An operation with the parameter `eintr` reports that its wait was interrupted, unless the request has
    // `eintr=retry`. Any other call may be retried, and a peer without signal handlers cannot be interrupted.
    case .interrupted:
      return !isItsWaiting || !handlesSignals(role)
        || !operation.takes.contains("eintr") || request.fields["eintr"] == "retry"
    // An operation may repeat a wait that failed because of the fault.
    case .wouldBlock: return isItsWaiting || request.fields.keys.contains { $0.hasSuffix("timeout") }
    // On Linux, a failed `close` has still closed the descriptor.
    default: return injection.point.call == "close"
    }
  }

  /// Whether a peer has operations that install signal handlers.
  private func handlesSignals(_ role: RoleProcess) -> Bool {
    role.greeting?.operations.contains { registry[$0]?.changes[.dispositions] != nil } ?? true
  }

  /// Evaluates the response after a short transfer.
  ///
  /// The transferred bytes must be correct. All bytes are required only if the operation continues until it has
  /// transferred the rest.
  private func evaluateShort(
    _ exchange: Exchange, by role: RoleProcess, against expected: ExpectedResponse
  ) throws(CellOutcome) {
    func outcome(_ reason: String, expected: String) -> CellOutcome {
      CellOutcome(
        .failed, "\(role.description): \(reason)", expected: expected, request: .request(exchange.request),
        response: .response(exchange.response))
    }
    let completes = registry[exchange.request.operation]?.completes == true
    let mustFail = if case .error = expected { true } else { false }
    var transferred: Int?
    var isOK = false
    if case .ok(let fields) = exchange.response {
      isOK = true
      transferred = fields["return"].flatMap { Int($0) }
    }
    if completes || mustFail || (isOK && transferred != 1) {
      progress = .survived
      try cell.interpreter.check(exchange, by: role, against: expected)
      return
    }
    // The script has no steps that would transfer the remaining bytes.
    progress = .over
    guard case .ok(let fields) = exchange.response, case .ok(let expectations) = expected, transferred == 1 else {
      throw outcome("one byte was transferred", expected: "ok return=1")
    }
    for expectation in expectations where registry.payloads.contains(expectation.key) {
      guard case .equal(let template) = expectation.relation, let got = fields[expectation.key],
        template.description.hasPrefix(got)
      else {
        throw outcome("the byte differs", expected: "\(expectation)")
      }
    }
  }
}
