import PeerContract

/// Asks a peer for an operation that cannot exist, before anything that it says is believed.
enum HonestyProbe {
  /// The greeting of an honest peer.
  static func greeting(
    of peer: PeerDescription, names: CellNames, context: CellRun.Context, nonce: UInt32
  ) throws(CellFailure) -> Greeting {
    let role = Role(name: "peer", part: .peer, language: nil, isAnotherUser: false)
    let scenario = Scenario(
      id: "honesty/probe", title: "An operation that cannot exist is unsupported.", spec: "the peer contract",
      level: .must, roles: [role], steps: [], needs: [], parameters: [], pairings: .all, isNegativeControl: false,
      location: SourceLocation(file: "the peer contract", line: 1, column: 1))
    let cell = try CellRun(scenario, languages: ["peer": peer], names: names, context: context)
    let process = try cell.started("peer")
    let request = Request("no_such_operation_\(nonce)")
    try cell.send(request, to: process)
    let (_, answer) = try cell.answer(of: process)
    guard answer == .unsupported else {
      throw CellFailure(
        .failed,
        "the \(peer.language) peer does not call an operation that cannot exist unsupported: nothing that it says counts",
        demanded: "unsupported", asked: "\(request)", answered: "\(answer)")
    }
    guard let greeting = process.greeting else { throw CellFailure(.failed, "the \(peer.language) peer did not greet") }
    guard greeting.language == peer.greetsAs else {
      throw CellFailure(
        .failed, "the peer of '\(peer.greetsAs)' greets as '\(greeting.language)'", answered: "\(greeting)")
    }
    return greeting
  }
}
