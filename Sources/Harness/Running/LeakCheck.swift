/// Finds the kernel objects, processes and descriptors that a cell leaves behind.
struct LeakCheck {
  private let client: PeerClient
  private let names: CellNames
  /// The snapshot taken before the first step.
  private let before: ResourceSnapshot
  /// The programs that may have created each object, determined when the object is first observed.
  private let makers = ObjectMakers()

  init(client: PeerClient, names: CellNames) throws(SandboxError) {
    self.client = client
    self.names = names
    before = try client.sandbox.isolation == .private ? ResourceSnapshot(objects: []) : client.sandbox.snapshot()
  }

  /// Returns the objects that this cell created and that still exist, each with the role that created it.
  func objects() throws(SandboxError) -> [KernelObject] {
    own(try client.sandbox.snapshot().added(since: before)).map { object in
      var object = object
      let creator = client.roles.first { $0.pid != nil && $0.pid == object.creator }
      object.owner =
        (creator ?? client.roles.first { $0.created.contains { $0.matches(object) } })?.name ?? makers[object]
      return object
    }
  }

  /// Records which programs may have created the objects that have appeared since the last call.
  ///
  /// The kernel does not record the creators of most objects, and the runner cannot query the programs.
  func observe() throws(CellOutcome) {
    guard client.roles.contains(where: { !$0.isPeer }) else { return }
    let running = client.roles.filter { !$0.isPeer && $0.pid != nil && !makers.hasEnded($0) }
    // Take the status before the snapshot: a program that exits during the snapshot may have created an object that the
    // snapshot does not contain.
    let ended = running.filter { client.terminationStatus(of: $0) != nil }
    let new: [KernelObject]
    do { new = own(try client.sandbox.snapshot().added(since: before)).filter { !makers.knows($0) } } catch {
      throw CellOutcome(error)
    }
    for object in new where object.kind != .process {
      let holders = running.filter { role in
        guard let pid = role.pid, let name = object.name else { return false }
        return (try? client.sandbox.openFiles(of: pid))?.contains { $0.target == name } == true
      }
      makers.record(object, of: holders.count == 1 ? holders : running)
    }
    for role in ended { makers.recordEnd(of: role) }
  }

  /// Returns the paths of all objects of a given kind that programs have created so far.
  func paths(of kind: ObjectKind) -> Set<String> { makers.names(of: kind) }

  /// Returns the objects that belong to the cell; in a private sandbox, all objects do.
  ///
  /// On a shared machine, the cell's names, keys and processes identify its objects.
  private func own(_ objects: [KernelObject]) -> [KernelObject] {
    guard client.sandbox.isolation == .shared else { return objects }
    let pids = client.roles.compactMap(\.pid)
    let scratch = client.sandbox.scratch + "/"
    return objects.filter { object in
      object.kind == .process || object.name?.contains(names.token) == true
        || object.name?.hasPrefix(scratch) == true || object.key.map(names.keys.contains) == true
        || object.creator.map(pids.contains) == true
    }
  }

  /// Performs an `objects:` step: compares the number of objects of each kind.
  func check(_ counts: [ObjectCount]) throws(CellOutcome) {
    let objects: [KernelObject]
    do { objects = try self.objects() } catch { throw CellOutcome(error) }
    try checkState(of: objects)
    for count in counts {
      let found = objects.filter { $0.kind == count.kind }
      let expected = "\(count.kind.rawValue)=\(count.count)"
      guard found.count == count.count else {
        throw CellOutcome(
          .failed, "the kernel has \(count.kind.rawValue)=\(found.count), expected \(expected)", expected: expected,
          response: .line(found.prefix(5).map(\.description).joined(separator: "; ")))
      }
      guard let mode = count.mode, let other = found.first(where: { $0.state("mode") ?? "" != mode }) else { continue }
      throw CellOutcome(
        .failed, "\(other) does not have mode=\(mode)", expected: "mode=\(mode)", response: .line("\(other)"))
    }
  }

