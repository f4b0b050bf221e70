import Foundation

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

  /// The faults that the peer of a language says that it has.
  func faults(of language: String) throws(RunError) -> [String] {
    guard let command = peers[language]?.peer else { throw RunError("there is no faulty peer of \(language)") }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: command[0])
    process.arguments = command.dropFirst() + ["--faults"]
    let output = Foundation.Pipe()
    process.standardOutput = output
    process.standardInput = FileHandle.nullDevice
    let answer: Data
    do {
      try process.run()
      answer = try output.fileHandleForReading.readToEnd() ?? Data()
    } catch {
      throw RunError(
        "\(command[0]) cannot be asked for its faults: \(error.localizedDescription); 'make build' makes it")
    }
    process.waitUntilExit()
    guard process.terminationReason == .exit, process.terminationStatus == 0 else {
      throw RunError("\(command[0]) --faults ended with status \(process.terminationStatus)")
    }
    return String(decoding: answer, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  /// What `mutants` has and the builds have not, and the reverse.
  func complaints(_ mutants: [Mutant]) throws(RunError) -> [String] {
    var complaints: [String] = []
    for peer in peers.peers {
      let built = try faults(of: peer.language)
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
