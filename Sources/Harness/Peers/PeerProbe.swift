import PeerProtocol

/// The greeting and speed of a peer, measured when it is first started.
struct ProbedPeer: Sendable {
  let greeting: Greeting
  /// The factor by which the peer takes longer than usual from its start to its first response; at least 1.
  let slowness: Double
}

/// Probes the peers before the first cell.
///
/// Each peer receives a request for a nonexistent operation. If a peer responds with anything but `unsupported`, none
/// of its responses can be trusted.
enum PeerProbe {
  /// Probes the peers, and returns the results by language.
  static func probe(
    _ probed: [PeerDescription], _ peers: PeerList, _ context: CellContext
  ) throws(RunError) -> [String: ProbedPeer] {
    var results: [String: ProbedPeer] = [:]
    for peer in probed where peer.peer != nil {
      do throws(CellOutcome) {
        results[peer.language] = try probe(peer, context)
      } catch {
        let isReference = peer.language == peers.reference.language
        throw runError(error, isReference: isReference)
      }
    }
    return results
  }

  /// Starts a peer whose language is not yet known, and returns its greeting.
  static func identify(_ command: [String], in directory: String?, _ context: CellContext) throws(RunError) -> Greeting
  {
    let peer = PeerDescription(language: "the peer", peer: command, programs: nil, directory: directory)
    do throws(CellOutcome) { return try start(peer, context).greeting } catch {
      throw runError(error, isReference: false)
    }
  }

  private static func runError(_ error: CellOutcome, isReference: Bool) -> RunError {
    let response = error.evidence?.response.map { "; it wrote '\($0.text)'" } ?? ""
    let status: ExitStatus = isReference || error.verdict == .broken ? .brokenEnvironment : .failures
    return RunError((error.reason ?? "") + response, status: Interruption.isRequested ? .interrupted : status)
  }

  /// Probes one peer.
  static func probe(
    _ peer: PeerDescription, _ context: CellContext, nonce: UInt32 = .random(in: .min ... .max)
  ) throws(CellOutcome) -> ProbedPeer {
    let probed = try start(peer, context, nonce: nonce)
    guard probed.greeting.language == peer.greetsAs else {
      throw CellOutcome(
        .failed,
        "the peer of '\(peer.greetsAs)' greets as '\(probed.greeting.language)'; change the name in one of them",
        response: .greeting(probed.greeting))
    }
    return probed
  }

  /// Starts a peer, and returns its responses to requests that involve no other role.
  static func ask(
    _ peer: PeerDescription, _ requests: [Request], _ context: CellContext
  ) throws(RunError) -> [Response] {
    do throws(CellOutcome) {
      let (client, process, _) = try begin(peer, context)
      var responses: [Response] = []
      for request in requests {
        try client.send(request, to: process)
        responses.append(try client.response(of: process).response)
      }
      return responses
    } catch { throw runError(error, isReference: false) }
  }

  /// Starts a peer in a separate sandbox.
  private static func begin(
    _ peer: PeerDescription, _ context: CellContext
  ) throws(CellOutcome) -> (PeerClient, RoleProcess, start: ContinuousClock.Instant) {
    let role = Role(name: "peer", part: .peer, language: nil)
    let process = RoleProcess(
      role: role, index: 0, language: peer.language, command: peer.peer ?? [], directory: peer.directory)
    let client: PeerClient
    do throws(SandboxError) {
      client = PeerClient(
        context: context, sandbox: try Sandbox(context.sandbox, names: CellNames(), roles: 1), roles: [process])
    } catch {
      throw CellOutcome(error)
    }
    let start = ContinuousClock.now
    do throws(CellOutcome) { try client.start(process, arguments: []) } catch {
      guard process.greeting == nil, [.crashed, .timedOut].contains(error.verdict) else { throw error }
      throw error.with(
        reason: "\(error.reason ?? ""); is its command a peer? A peer first prints "
          + "'hello contract=1 language=... operations=...': see docs/peer-protocol.md")
    }
    return (client, process, start)
  }

  private static func start(
    _ peer: PeerDescription, _ context: CellContext, nonce: UInt32 = .random(in: .min ... .max)
  ) throws(CellOutcome) -> ProbedPeer {
    let (client, process, start) = try begin(peer, context)
    let request = Request("no_such_operation_\(nonce)")
    try client.send(request, to: process)
    let response = try client.response(of: process).response
    let elapsed = start.duration(to: .now)
    guard response == .unsupported, let greeting = process.greeting else {
      throw CellOutcome(
        .failed,
        "the \(peer.language) peer is not trusted: its response to an operation that cannot exist is not 'unsupported'",
        expected: "unsupported", request: .request(request), response: .response(response))
    }
    return ProbedPeer(
      greeting: greeting,
      slowness: TimeoutScaling.slowness(firstResponse: elapsed, startup: client.sandbox.startup))
  }

  /// Returns a note for each peer that announces unknown operations or options, because of a typo or a newer peer.
  static func notes(on probed: [String: ProbedPeer], _ registry: OperationRegistry) -> [String] {
    probed.sorted { $0.key < $1.key }.flatMap { language, probed in
      let greeting = probed.greeting
      let unknown = greeting.operations.filter { registry[$0] == nil }
      // The words of a parameter that are not symbols, such as file names, do not contain underscores.
      let odd = greeting.without.filter { omission in
        !greeting.operations.contains(omission.operation)
          || registry[omission.operation]?.takes.contains(omission.parameter) != true
          || omission.word.map { $0.contains("_") && !registry.symbols.contains($0) } == true
      }
      var notes: [String] = []
      if !unknown.isEmpty {
        notes.append(
          "the \(language) peer announces operations that fixtures/operations.yaml does not have: "
            + unknown.joined(separator: ", "))
      }
      if !odd.isEmpty {
        notes.append(
          "the \(language) peer omits options that its operations do not have: "
            + odd.map(\.description).joined(separator: ", "))
      }
      return notes
    }
  }
}