  /// Checks that permissions, owners and limits have not changed since an earlier step, unless an operation was allowed
  /// to change them.
  ///
  /// If a role is a program or was killed during a request, nothing is checked, because the runner does not know which
  /// operations that role has performed.
  private func checkState(of objects: [KernelObject]) throws(CellOutcome) {
    guard client.roles.allSatisfy({ $0.isPeer && !$0.wasKilledWhileBusy }) else { return }
    for kind in StateKind.ofObjects where !client.roles.contains(where: { $0.changed.contains(kind) }) {
      for object in objects {
        guard let name = kind.attribute, let now = object.state(name).map(String.init) else { continue }
        let before = client.objectStates[object]?[kind] ?? now
        client.objectStates[object, default: [:]][kind] = before
        guard now == before else {
          throw CellOutcome(
            .failed,
            "the \(kind.rawValue) of \(object) \(kind == .permissions ? "have" : "has") changed, which no operation requested",
            expected: "\(name)=\(before)", response: .line("\(name)=\(now)"))
        }
      }
    }
  }

  /// Checks the descriptors and signals of a peer that is waiting for its next request.
  func checkHoldings(of role: RoleProcess) throws(CellOutcome) {
    if let request = role.pending {
      throw CellOutcome(.failed, "\(role.description) never responded to '\(request)'", request: .request(request))
    }
    let what = "wait for its next request"
    let state = StateCheck(roles: client.roles)
    try client.wait(for: role, to: what, .every(.milliseconds(1))) { () throws(CellOutcome) -> Void? in
      let held = try client.inspect(role, doing: what) { pid throws(SandboxError) in
        try client.sandbox.holdings(of: pid, shared: role.sharedFlags.keys)
      }
      if held.descriptors.isEmpty { throw client.ended(role, doing: what) }  // a zombie has no open descriptors
      try role.check(held.descriptors)
      guard let problem = state.problem(of: role, held) else { return () }
      // A running process may be in a signal handler with a signal blocked, so check again later.
      if held.signals?.isAsleep == true { throw problem }
      return nil
    }
  }

  /// Checks that nothing is left behind after all roles have terminated.
  ///
  /// Objects of the kinds in `tolerating` may remain, because their creators may have been killed
  /// before they could remove the objects.
  func checkNothingIsLeft(tolerating: Set<ObjectKind>) throws(CellOutcome) {
    let objects: [KernelObject]
    do { objects = try self.objects() } catch { throw CellOutcome(error) }
    let left = unknown(objects).filter { !tolerating.contains($0.kind) }
    if objects.isEmpty, !hasPrivilegedRoles { client.sandbox.allowReuse() }
    guard !left.isEmpty else { return }
    // The reason must fit on one line; the evidence lists more objects.
    let named = left.prefix(left.count > 5 ? 3 : 5).map(\.description).joined(separator: ", ")
    let more = left.count > 5 ? " and \(left.count - 3) more" : ""
    var outcome = CellOutcome(.leaked, "left behind: \(named)\(more)\(resultHint(left))")
    outcome.evidence?.add(leftBehind: left)
    throw outcome
  }

  /// Whether a role may have changed more than a snapshot lists, such as a network interface or a kernel parameter.
  private var hasPrivilegedRoles: Bool {
    client.sandbox.user == 0 || client.roles.contains { $0.role.user == .root }
  }

  /// Returns text to append to a reason, which explains how a scenario can accept a program's result file.
  private func resultHint(_ left: [KernelObject]) -> String {
    guard client.roles.contains(where: { !$0.isPeer }), let file = left.first(where: { $0.kind == .file })?.name else {
      return ""
    }
    return "; if the file is the program's result, add '- file: {\(file): \"...\"}'"
  }

  /// Returns the objects except the files that the scenario creates or compares, and those files' parent directories.
  private func unknown(_ objects: [KernelObject]) -> [KernelObject] {
    objects.filter { object in
      guard object.kind == .file, let name = object.name else { return true }
      return !client.knownFiles.contains { $0 == name || $0.hasPrefix("\(name)/") }
    }
  }

  /// Returns the objects that remain after a cell has ended early, except its roles' processes.
  func leftovers() -> [KernelObject] {
    let pids = Set(client.roles.flatMap { [$0.pid, $0.tracer] }.compactMap(\.self))
    let objects = unknown((try? self.objects()) ?? [])
    return objects.filter { $0.kind != .process || !($0.id.map(pids.contains) ?? false) }
  }
}
