import Foundation
import PeerProtocol

/// The commands that start a language's peer and its whole programs.
public struct PeerDescription: Sendable, Hashable {
  /// The language name in pairings: `c`, `swift`.
  public let language: String
  /// The command that starts the peer; nil if the language only has programs.
  public let peer: [String]?
  /// The command that starts a program, with `{program}` in place of the name; nil if there is none.
  public let programs: [String]?
  /// The commands for individual programs, by program name.
  let named: [String: [String]]
  /// The language that the peer reports in its greeting.
  ///
  /// This differs from `language` for a mutant, and for another build of the same peer.
  let greetsAs: String
  /// The peer's working directory; nil for the sandbox's directory.
  let directory: String?

  package init(
    language: String, peer: [String]?, programs: [String]?, named: [String: [String]] = [:], greetsAs: String? = nil,
    directory: String? = nil
  ) {
    self.language = language
    self.peer = peer
    self.programs = programs
    self.named = named
    self.greetsAs = greetsAs ?? language
    self.directory = directory
  }

  /// The placeholder for the name of a program.
  static let placeholder = "{program}"

  /// Whether the language can play the roles of programs.
  var hasPrograms: Bool { programs != nil || !named.isEmpty }

  /// Returns the command that starts a program; nil if the language does not have that program.
  func program(_ program: String) -> [String]? {
    (named[program] ?? programs)?.map { word in
      word.split(separator: Self.placeholder, omittingEmptySubsequences: false).joined(separator: program)
    }
  }

  /// The first nonexistent file named by the peer's command; nil if all files exist.
  var missingFile: String? {
    peer?.first { $0.hasPrefix("/") && !FileManager.default.fileExists(atPath: $0) }
  }

  /// Returns the first nonexistent file that is the peer's program or is in the directory of the peer list `file`.
  ///
  /// Any other missing file may be an argument, such as a socket that the peer creates.
  func missingProgram(of file: String) -> String? {
    let folder = URL(fileURLWithPath: file).deletingLastPathComponent().standardizedFileURL.path
    return peer?.enumerated().first { index, word in
      (index == 0 || word.hasPrefix("\(folder)/")) && !FileManager.default.fileExists(atPath: word)
    }?.element
  }

  /// Returns the first nonexistent file in a program's command.
  ///
  /// A command without `{program}` is a single file for all programs. If that file does not exist, starting it fails.
  func missingProgram(_ program: String) -> String? {
    let words = named[program] ?? programs?.filter { $0.contains(Self.placeholder) } ?? []
    return words.map { $0.replacing(Self.placeholder, with: program) }.first {
      $0.hasPrefix("/") && !FileManager.default.fileExists(atPath: $0)
    }
  }

  /// Whether the language has a command for a program, and the command's files exist.
  func has(_ program: String) -> Bool { self.program(program) != nil && missingProgram(program) == nil }

  /// Returns the peer with a tracer command prepended to its own.
  func traced(by tracer: [String]) -> PeerDescription {
    PeerDescription(
      language: language, peer: peer.map { tracer + $0 }, programs: programs, named: named, greetsAs: greetsAs,
      directory: directory)
  }
}

/// A language whose peer program does not exist on this machine.
package struct MissingPeer: Sendable, Hashable {
  let language: String
  /// The program path, relative to the root.
  let program: String

  /// The note for a report.
  var note: String { "\(language) is left out: there is no \(program)" }
}

/// The languages in the matrix, from `fixtures/peers.yaml` and the `--peers` files.
///
/// The first language is the reference.
public struct PeerList: Sendable {
  /// The languages, in file order.
  public let peers: [PeerDescription]
  /// The languages that are omitted because their programs do not exist.
  let leftOut: [MissingPeer]
  /// All languages in the files, including those that were not built.
  var languages: [String] { peers.map(\.language) + leftOut.map(\.language) }

  /// The first language, which plays all roles in control cells and the remaining roles in a mutant's cells.
  public var reference: PeerDescription { peers[0] }
  /// The description for a language; nil if no file lists the language.
  public subscript(language: String) -> PeerDescription? { peers.first { $0.language == language } }

  /// The name of the reference peer in a user's project; it contains a space, so no language can have the same name.
  static let referencePeer = "C peer"

  package init(_ peers: [PeerDescription], leftOut: [MissingPeer] = []) {
    self.peers = peers
    self.leftOut = leftOut
  }

  /// Returns the peers that a plan and its control cells need.
  func peers(in plan: Plan) -> [PeerDescription] {
    let cells = plan.groups.flatMap { $0.cells + ($0.control.map { [$0] } ?? []) }
    let languages = Set(cells.flatMap(\.pairing.languages))
    return peers.filter { languages.contains($0.language) }
  }

  /// Returns each language's implementation: the one in its peer's greeting or, if it has no peer, its command.
  ///
  /// Files inside the directory `project` are shown relative to that directory.
  func implementations(_ probed: [String: ProbedPeer], in plan: Plan, project: String?) -> [String: String] {
    var implementations = probed.mapValues(\.greeting.implementation)
    for peer in peers(in: plan) where implementations[peer.language] == nil {
      let words = peer.programs?.map { $0.relative(to: project ?? "") }
      implementations[peer.language] = words?.joined(separator: " ")
    }
    return implementations
  }

  /// Returns the existing files that the commands name; `programs` contains the program names.
  func files(programs: Set<String> = []) -> [String] {
    var words: Set<String> = []
    for peer in peers {
      words.formUnion(peer.peer ?? [])
      words.formUnion(peer.programs ?? [])
      if let directory = peer.directory { words.insert(directory) }
      for program in programs { words.formUnion(peer.program(program) ?? []) }
    }
    return words.filter { $0.hasPrefix("/") && FileManager.default.fileExists(atPath: $0) }.sorted()
  }

