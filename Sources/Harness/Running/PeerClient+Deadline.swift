import Glibc
import PeerProtocol

extension PeerClient {
  /// Checks when the current wait of a blocked role will end, if the role's request has a timeout.
  ///
  /// Operations that may wake before their deadlines are not checked, because they do not sleep until the deadline.
  func checkDeadline(of role: RoleProcess, in state: ProcessState, to what: String) throws(CellOutcome) {
    guard state.has64BitTimes, let call = state.systemCall, let request = role.pending,
      let operation = context.registry[request.operation], operation.wakes == nil,
      !operation.sleepsInSlices, let timeout = TimeCheck(registry: context.registry).timeout(of: request),
      timeout > .zero
    else { return }
    let before = ContinuousClock.now
    guard
      let deadline = try inspect(
        role, doing: what,
        { pid throws(SandboxError) in
          try observedDeadline(of: pid, in: call, since: role.requestedAt)
        })
    else { return }
    let problem = role.deadline.problem(
      timeout: timeout, requestedAt: role.requestedAt.instant, look: before...ContinuousClock.now, deadline: deadline)
    guard let problem else { return }
    throw CellOutcome(
      .failed, "\(role.description): \(request.operation) \(problem): it is in \(call)",
      expected: "a wait of \(timeout.seconds) s", request: .request(request))
  }

  /// Returns a function that computes when a process that is asleep in a call will wake, from the interval in which the
  /// call began; nil if the call has no time limit, or the limit is unknown.
  private func observedDeadline(
    of pid: Int, in call: String, since request: Moment
  ) throws(SandboxError) -> DeadlineCheck.Rest? {
    guard let arguments = try sandbox.waitArguments(of: pid)?.arguments, arguments.count > 4,
      let limit = WaitLimit(of: call, arguments)
    else { return nil }
    if case .milliseconds(let argument) = limit {
      let time = Int32(truncatingIfNeeded: arguments[argument])
      return time < 0 ? nil : { ObservedDeadline($0, after: .milliseconds(time)) }
    }
    guard let look = try sandbox.waitArguments(of: pid, address: limit.address), look.arguments == arguments,
      let time = look.time
    else { return nil }
    guard case .deadline(_, let isOfDay) = limit else { return { ObservedDeadline($0, after: time) } }
    let start = ContinuousClock.now
    let rest = time - Moment.time(of: isOfDay ? CLOCK_REALTIME : CLOCK_MONOTONIC)
    let end = ContinuousClock.now
    // If the time-of-day clock was set after the request, the deadline is unknown.
    guard !isOfDay || Moment.now.isSteady(since: request) else { return nil }
    return { _ in ObservedDeadline(start...end, after: rest) }
  }
}
