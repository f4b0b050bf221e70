import PeerContract

/// After a call that failed, or did less than it was asked: the peer says so, names the call, and goes on answering. What
/// failed had no effect, so it is asked for once more, and from there the script holds to the letter.
extension FaultRun {
  /// Judges the victim's answer to the request in which the fault was.
  func judge(
    _ exchange: (request: Request, answer: Answer), to request: Request, by role: RoleProcess,
    against expected: Expected
  ) throws(CellFailure) {
    guard let injection else { return }
    let (fault, point) = (injection.fault, injection.point)
    func failure(_ reason: String, demanded: String) -> CellFailure {
      CellFailure(
        .failed, "\(cell.describe(role)): \(reason)", demanded: demanded, asked: "\(request)",
        answered: "\(exchange.answer)")
    }
    if fault.kills { throw CellFailure(.broken, "\(role.name) answers, and should have been killed before") }
    if fault == .short {
      try judgeShort(exchange, by: role, against: expected)
      return
    }
    switch exchange.answer {
    case .error(let errno, let fields) where errno == fault.errno || isTimeout(errno, injection, request):
      let functions = table.functions(making: point.call, within: point.operation)
      // Which of its many requests failed may stand behind the function: `fcntl F_SETFL`.
      guard let call = fields["call"], functions.contains(String(call.prefix { $0 != " " })) else {
        let named = fields["call"].map { "it names \($0)" } ?? "it names no call"
        throw failure(
          "\(named), where \(point.call) failed",
          demanded: "error errno=\(errno) call=\(functions.joined(separator: "|"))")
      }
      progress = .survived
      // Not undone: what was given up, and what was transferred before.
      if isRelease(point.operation) || isCommitted(point) || fields["return"].flatMap({ Int($0) }) ?? 0 > 0 {
        progress = .over
        return
      }
      try cell.send(request, to: role)
      try cell.settle(role, expected)
    case .ok:
      guard isHidden(injection, in: request) else {
        throw failure("it hides that \(point.call) failed", demanded: "error errno=\(fault.rawValue)")
      }
      progress = point.call == "close" ? .over : .survived
      if case .blocks = expected { throw failure("it returned where it must block", demanded: "blocks") }
      try cell.check(exchange, by: role, against: expected)
    case .error where isHidden(injection, in: request):
      progress = .survived
      try cell.check(exchange, by: role, against: expected)
    default:
      throw failure("\(point.call) failed with \(fault.rawValue)", demanded: "error errno=\(fault.rawValue)")
    }
  }

  /// A socket that has waited for as long as it may says EAGAIN, which is the end of the operation's time.
  private func isTimeout(_ errno: String, _ injection: Injection, _ request: Request) -> Bool {
    injection.fault == .wouldBlock && errno == "ETIMEDOUT" && request.fields["timeout"] != nil
  }

  /// Whether to perform the operation again would not be to perform the same.
  func isCommitted(_ point: FaultPoint) -> Bool {
    point.isCommitted && !table.operationsThatGoOn.contains(point.operation)
  }

  /// Whether a handle is gone after an operation, however it ends.
  private func isRelease(_ operation: String) -> Bool {
    cell.context.vocabulary[operation]?.closes != nil || ["munmap", "shmdt"].contains(operation)
  }

  /// Whether an operation may succeed although one of its calls failed so.
  private func isHidden(_ injection: Injection, in request: Request) -> Bool {
    guard let operation = cell.context.vocabulary[request.operation] else { return false }
    let isItsWaiting = operation.sleeps.contains(injection.point.call)
    switch injection.fault {
    // Who can choose what becomes of his waiting is told of an interruption, unless he chose otherwise. Any other call
    // may be made again.
    case .interrupted: return !isItsWaiting || !operation.takes.contains("eintr") || request.fields["eintr"] == "retry"
    // Who waits for something may wait again.
    case .wouldBlock: return isItsWaiting || request.fields.keys.contains { $0.hasSuffix("timeout") }
    // On Linux a close that reports a failure has closed all the same.
    default: return injection.point.call == "close"
    }
  }

  /// Fewer bytes, and the right ones; or all of them, where the operation sees to the rest.
  private func judgeShort(
    _ exchange: (request: Request, answer: Answer), by role: RoleProcess, against expected: Expected
  ) throws(CellFailure) {
    let operation = exchange.request.operation
    let seesToTheRest = operation.hasSuffix("_all") || operation.hasSuffix("_records")
    let isToFail = if case .error = expected { true } else { false }
    if seesToTheRest || isToFail || exchange.answer.isOK(butNotWith: "1") {
      progress = .survived
      try cell.check(exchange, by: role, against: expected)
      return
    }
    // What was not transferred is still to come, and the script does not know of it.
    progress = .over
    guard case .ok(let fields) = exchange.answer, case .ok(let demands) = expected,
      fields["return"].flatMap({ Int($0) }) == 1
    else {
      throw CellFailure(
        .failed, "\(cell.describe(role)): one byte was transferred", demanded: "ok return=1",
        asked: "\(exchange.request)", answered: "\(exchange.answer)")
    }
    for demand in demands where demand.key == "buf" {
      guard case .equal(let template) = demand.relation, let got = fields["buf"],
        template.description.hasPrefix(got)
      else {
        throw CellFailure(
          .failed, "\(cell.describe(role)): the byte is another", demanded: "\(demand)", asked: "\(exchange.request)",
          answered: "\(exchange.answer)")
      }
    }
  }
}

extension Answer {
  fileprivate func isOK(butNotWith count: String) -> Bool {
    if case .ok(let fields) = self { fields["return"] != count } else { false }
  }
}