  // MARK: - Loading

  /// Reads the languages in `files`.
  ///
  /// A command that begins with `./` or `../` is relative to its file, and any other command is relative to the root.
  ///
  /// A later file may add languages, and may replace a language only with `replaces: true`. A language that has
  /// `optional: true` or is in one of the `optional` files is omitted if its program does not exist. For the `required`
  /// files, a missing program is an error; for other files, it is an error only when the peer is started.
  static func load(
    files: [String], _ installation: Installation, mayLack optional: Set<String> = [],
    mustHave required: Set<String> = [], log: DiagnosticLog
  ) -> PeerList {
    var peers: [PeerDescription] = []
    var leftOut: [MissingPeer] = []
    var places: [String: SourceLocation] = [:]
    for file in files {
      guard let source = FixtureFile(at: file, as: file, log: log) else { continue }
      for entry in parse(source, installation, log: log) {
        let language = entry.peer.language
        if entry.isOptional || optional.contains(file), let missing = entry.peer.missingFile {
          leftOut.append(MissingPeer(language: language, program: missing.relative(to: installation.root)))
          continue
        }
        if required.contains(file), let missing = entry.peer.missingProgram(of: file) {
          log.add(
            entry.location,
            "the peer '\(language)' has no program: there is no file \(missing); build it, or add 'optional: true'")
        }
        guard let index = peers.firstIndex(where: { $0.language == language }), let place = places[language] else {
          peers.append(entry.peer)
          places[language] = entry.location
          continue
        }
        if !entry.replaces {
          log.add(
            entry.location,
            "the language '\(language)' is already defined at \(place); choose another name, or add 'replaces: true'"
              + (file.hasSuffix("mutant-peers.yaml") ? "; 'ipc-interop self-test NAME' runs a mutant" : ""))
        }
        peers[index] = entry.peer  // keep the index, because the first peer stays the reference
      }
    }
    if peers.isEmpty, log.count == 0 { log.add(whole: files.first ?? "peers", "the file has no language") }
    return PeerList(peers, leftOut: leftOut)
  }

  struct Entry {
    let peer: PeerDescription
    let replaces: Bool
    var isOptional = false
    let location: SourceLocation
  }

  static func parse(_ source: FixtureFile, _ installation: Installation, log: DiagnosticLog) -> [Entry] {
    guard let document = FixtureDocument(source, log: log) else { return [] }
    let resolver = CommandResolver(file: source.file, installation: installation)
    return entries(document.root, keys: ["peer", "programs", "greets-as", "replaces", "optional"], resolver)
  }

  /// Parses a map of languages.
  static func entries(_ list: FixtureDocument.Value, keys: [String], _ resolver: CommandResolver) -> [Entry] {
    let log = list.log
    return (list.map("the list of languages") ?? []).compactMap { key, value in
      let language = key.text
      guard Identifier.isDashed(language, startingWithLetter: true) else {
        log.add(
          key.location,
          "'\(abbreviated(language))' cannot be a language: use lower-case letters, then also digits and dashes")
        return nil
      }
      // In a project, most languages have only one command.
      if !keys.contains("peer"), !value.isMap, let text = value.text("the command of a language") {
        let programs = command(text, resolver, log)
        return Entry(
          peer: PeerDescription(language: language, peer: nil, programs: programs), replaces: false,
          location: key.location)
      }
      guard let facts = value.map("a language", keys: keys) else { return nil }
      func programs(_ value: FixtureDocument.Value?, _ key: String) -> [String]? {
        value?.text("'\(key)'").flatMap { command($0, resolver, log) }
      }
      let peer = facts["peer"]?.text("'peer'").flatMap { resolver.command($0, log) }
      var all: [String]?
      var named: [String: [String]] = [:]
      if let value = facts["programs"], value.isMap {
        for (name, value) in value.map("'programs'") ?? [] { named[name.text] = programs(value, name.text) }
      } else {
        all = programs(facts["programs"], "programs")
      }
      if facts["peer"] == nil, facts["programs"] == nil {
        let needed = keys.filter { ["peer", "programs"].contains($0) }.map { "'\($0)'" }.joined(separator: " or ")
        value.report("'\(language)' must have \(needed)")
      }
      return Entry(
        peer: PeerDescription(
          language: language, peer: peer, programs: all, named: named,
          greetsAs: facts["greets-as"]?.text("'greets-as'")?.text, directory: resolver.directory(of: peer)),
        replaces: facts["replaces"]?.boolean("'replaces'") ?? false,
        isOptional: facts["optional"]?.boolean("'optional'") ?? false, location: key.location)
    }
  }

  /// Returns the command that starts programs, and reports each placeholder other than `{program}`.
  ///
  /// `${NAME}` is a shell variable, which is not a placeholder.
  private static func command(_ text: SourceText, _ resolver: CommandResolver, _ log: DiagnosticLog) -> [String]? {
    var index = 0
    while let open = text.firstIndex(of: "{", from: index), let close = text.firstIndex(of: "}", from: open) {
      let name = text[open + 1..<close].text
      if "{\(name)}" != PeerDescription.placeholder, Identifier.isVariable(name), !text[..<open].text.hasSuffix("$") {
        let isNear = Suggestion.nearest(to: name, among: ["program"]) != nil
        let clause = isNear ? "; did you mean '{program}'?" : "; the only placeholder is {program}"
        log.add(text[open...].location, "unknown placeholder '{\(name)}'\(clause)")
      }
      index = close + 1
    }
    return resolver.command(text, log)
  }
}
