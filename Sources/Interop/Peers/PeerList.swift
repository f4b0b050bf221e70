import Foundation
import Yams

/// The languages that take part, as `fixtures/peers.yaml` and the like say. The first is the reference.
public struct PeerList: Sendable {
  public let peers: [PeerDescription]

  public var reference: PeerDescription { peers[0] }

  public subscript(language: String) -> PeerDescription? { peers.first { $0.language == language } }

  package init(_ peers: [PeerDescription]) { self.peers = peers }

  /// Reads `files`, in which relative commands begin at `root`. A later file adds languages, or replaces them.
  public static func load(files: [String], root: String) throws(PeerListError) -> PeerList {
    var peers: [PeerDescription] = []
    for file in files {
      for peer in try read(file, root: root) {
        if let index = peers.firstIndex(where: { $0.language == peer.language }) {
          peers[index] = peer  // in its place: the first stays the reference
        } else {
          peers.append(peer)
        }
      }
    }
    guard !peers.isEmpty else { throw PeerListError("no language takes part: \(files.joined(separator: ", "))") }
    return PeerList(peers)
  }

  private static func read(_ file: String, root: String) throws(PeerListError) -> [PeerDescription] {
    let log = MistakeLog()
    guard let source = ScenarioLoader.Source(at: file, as: file, log: log) else { throw PeerListError(log.told) }
    return try parse(source.bytes, file: file, root: root)
  }

  static func parse(_ bytes: Data, file: String, root: String) throws(PeerListError) -> [PeerDescription] {
    let log = MistakeLog()
    guard let node = Document(file: file, bytes: bytes, log: log)?.root else { throw PeerListError(log.told) }
    guard let languages = node.mapping else {
      throw PeerListError("\(file): it must be a map of languages, each with 'peer' and 'examples'")
    }
    var peers: [PeerDescription] = []
    for (key, value) in languages {
      let place = "\(file):\(key.mark?.line ?? 1):\(key.mark?.column ?? 1)"
      guard let language = key.string, let commands = value.mapping else {
        throw PeerListError("\(place): a language is a map with 'peer' and 'examples'")
      }
      // It stands in the names of cells, and in patterns of them.
      guard language.wholeMatch(of: /[a-z][a-z0-9-]*/) != nil else {
        throw PeerListError(
          "\(place): '\(language)' is no name of a language: small letters, digits and dashes, a letter first")
      }
      for (name, _) in commands where name.string != "peer" && name.string != "examples" {
        throw PeerListError("\(place): '\(name.string ?? "?")' is neither 'peer' nor 'examples'")
      }
      let peer = try command(commands["peer"], root: root, place: place)
      let examples = try command(commands["examples"], root: root, place: place)
      guard peer != nil || examples != nil else {
        throw PeerListError("\(place): '\(language)' has neither 'peer' nor 'examples', and would take part in nothing")
      }
      peers.append(PeerDescription(language: language, peer: peer, examples: examples))
    }
    return peers
  }

  /// The words of a command, the first of them from `root` on.
  private static func command(_ node: Node?, root: String, place: String) throws(PeerListError) -> [String]? {
    guard let node else { return nil }
    guard let words = node.string?.split(separator: " ").map(String.init), let program = words.first else {
      throw PeerListError("\(place): a command is one line of text, its words separated by spaces")
    }
    return [program.hasPrefix("/") ? program : "\(root)/\(program)"] + words.dropFirst()
  }
}

/// A list of peers that cannot be used, and why.
public struct PeerListError: Error, CustomStringConvertible {
  public let description: String
  init(_ description: String) { self.description = description }
}
