import Foundation
import PeerProtocol

/// Makes the paths in a peer's command line absolute.
public enum PeerCommand {
  /// Returns the words of a command with absolute paths.
  ///
  /// If the program's name has no slash, the program is looked up in `PATH`. Any other word becomes absolute if it
  /// names an existing file relative to `directory`.
  ///
  /// - Throws: ``RunError`` if there is no such program.
  public static func resolved(
    _ words: [String], in directory: String
  ) throws(RunError) -> [String] {
    guard let program = words.first else { throw RunError("the command of the peer is empty", status: .usage) }
    let files = FileManager.default
    let found: String
    if program.contains("/") {
      found = absolute(program, directory)
      guard files.fileExists(atPath: found) else { throw RunError("there is no file \(found)", status: .usage) }
      guard files.isExecutableFile(atPath: found) else {
        throw RunError(
          "\(found) is not executable; run chmod +x, or write its interpreter before it: python3 \(program)",
          status: .usage)
      }
    } else {
      let path = ProcessInfo.processInfo.environment["PATH"]
      let folders = (path ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":").filter { $0.hasPrefix("/") }
      guard let place = folders.map({ "\($0)/\(program)" }).first(where: files.isExecutableFile) else {
        let beside = files.fileExists(atPath: absolute(program, directory)) ? "; write ./\(program)" : ""
        throw RunError("no directory of PATH has the program '\(program)'\(beside)", status: .usage)
      }
      found = place
    }
    return [found]
      + words.dropFirst().map { word in
        let file = absolute(word, directory)
        return !word.hasPrefix("-") && files.fileExists(atPath: file) ? file : word
      }
  }

  private static func absolute(_ path: String, _ directory: String) -> String {
    path.hasPrefix("/") ? path : URL(fileURLWithPath: "\(directory)/\(path)").standardizedFileURL.path
  }
}

/// Starts a peer whose language is known only from its greeting.
public enum PeerIdentification {
  /// Starts a peer, and returns its description, whose name is the language in the greeting.
  ///
  /// If one of the suite's peers already has that language, the name gets the prefix `checked-`.
  public static func peer(
    _ command: [String], in directory: String, known: [String], _ base: RunConfiguration
  ) throws(RunError) -> PeerDescription {
    let unnamed = PeerDescription(language: "the peer", peer: command, programs: nil, directory: directory)
    let configuration = base.checking(unnamed)
    let context = configuration.context(try MachineProbe.capabilities(configuration))
    let greeting = try PeerProbe.identify(command, in: directory, context)
    let language = greeting.language
    guard Identifier.isDashed(language, startingWithLetter: true) else {
      throw RunError(
        "the greeting names the language '\(language)'; use lower-case letters, then also digits and dashes",
        status: .failures)
    }
    return PeerDescription(
      language: known.contains(language) ? "checked-\(language)" : language, peer: command, programs: nil,
      greetsAs: language, directory: directory)
  }
}

extension Fixtures {
  /// Returns the configuration for a run that checks a peer in addition to the suite's peers.
  public func configuration(checking peer: PeerDescription) -> RunConfiguration { configuration.checking(peer) }
}

extension RunConfiguration {
  /// Returns this configuration with `peer`, the peer to check, as an additional peer.
  func checking(_ peer: PeerDescription) -> RunConfiguration {
    var configuration = RunConfiguration(
      root: root, sandboxInit: sandboxInit, peers: PeerList(peers.peers + [peer]), registry: registry)
    configuration.isolation = isolation
    configuration.timeoutMultiplier = timeoutMultiplier
    configuration.programs = programs
    configuration.incompatibilities = incompatibilities
    configuration.runsIncompatible = runsIncompatible
    configuration.checkedPeer = peer
    return configuration
  }
}
