/// A peer in which one argument or result of one call is changed.
///
/// The changes are generated from a table of calls.
public struct GeneratedMutant: Sendable, Hashable {
  /// The peer's language.
  let language: String
  /// The call, the argument or result, and the change: `read:arg3:minus-1`.
  let name: String

  /// The language and name: `c read:arg3:minus-1`.
  var description: String { "\(language) \(name)" }
  var call: Substring { name.prefix { $0 != ":" } }

  /// A role in a scenario in which the mutant changes a call.
  struct Site: Sendable, Hashable {
    let scenario: String
    /// The row's parameters: `bytes=4096`.
    let parameters: String
    let role: String

    init(_ scenario: Scenario, role: String) {
      self.scenario = scenario.id
      parameters = scenario.parameters.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
      self.role = role
    }

    var description: String { "\(scenario)[\(parameters)] \(role)" }
  }

  /// Returns this mutant's result as a cell that passes if the mutant is killed.
  ///
  /// `survivedAt` contains the roles in which the mutant survived.
  func result(
    killedAt site: String?, survivedAt sites: [Site] = [], note: String?, isExpected: Bool, seconds: Double,
    configuration: RunConfiguration, isolation: Isolation
  ) -> CellResult {
    let cell = Cell(
      id: "\(Self.mechanism)/\(call)[\(language),\(name)]", scenario: "\(Self.mechanism)/\(call)",
      mechanism: Self.mechanism, title: "\(language): \(name)", spec: "", level: .must, pairing: [], parameters: [:],
      location: SourceLocation(file: "c-peers/generated-mutants/calls.h", line: 1, column: 1))
    let reason = sites.first.map { "not noticed in \(sites.count) roles, such as \($0.description)" }
    let outcome = CellOutcome(
      verdict: site == nil ? .failed : .passed, reason: site == nil ? reason ?? "no scenario notices it" : nil,
      evidence: nil, seconds: seconds)
    return CellResult(
      cell: cell, outcome: outcome, isExpected: isExpected, expectation: note ?? site, isolation: isolation,
      rerun: configuration.rerun("self-test --generated '\(name)'"))
  }

  static let mechanism = "generated"
}

/// The requirements for generated mutants: `generated-mutants.yaml` and `generated-sample.txt` in `fixtures`.
public struct GeneratedMutantList: Sendable {
  /// The peer builds, each of which accepts `--mutant NAME` and `--record`.
  let peers: PeerList
  /// The minimum percentage of mutants that must be killed, by language.
  let floors: [String: Double]
  let equivalents: [Equivalent]
  /// The mutants that every self-test runs, each with the scenario and role that killed the mutant.
  let sample: [(mutant: GeneratedMutant, site: String)]

  /// A pattern for mutants that no test can detect, and the reason.
  struct Equivalent: Sendable {
    let pattern: String
    private let glob: Glob
    let reason: String
    let location: SourceLocation

    init(_ pattern: String, reason: String, location: SourceLocation) {
      self.pattern = pattern
      glob = Glob(pattern)
      self.reason = reason
      self.location = location
    }

    /// Returns whether a pattern such as `close:double`, or `swift close:double`, matches a mutant.
    func matches(_ mutant: String) -> Bool {
      glob.matches(mutant) || glob.matches(String(mutant.drop { $0 != " " }.dropFirst()))
    }
  }

  /// Returns the entry that explains why no test can detect a mutant; nil if a test should detect the mutant.
  func equivalent(_ mutant: GeneratedMutant) -> Equivalent? {
    equivalents.first { $0.matches(mutant.description) }
  }

  /// Returns a peer with the given mutant; if it is nil, the peer records which mutants would change a call.
  func peer(_ language: String, _ mutant: String?) -> PeerDescription? {
    peers[language].map { peer in
      let option = mutant.map { ["--mutant", $0] } ?? ["--record"]
      return PeerDescription(
        language: language, peer: peer.peer.map { $0 + option }, programs: peer.programs.map { $0 + option })
    }
  }
}

extension GeneratedMutantList {
  static let file = "fixtures/generated-mutants.yaml"
  static let sampleFile = "fixtures/generated-sample.txt"

  static func load(root: String, log: DiagnosticLog) -> GeneratedMutantList {
    let peers = PeerList.load(
      files: ["\(root)/fixtures/generated-mutant-peers.yaml"], Installation(root: root), log: log)
    var floors: [String: Double] = [:]
    var equivalents: [Equivalent] = []
    if let document = FixtureFile(at: "\(root)/\(file)", as: file, log: log).flatMap({ FixtureDocument($0, log: log) }),
      let facts = document.root.map("the file", keys: ["floors", "equivalent"], required: ["floors", "equivalent"])
    {
      for (language, value) in facts["floors"]?.map("'floors'") ?? [] {
        guard let text = value.text("a percentage") else { continue }
        floors[language.text] = Double(text.text)
        if floors[language.text] == nil { value.report("'\(abbreviated(text.text))' is not a percentage") }
      }
      equivalents = facts["equivalent"]?.list("mutants").flatMap(Self.equivalents) ?? []
    }
    let lines = FixtureFile(at: "\(root)/\(sampleFile)", as: sampleFile, log: log)?.text(log) ?? ""
    return GeneratedMutantList(
      peers: peers, floors: floors, equivalents: equivalents, sample: lines.split(separator: "\n").compactMap(killed))
  }

  private static func equivalents(_ value: FixtureDocument.Value) -> [Equivalent] {
    let keys = ["mutants", "reason"]
    guard let facts = value.map("an equivalent", keys: keys, required: keys),
      let reason = facts["reason"]?.text("'reason'")?.text
    else { return [] }
    return (facts["mutants"]?.nonEmptyList("mutants") ?? []).compactMap { entry in
      entry.text("a mutant").map { Equivalent($0.text, reason: reason, location: $0.location) }
    }
  }

  /// Parses a line such as `c read:arg3:minus-1 pipe/short-read[] reader`; nil for a comment.
  private static func killed(_ line: Substring) -> (mutant: GeneratedMutant, site: String)? {
    let words = line.split(separator: " ", maxSplits: 2)
    guard words.count == 3, words[0] != "#" else { return nil }
    return (GeneratedMutant(language: String(words[0]), name: String(words[1])), String(words[2]))
  }
}
