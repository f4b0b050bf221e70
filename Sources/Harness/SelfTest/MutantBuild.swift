/// The peer builds that contain the mutants; only the self-test uses them.
public struct MutantBuild: Sendable {
  /// The builds, listed as in `fixtures/peers.yaml`; each accepts `--mutant NAME` and `--mutants`.
  public let peers: PeerList

  /// Creates the set of builds from the languages in a file such as `fixtures/mutant-peers.yaml`.
  public init(_ peers: PeerList) { self.peers = peers }

  /// Returns the build for `language` as a peer named `name`, with `mutant` enabled if it is not nil.
  func peer(of language: String, mutant: String?, as name: String) -> PeerDescription? {
    peers[language].map { peer in
      let option = mutant.map { ["--mutant", $0] } ?? []
      return PeerDescription(
        language: name, peer: peer.peer.map { $0 + option }, programs: peer.programs.map { $0 + option },
        greetsAs: language)
    }
  }

  /// Returns the mutants whose builds exist, and a note for each missing build.
  ///
  /// - Throws: ``RunError`` if the user selected mutants, and a mutant's build is missing.
  func available(
    _ mutants: [Mutant], isSelected: Bool
  ) throws(RunError) -> (mutants: [Mutant], notes: [String]) {
    var notes: [String] = []
    for peer in peers.leftOut {
      let count = mutants.count { $0.language == peer.language }
      guard count > 0 else { continue }
      let note = "\(peer.note), so \(counted(count, "mutant")) cannot be run"
      if isSelected { throw RunError(note) }
      notes.append(note)
    }
    return (mutants.filter { peers[$0.language] != nil }, notes)
  }

  /// Runs a language's mutant build in a sandbox, and returns the mutants that it lists.
  func mutants(of language: String, _ context: CellContext) throws(RunError) -> [String] {
    guard let command = peers[language]?.peer else { throw RunError("\(language) has no mutant build") }
    let question = "\(command[0]) --mutants"
    let streams: Sandbox.RoleStreams
    let status: TerminationStatus?
    do throws(SandboxError) {
      let sandbox = try Sandbox(context.sandbox, names: CellNames(), roles: 1)
      streams = sandbox.streams[0]
      let pid = try sandbox.spawn(role: 0, command: command + ["--mutants"])
      streams.input.close()
      var limit = TimeLimit(context.timeout, delay: sandbox.delay.total)
      while !streams.output.isEnded || !streams.error.isEnded || sandbox.terminationStatus(of: pid) == nil,
        !limit.hasPassed(sandbox.delay), !Interruption.isRequested
      {
        try sandbox.wait(limit.remaining())
      }
      status = sandbox.terminationStatus(of: pid)
    } catch {
      throw RunError("\(question) cannot be run: \(error); build it with 'make mutants'")
    }
    if Interruption.isRequested { throw RunError("interrupted before the first cell", status: .interrupted) }
    guard let status, streams.output.isEnded else {
      throw RunError("\(question) did not end within \(context.timeout)")
    }
    guard status == .exit(0) else {
      throw RunError("\(question) ended (\(status)): \(streams.error.remainingLines().last ?? "no reason given")")
    }
    return streams.output.remainingLines()
  }

  /// Returns an error for each of `mutants` that is not in a build and, if they are all mutants, for each mutant that is
  /// only in a build.
  func problems(_ mutants: [Mutant], areAll: Bool, _ context: CellContext) throws(RunError) -> [String] {
    var problems: [String] = []
    for peer in peers.peers {
      let listed = mutants.filter { $0.language == peer.language }
      if listed.isEmpty, !areAll { continue }
      let built = try self.mutants(of: peer.language, context)
      for mutant in listed where !built.contains(mutant.name) {
        let clause = Suggestion.nearestClause(for: mutant.name, among: built)
        problems.append("\(mutant.location): the \(peer.language) build has no mutant '\(mutant.name)'\(clause)")
      }
      for name in built where areAll && !listed.contains(where: { $0.name == name }) {
        problems.append("no entry says which cells must catch the mutant '\(name)' of the \(peer.language) build")
      }
    }
    return problems
  }
}
