import PeerProtocol

/// A kind of process or object state, which an operation may change only if `fixtures/operations.yaml` permits it.
enum StateKind: String, CaseIterable, Hashable {
  /// An open file description's status flags.
  case flags
  /// A process's blocked signals and pending signals.
  case mask
  /// The signals that a process catches or ignores.
  case dispositions
  /// An object's permissions.
  case permissions
  /// The user who owns an object.
  case owner
  /// The group that owns an object.
  case group
  /// The maximum number of bytes in a message queue (`msg_qbytes`).
  case limit

  /// The name of the object attribute in a resource snapshot; nil for process or descriptor state.
  var attribute: String? {
    switch self {
    case .flags, .mask, .dispositions: nil
    case .permissions: "mode"
    case .owner: "uid"
    case .group: "gid"
    case .limit: "qbytes"
    }
  }

  /// The kinds of state that belong to objects.
  static let ofObjects = allCases.filter { $0.attribute != nil }
}

/// The condition under which an operation may change a kind of state.
enum StateChange: Hashable {
  case always
  /// The operation may change the state if a parameter has this value.
  case value([UInt8])
  /// The operation may change the state if the request has this parameter.
  case parameter(String)

  func applies(to request: Request) -> Bool {
    switch self {
    case .always: true
    case .value(let value): request.fields.entries.contains { $0.value == value }
    case .parameter(let name): request.fields[name] != nil
    }
  }
}

/// Checks that operations do not change state that they must preserve.
struct StateCheck {
  let roles: [RoleProcess]

  /// Returns a failure if the role's state changed although none of the role's operations may change it; otherwise nil.
  func problem(of role: RoleProcess, _ now: ProcessHoldings) -> CellOutcome? {
    do throws(CellOutcome) {
      try check(role, now)
      return nil
    } catch {
      return error
    }
  }

  private func check(_ role: RoleProcess, _ now: ProcessHoldings) throws(CellOutcome) {
    if let before = role.signalsAtStart, let after = now.signals {
      if !role.changed.contains(.mask) {
        try compare(role, "blocks", before.blocked, after.blocked)
        try compare(role, "has pending", before.pending, after.pending)
      }
      if !role.changed.contains(.dispositions) {
        try compare(role, "ignores", before.ignored, after.ignored)
        try compare(role, "catches", before.caught, after.caught)
      }
    }
    // The runner does not know which descriptors an operation has changed. Therefore, one such operation in any role
    // disables this check.
    guard !roles.contains(where: { $0.changed.contains(.flags) || $0.wasKilledWhileBusy }) else { return }
    for (number, flags) in role.sharedFlags.sorted(by: { $0.key < $1.key }) {
      guard let current = now.flags[number], current != flags else { continue }
      throw CellOutcome(
        .failed,
        "the status flags of descriptor \(number) of \(role.description), which other roles share, have changed",
        expected: "\(flags)", response: .line("\(current)"))
    }
  }

  private func compare(
    _ role: RoleProcess, _ what: String, _ before: UInt64, _ after: UInt64
  ) throws(CellOutcome) {
    guard before != after else { return }
    let (gained, lost) = (signals(after & ~before), signals(before & ~after))
    let changes = [gained.map { "\(what) \($0)" }, lost.map { "no longer \(what) \($0)" }].compactMap(\.self)
    throw CellOutcome(
      .failed, "\(role.description) \(changes.joined(separator: " and ")), which no operation requested",
      expected: signals(before) ?? "none", response: .line(signals(after) ?? "none"))
  }

  private func signals(_ mask: UInt64) -> String? {
    let numbers = (0..<64).filter { mask >> UInt64($0) & 1 == 1 }.map { "signal \($0 + 1)" }
    return numbers.isEmpty ? nil : numbers.joined(separator: ", ")
  }
}
