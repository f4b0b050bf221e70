import PeerContract

/// What is seen of a role that is to wait: neither a guess nor a pause, but what `/proc` says of it.
extension CellRun {
  /// Waits until the role is seen asleep in a system call of the operation that it is performing.
  func waitUntilBlocked(_ role: RoleProcess) throws(CellFailure) {
    guard let request = role.pending, let pid = role.pid else {
      throw CellFailure(.broken, "\(role.name) performs nothing in which it could block")
    }
    let calls = context.vocabulary[request.operation]?.sleeps ?? []
    // A peer that waits for its next request sleeps in a read of descriptor 0: it has not begun.
    try waitUntil(role, pid: pid, doing: "block in \(request.operation)", demanded: "blocks") { look in
      calls.contains(look.systemCall) && !look.isWaitingForInput
    }
  }

  /// Waits until a process is seen asleep, with no signal on its way to it, and `isThere`.
  func waitUntil(
    _ role: RoleProcess, pid: Int, doing what: String, demanded: String, isThere: (Sandbox.Look) -> Bool
  ) throws(CellFailure) {
    let deadline = deadline
    var pause = Duration.zero
    while true {
      try wait(pause)
      try refuseAnswer(of: role, demanded: demanded)
      if sandbox.end(of: pid) != nil { throw ended(role, doing: what) }
      let look = try inspect(role, doing: what) { pid throws(SandboxError) in try sandbox.look(at: pid) }
      if look.isAsleep, !look.hasPendingSignal, isThere(look) {
        // What it said before it fell asleep is there by now: an answer that came ahead of the call is none.
        try wait(.zero)
        return try refuseAnswer(of: role, demanded: demanded)
      }
      if ContinuousClock.now > deadline { throw hung(role, doing: what) }
      pause = min(pause + .milliseconds(1), .milliseconds(5))
    }
  }

  private func refuseAnswer(of role: RoleProcess, demanded: String) throws(CellFailure) {
    guard role.role.part == .peer, sandbox.streams[role.index].output.hasLine else { return }
    let (request, answer) = try answer(of: role)
    throw CellFailure(
      .failed, "\(describe(role)): \(request.operation) returned where it must block", demanded: demanded,
      asked: "\(request)", answered: "\(answer)")
  }
}
