/// A language that takes part: how its peer and its example programs are started.
public struct PeerDescription: Sendable, Hashable {
  /// As it stands in pairings: `c`, `swift`.
  public let language: String
  /// The command of the peer; nil when it only has examples.
  public let peer: [String]?
  /// The command of an example program, with `{program}` for its name; nil when it has none.
  public let examples: [String]?
  /// What its greeting must call it: the language, except for a mutant, which takes part under a name of its own.
  let greetsAs: String

  package init(language: String, peer: [String]?, examples: [String]?, greetsAs: String? = nil) {
    self.language = language
    self.peer = peer
    self.examples = examples
    self.greetsAs = greetsAs ?? language
  }

  /// The command of one example program.
  func example(_ program: String) -> [String]? {
    examples?.map { word in
      word.split(separator: "{program}", omittingEmptySubsequences: false).joined(separator: program)
    }
  }
}
