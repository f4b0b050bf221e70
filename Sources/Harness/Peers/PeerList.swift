import Foundation

/// The commands that start the peer and the example programs of a language.
public struct PeerDescription: Sendable, Hashable {
  /// The name of the language in pairings: `c`, `swift`.
  public let language: String
  /// The command of the peer; nil if it only has examples.
  public let peer: [String]?
  /// The command of an example program, with `{program}` for its name; nil if it has none.
  public let examples: [String]?
  /// The language that the peer reports in its greeting; for a mutant, it differs from `language`.
  let greetsAs: String

  package init(language: String, peer: [String]?, examples: [String]?, greetsAs: String? = nil) {
    self.language = language
    self.peer = peer
    self.examples = examples
    self.greetsAs = greetsAs ?? language
  }

  /// Returns the command of an example program; nil if the language has no examples.
  func example(_ program: String) -> [String]? {
    examples?.map { word in
      word.split(separator: "{program}", omittingEmptySubsequences: false).joined(separator: program)
    }
  }

  /// Returns the path of an example program if each program is a separate file and this one does not exist.
  func missingExample(_ program: String) -> String? {
    guard examples?.first?.contains("{program}") == true, let file = example(program)?.first,
      !FileManager.default.fileExists(atPath: file)
    else { return nil }
    return file
  }

  /// Returns the peer with the command of a tracer in front of its own.
  func traced(by tracer: [String]) -> PeerDescription {
    PeerDescription(language: language, peer: peer.map { tracer + $0 }, examples: examples)
  }
}

/// The languages of the matrix, from `fixtures/peers.yaml` and the files of `--peers`.
///
/// The first language is the reference.
public struct PeerList: Sendable {
  /// The languages, in the order of the files.
  public let peers: [PeerDescription]

  /// The first language, which plays all roles of a control cell, and the other roles in the cells of a mutant.
  public var reference: PeerDescription { peers[0] }
  /// The description of a language; nil if no file lists it.
  public subscript(language: String) -> PeerDescription? { peers.first { $0.language == language } }

  package init(_ peers: [PeerDescription]) { self.peers = peers }

  /// Returns the peers that a plan and its control cells need.
  func peers(in plan: Plan) -> [PeerDescription] {
    let cells = plan.groups.flatMap { $0.cells + ($0.control.map { [$0] } ?? []) }
    let languages = Set(cells.flatMap(\.pairing.languages))
    return peers.filter { languages.contains($0.language) }
  }

  /// The files that the commands name and that exist.
  var files: [String] {
    let words = Set(peers.flatMap { ($0.peer ?? []) + ($0.examples ?? []) })
    return words.filter { $0.hasPrefix("/") && FileManager.default.fileExists(atPath: $0) }.sorted()
  }

  // MARK: - Loading

  /// Reads `files`, in which a command that begins with `./` or `../` is relative to the file, and any other to `root`.
  ///
  /// A later file may add languages, and may replace a language only with `replaces: true`.
  static func load(files: [String], root: String, log: DiagnosticLog) -> PeerList {
    var peers: [PeerDescription] = []
    for file in files {
      guard let source = FixtureFile(at: file, as: file, log: log) else { continue }
      for entry in parse(source, root: root, log: log) {
        guard let index = peers.firstIndex(where: { $0.language == entry.peer.language }) else {
          peers.append(entry.peer)
          continue
        }
        if !entry.replaces {
          log.add(
            entry.location,
            "the language '\(entry.peer.language)' is already defined; choose another name, or add 'replaces: true'")
        }
        peers[index] = entry.peer  // at the same index: the first peer stays the reference
      }
    }
    if peers.isEmpty, log.count == 0 { log.add(whole: files.first ?? "peers", "the file has no language") }
    return PeerList(peers)
  }

  struct Entry {
    let peer: PeerDescription
    let replaces: Bool
    let location: SourceLocation
  }

  static func parse(_ source: FixtureFile, root: String, log: DiagnosticLog) -> [Entry] {
    guard let document = FixtureDocument(source, log: log) else { return [] }
    return (document.root.map("the list of languages") ?? []).compactMap { key, value in
      let language = key.text
      guard Identifier.isDashed(language, startingWithLetter: true) else {
        log.add(
          key.location,
          "'\(abbreviated(language))' cannot be a language: use lower-case letters, digits and dashes, a letter first")
        return nil
      }
      guard let facts = value.map("a language", keys: ["peer", "examples", "replaces"]) else { return nil }
      func command(_ key: String) -> [String]? {
        facts[key]?.text("'\(key)'").map { Self.command($0, file: source.file, root: root) }
      }
      let (peer, examples) = (command("peer"), command("examples"))
      if facts["peer"] == nil, facts["examples"] == nil {
        value.report("'\(language)' must have 'peer' or 'examples'")
      }
      return Entry(
        peer: PeerDescription(language: language, peer: peer, examples: examples),
        replaces: facts["replaces"]?.boolean("'replaces'") ?? false, location: key.location)
    }
  }

  /// Splits a command into words, and makes the path of the program absolute.
  private static func command(_ text: SourceText, file: String, root: String) -> [String] {
    let words = text.words.map(\.text)
    guard let program = words.first else { return [] }
    return [path(program, file: file, root: root)] + words.dropFirst()
  }

  private static func path(_ program: String, file: String, root: String) -> String {
    if program.hasPrefix("/") { return program }
    guard program.hasPrefix("./") || program.hasPrefix("../") else { return "\(root)/\(program)" }
    return URL(fileURLWithPath: file).deletingLastPathComponent().appending(path: program).standardizedFileURL.path
  }
}
