import PeerContract

/// A script while a fault is put into one system call of one role, its victim.
///
/// What must hold after a failed call is in `FaultRun+Failures.swift`, after a death in `FaultRun+Deaths.swift`, and of those
/// whom the victim is talking with when its call fails in `FaultRun+Conversations.swift`.
final class FaultRun {
  let cell: CellRun
  /// Nil while the script is only recorded.
  let injection: Injection?
  let table: SystemCallTable
  /// How far the fault has come.
  var progress = Progress.before
  /// Handles that were never made, because of who should have made them or handed them over.
  var missing: Set<HandleReference> = []
  /// Those who wait for what the dead will not do any more: there is no more of the script for them.
  var stuck: Set<String> = []
  private var stepAtHand: Step?

  struct Injection {
    let fault: Fault
    let point: FaultPoint
  }

  enum Progress {
    /// The victim has not been asked yet for what the fault is in.
    case before
    /// It is at work on that.
    case asked(Request, Expected)
    /// It has answered, and the script goes on as if nothing had been.
    case survived
    /// It is dead, and the others go on.
    case dead
    /// What the fault left undone cannot be done again: the script ends here.
    case over
  }

  init(_ cell: CellRun, injection: Injection?, table: SystemCallTable) {
    self.cell = cell
    self.injection = injection
    self.table = table
  }

  func run() -> CellRun.Outcome {
    do throws(CellFailure) {
      for step in cell.scenario.steps {
        stepAtHand = step
        try perform(step)
        if case .over = progress { break }
      }
      stepAtHand = nil
      try finish()
      return CellRun.Outcome(verdict: .passed, reason: nil, evidence: nil)
    } catch {
      return cell.outcome(of: error, at: stepAtHand)
    }
  }

  /// The names of the operations that a role was asked for, in order.
  func operations(of role: RoleProcess) -> [String] {
    role.transcript.filter { $0.hasPrefix("> ") }.map { String($0.dropFirst(2).prefix { $0 != " " }) }
  }

  // MARK: - Steps

  private func perform(_ step: Step) throws(CellFailure) {
    try noteDeath()
    if isBereaved() {
      try performBereaved(step)
      return
    }
    switch step.action {
    case .request(let name, let template, let expected) where name == injection?.point.role:
      guard case .before = progress else { break }
      let role = try cell.started(name)
      let ordinal = operations(of: role).count
      guard let injection, ordinal == injection.point.request else { break }
      let request = try cell.filled(template)
      try cell.send(request, to: role)
      progress = .asked(request, expected)
      try settleVictim(role, expected)
      return
    case .answer(let name, let expected) where name == injection?.point.role:
      guard case .asked = progress else { break }
      try settleVictim(try cell.role(name), expected)
      return
    default: break
    }
    if endsWithFailure { try performMeanwhile(step) } else { try cell.perform(step) }
  }

  /// Takes what the fault makes of the victim's answer, when it is due.
  private func settleVictim(_ role: RoleProcess, _ expected: Expected) throws(CellFailure) {
    guard let injection else { return }
    if case .later = expected { return }
    switch try watch(role, orBlocked: expected.isBlocking) {
    case .blocked, .failed: return
    case .ended:
      guard injection.fault.kills else { throw cell.ended(role, doing: injection.point.operation) }
      try noteDeath()
    case .answered:
      guard case .asked(let request, _) = progress else { return }
      try judge(try cell.answer(of: role), to: request, by: role, against: expected)
    }
  }

  enum Sight { case answered, blocked, ended, failed }

  /// Waits until a role answers, ends, or is seen asleep in its operation; or until the victim has told of its failure.
  func watch(_ role: RoleProcess, orBlocked: Bool, orFailed: Bool = false) throws(CellFailure) -> Sight {
    let deadline = cell.deadline
    let what = role.pending?.operation ?? "answer"
    let calls = cell.context.vocabulary[what]?.sleeps ?? []
    while true {
      if cell.sandbox.streams[role.index].output.hasLine { return .answered }
      if orFailed, hasFailed { return .failed }
      guard let pid = role.pid else { return .ended }
      if cell.sandbox.end(of: pid) != nil { return .ended }
      if orBlocked {
        let look = try? cell.sandbox.look(at: pid)
        if let look, look.isAsleep, !look.hasPendingSignal, calls.contains(look.systemCall), !look.isWaitingForInput {
          return .blocked
        }
      }
      if ContinuousClock.now > deadline { throw cell.hung(role, doing: what) }
      try cell.wait(orBlocked ? .milliseconds(1) : deadline - .now)
    }
  }

  // MARK: - The end

  private func finish() throws(CellFailure) {
    try noteDeath()
    if let injection, case .before = progress {
      throw CellFailure(.broken, "the script never came to the \(injection.point.operation) that the fault is in")
    }
    try releaseTheWaiting()
    let isDead = if case .dead = progress { true } else { false }
    let isOver = if case .over = progress { true } else { false }
    if injection?.fault.kills == true, !isDead {
      throw CellFailure(.broken, "\(injection?.point.role ?? "") was to be killed, and lives")
    }
    // A close that was made to fail has closed nothing: no other ever happens so, and it is not the peer's leak.
    if injection?.point.call == "close", isOver {
      cell.roles.first { $0.name == injection?.point.role }?.isExcused = true
    }
    // A child of the dead goes on by itself.
    try cell.finish(outliving: isDead ? Self.withNames.union([.process]) : isOver ? Self.withNames : [])
    try checkInjection()
  }

  /// Kinds of objects that live until somebody removes them: sysvipc(7), mq_overview(7), shm_overview(7), fifo(7), unix(7).
  private static let withNames: Set<ObjectKind> = [
    .sharedMemory, .semaphores, .messages, .messageQueue, .posixSharedMemory, .fifo, .socket, .file,
  ]

  /// A verdict counts only if the fault was where it was meant to be.
  private func checkInjection() throws(CellFailure) {
    guard let injection, let role = cell.roles.first(where: { $0.name == injection.point.role }) else { return }
    let point = injection.point
    let trace = SystemCallTrace(role.complained)
    let calls = trace.requests.indices.contains(point.request) ? trace.requests[point.request] : []
    let isThere: Bool =
      switch injection.fault {
      case .killedBefore: trace.killed && calls.last?.name == point.call && calls.last?.number == point.number
      case .killedAfter: trace.killed && calls.last?.name == point.next.call && calls.last?.number == point.next.number
      case .short: role.complained.contains { $0.hasPrefix("shortened \(point.call) ") }
      default: calls.contains { $0.name == point.call && $0.number == point.number && $0.isInjected }
      }
    guard isThere else {
      throw CellFailure(
        .broken, "the fault did not meet \(point.call) in request \(point.request + 1) of \(point.role)")
    }
  }
}

extension Expected {
  var isBlocking: Bool { if case .blocks = self { true } else { false } }
}
