import PeerProtocol

/// The check of the peers before the first cell.
///
/// Each peer receives a request for an operation that does not exist. If it does not respond with `unsupported`, none
/// of its responses is trusted.
enum PeerProbe {
  /// Probes the peers, and returns their greetings by language.
  static func greetings(
    of probed: [PeerDescription], _ peers: PeerList, _ context: CellContext
  ) throws(RunError) -> [String: Greeting] {
    var greetings: [String: Greeting] = [:]
    for peer in probed where peer.peer != nil {
      do throws(CellOutcome) {
        greetings[peer.language] = try greeting(of: peer, context)
      } catch {
        let response = error.evidence?.response.map { "; it wrote '\($0.text)'" } ?? ""
        let isReference = peer.language == peers.reference.language
        let status: ExitStatus = isReference || error.verdict == .broken ? .brokenEnvironment : .failures
        throw RunError(
          (error.reason ?? "") + response, status: Interruption.isRequested ? .interrupted : status)
      }
    }
    return greetings
  }

  /// Probes one peer, and returns its greeting.
  static func greeting(
    of peer: PeerDescription, _ context: CellContext, nonce: UInt32 = .random(in: .min ... .max)
  ) throws(CellOutcome) -> Greeting {
    let role = Role(name: "peer", part: .peer, language: nil)
    let process = RoleProcess(role: role, index: 0, language: peer.language, command: peer.peer ?? [])
    let client: PeerClient
    do throws(SandboxError) {
      client = PeerClient(
        context: context, sandbox: try Sandbox(context.sandbox, names: CellNames(), roles: 1), roles: [process])
    } catch {
      throw CellOutcome(error)
    }
    try client.start(process, arguments: [])
    let request = Request("no_such_operation_\(nonce)")
    try client.send(request, to: process)
    let response = try client.response(of: process).response
    guard response == .unsupported else {
      throw CellOutcome(
        .failed,
        "the \(peer.language) peer is not trusted: its response to an operation that cannot exist is not 'unsupported'",
        expected: "unsupported", request: .request(request), response: .response(response))
    }
    guard let greeting = process.greeting, greeting.language == peer.greetsAs else {
      throw CellOutcome(
        .failed,
        "the peer of '\(peer.greetsAs)' greets as '\(process.greeting?.language ?? "")'; change the name in one of them",
        response: process.greeting.map(Message.greeting))
    }
    return greeting
  }

  /// Returns a note for each peer that announces unknown operations: a name is misspelt, or the peer is newer.
  static func notes(on greetings: [String: Greeting], _ registry: OperationRegistry) -> [String] {
    greetings.sorted { $0.key < $1.key }.compactMap { language, greeting in
      let unknown = greeting.operations.filter { registry[$0] == nil }
      guard !unknown.isEmpty else { return nil }
      return "the \(language) peer announces operations that fixtures/operations.yaml does not have: "
        + unknown.joined(separator: ", ")
    }
  }
}
