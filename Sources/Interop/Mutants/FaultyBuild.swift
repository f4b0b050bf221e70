/// The builds of the peers that have faults to switch on. They never ship.
public struct FaultyBuild: Sendable {
  /// Commands as in `fixtures/peers.yaml`; each takes `--fault NAME` and `--faults`.
  public let peers: PeerList

  public init(_ peers: PeerList) { self.peers = peers }

  /// The faulty build of `language` under the name of `fault`, or under `name` with no fault switched on.
  func peer(of language: String, fault: String?, as name: String) -> PeerDescription? {
    peers[language].map { peer in
      let option = fault.map { ["--fault", $0] } ?? []
      return PeerDescription(
        language: name, peer: peer.peer.map { $0 + option }, examples: peer.examples.map { $0 + option },
        greetsAs: language)
    }
  }

  /// The faults that the peer of a language says that it has. It is asked in a sandbox, as every peer is.
  func faults(of language: String, _ context: CellRun.Context) throws(RunError) -> [String] {
    guard let command = peers[language]?.peer else { throw RunError("there is no faulty peer of \(language)") }
    let question = "\(command[0]) --faults"
    let streams: Sandbox.RoleStreams
    let end: End?
    do throws(SandboxError) {
      let sandbox = try Sandbox(context.sandbox, names: CellNames(), roles: 1)
      streams = sandbox.streams[0]
      let pid = try sandbox.spawn(role: 0, command: command + ["--faults"], inheriting: [], asAnotherUser: false)
      streams.input.close()
      let deadline = ContinuousClock.now + context.patience
      while !streams.output.isEnded || !streams.error.isEnded || sandbox.end(of: pid) == nil,
        ContinuousClock.now < deadline, !Interruption.isRequested
      {
        try sandbox.wait(deadline - .now)
      }
      end = sandbox.end(of: pid)
    } catch {
      throw RunError("\(question) cannot be asked: \(error); 'make build' makes it")
    }
    if Interruption.isRequested { throw RunError("interrupted before the first cell", status: .interrupted) }
    guard let end, streams.output.isEnded else {
      throw RunError("\(question) did not end within \(context.patience)")
    }
    guard end == .exit(0) else {
      throw RunError("\(question) ended (\(end)): \(streams.error.everything().last ?? "it does not say why")")
    }
    return streams.output.everything()
  }

  /// What `mutants` has and the builds have not, and the reverse.
  func complaints(_ mutants: [Mutant], _ context: CellRun.Context) throws(RunError) -> [String] {
    var complaints: [String] = []
    for peer in peers.peers {
      let built = try faults(of: peer.language, context)
      let listed = mutants.filter { $0.language == peer.language }
      for mutant in listed where !built.contains(mutant.fault) {
        let clause = Suggestion.nearest(to: mutant.fault, among: built).map { "; did you mean '\($0)'?" } ?? ""
        complaints.append(
          "\(mutant.location): the faulty build of \(peer.language) has no fault '\(mutant.fault)'\(clause)")
      }
      for fault in built where !listed.contains(where: { $0.fault == fault }) {
        complaints.append("nothing says what must catch the fault '\(fault)' of the faulty build of \(peer.language)")
      }
    }
    return complaints
  }
}
