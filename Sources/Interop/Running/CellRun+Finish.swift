/// What must hold when the script is over: nobody has more to say, everybody ends well, and nothing is left behind.
extension CellRun {
  /// - Parameter outliving: Kinds of objects of which some may be left: what has a name outlives a maker who was killed
  ///   before he could remove it.
  func finish(outliving: Set<ObjectKind> = []) throws(CellFailure) {
    let living = roles.filter { $0.pid != nil && !$0.endIsKnown }
    for role in living where role.role.part == .peer && !role.inputEnded && !role.isExcused {
      try checkDescriptors(of: role)
    }
    for role in living {
      if role.role.part == .peer { sandbox.streams[role.index].input.close() }
      try waitForEnd(of: role, .exit(0))
    }
    for role in roles where role.pid != nil {
      if role.role.part == .peer { try checkSilence(of: role) } else { try checkNothingIsRepeated(by: role) }
    }
    try checkNothingIsLeft(outliving)
  }

  /// Nobody need have taken the answer of a role that was killed, or whose input ended, while it was at work.
  private func checkSilence(of role: RoleProcess) throws(CellFailure) {
    if role.pending != nil { _ = sandbox.streams[role.index].output.nextLine() }
    try refuseChatter(of: role)
  }

  /// What a step sees once stands there once: a program that forks may print what it had in its buffer twice.
  private func checkNothingIsRepeated(by role: RoleProcess) throws(CellFailure) {
    for text in Set(role.seen) {
      let (printed, demanded) = (role.printed.count { $0.contains(text) }, role.seen.count { $0 == text })
      guard printed == demanded else {
        throw CellFailure(
          .failed, "\(describe(role)) printed '\(text)' \(printed) times instead of \(demanded)", demanded: text,
          answered: role.printed.joined(separator: "\n"))
      }
    }
  }

  private func checkDescriptors(of role: RoleProcess) throws(CellFailure) {
    if let request = role.pending {
      throw CellFailure(.failed, "\(describe(role)) never answered '\(request)'", asked: "\(request)")
    }
    let held = try inspect(role, doing: "wait for its next request") { pid throws(SandboxError) in
      try sandbox.descriptors(of: pid)
    }
    if held.isEmpty { throw ended(role, doing: "wait for its next request") }  // a zombie holds none
    if let complaint = role.complaint(about: held) { throw complaint }
  }

  private func checkNothingIsLeft(_ outliving: Set<ObjectKind>) throws(CellFailure) {
    var left: [String]
    do { left = own(try sandbox.census().added(since: before)) } catch { throw CellFailure(error) }
    left.removeAll { object in Census.kind(of: object).map(outliving.contains) ?? false }
    guard left.isEmpty else {
      var failure = CellFailure(.leaked, "left behind: \(left.joined(separator: ", "))")
      failure.evidence.leftBehind = left
      throw failure
    }
  }
}
