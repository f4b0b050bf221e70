import PeerProtocol

/// The operations and options that a peer lists in its greeting.
///
/// A cell is not run if it needs any other operation or option.
struct PeerCapabilities: Sendable {
  /// The peer's language in the peer list.
  let language: String
  let operations: Set<String>
  private let omissions: [String: [Omission]]

  init(_ greeting: Greeting, language: String) {
    self.language = language
    operations = Set(greeting.operations)
    omissions = Dictionary(grouping: greeting.without, by: \.operation)
  }

  /// Returns the operation or option that the peer lacks for a request: `mq_open`, or `socket domain=AF_INET6`.
  ///
  /// `value` returns a parameter's text.
  func missing(for operation: String, value: (String) -> String?) -> String? {
    guard operations.contains(operation) else { return operation }
    for omission in omissions[operation] ?? [] {
      guard let text = value(omission.parameter) else { continue }
      guard let word = omission.word else { return "\(operation) \(omission.parameter)" }
      if text.split(whereSeparator: { "|,:".contains($0) }).contains(word[...]) {
        return "\(operation) \(omission.parameter)=\(word)"
      }
    }
    return nil
  }

  func missing(for request: Request) -> String? { missing(for: request.operation) { request.fields[$0] } }

  /// Returns the first capability that a role's steps need but the peer lacks.
  ///
  /// For a golden transcript, the peer needs only enough operations to compare part of the transcript.
  func missing(for role: String, in scenario: Scenario, _ registry: OperationRegistry) -> MissingCapability? {
    if let transcript = GoldenTranscript(scenario) {
      let coverage = transcript.coverage(by: self, registry)
      return coverage.compared > 0 ? nil : coverage.missing.map { MissingCapability(language: language, name: $0) }
    }
    for step in scenario.steps {
      let name: String? =
        switch step.action {
        case .request(role, let request, _): missing(for: request.operation) { request[$0] }
        case .hand(_, let to) where to.role == role: missing(for: Request("adopt"))
        default: nil
        }
      if let name { return MissingCapability(language: language, name: name) }
    }
    return nil
  }
}

/// The capabilities of the peers in a run, by language.
struct CapabilityTable: Sendable {
  private let peers: [String: PeerCapabilities]
  private let registry: OperationRegistry

  /// An empty table: every peer is assumed to support everything.
  static let unknown = CapabilityTable([:], OperationRegistry([]))

  init(_ greetings: [String: Greeting], _ registry: OperationRegistry) {
    self.registry = registry
    peers = Dictionary(uniqueKeysWithValues: greetings.map { ($0, PeerCapabilities($1, language: $0)) })
  }

  subscript(language: String) -> PeerCapabilities? { peers[language] }

  /// Returns the first capability that a cell needs but a role's peer lacks.
  func missing(for scenario: Scenario, languages: [String]) -> MissingCapability? {
    for (role, language) in zip(scenario.roles, languages) where role.part == .peer {
      if let missing = peers[language]?.missing(for: role.name, in: scenario, registry) { return missing }
    }
    return nil
  }

  /// Returns a note for each peer that lacks operations or options, with the number of cells not run as a result.
  func notes(on plan: Plan) -> [String] {
    var cells: [String: Int] = [:]
    for group in plan.groups {
      for planned in group.cells {
        guard let missing = missing(for: group.scenario, languages: planned.pairing.languages) else { continue }
        cells[missing.language, default: 0] += 1
      }
    }
    let total = plan.cells.count
    return peers.values.sorted { $0.language < $1.language }.compactMap { peer in
      let known = registry.names.count { peer.operations.contains($0) }
      let without = peer.omissionCount
      guard known < registry.names.count || without > 0 else { return nil }
      let options = without > 0 ? ", and omits \(counted(without, "option"))" : ""
      let notRun = cells[peer.language, default: 0]
      let consequence = notRun > 0 ? ": \(notRun) of \(counted(total, "cell")) are not run" : ""
      return "the \(peer.language) peer has \(known) of \(registry.names.count) operations\(options)\(consequence)"
    }
  }

  /// Returns the operations that a peer supports and lacks, by mechanism; nil for an unknown peer.
  ///
  /// The summary covers the mechanisms in `selected`, or all mechanisms if it is empty.
  func summary(of language: String, mechanisms selected: [String] = []) -> CapabilitySummary? {
    guard let peer = peers[language] else { return nil }
    var seen: Set<String> = []
    let shown = registry.mechanisms.filter { selected.isEmpty || selected.contains($0) }
    let mechanisms = shown.compactMap { mechanism -> CapabilitySummary.Mechanism? in
      let operations = (registry.operations(of: mechanism) ?? []).filter { seen.insert($0).inserted }
      guard !operations.isEmpty else { return nil }
      return CapabilitySummary.Mechanism(
        mechanism: mechanism, present: operations.filter(peer.operations.contains),
        missing: operations.filter { !peer.operations.contains($0) })
    }
    return CapabilitySummary(language: language, mechanisms: mechanisms, without: peer.without)
  }

  /// Returns a problem for each peer that lacks a required operation.
  func problems(required: [RequiredOperations]) -> [String] {
    peers.values.sorted { $0.language < $1.language }.compactMap { peer in
      let missing = required.flatMap(\.operations).filter { peer.missing(for: Request($0)) != nil }
      guard !missing.isEmpty else { return nil }
      let names = required.map(\.name).joined(separator: ",")
      return "the \(peer.language) peer does not have \(missing.joined(separator: ", ")); "
        + "--require-operations \(names) requires it"
    }
  }
}

extension PeerCapabilities {
  fileprivate var omissionCount: Int { omissions.values.reduce(0) { $0 + $1.count } }
  fileprivate var without: [String] { omissions.values.joined().map(\.description).sorted() }
}

/// The operations that a peer supports and lacks, by mechanism.
public struct CapabilitySummary: Sendable, Codable {
  /// The peer's language.
  public let language: String
  /// The mechanisms with operations that no earlier mechanism has; each operation is listed only once.
  public let mechanisms: [Mechanism]
  /// The options that the peer omits.
  public let without: [String]

  /// One mechanism's operations.
  public struct Mechanism: Sendable, Codable {
    /// The mechanism's name.
    public let mechanism: String
    /// The operations that the peer supports.
    public let present: [String]
    /// The operations that the peer lacks.
    public let missing: [String]
  }
}

/// An operation that each peer must support, or a mechanism; each peer must support all of the mechanism's operations.
public struct RequiredOperations: Sendable, Hashable {
  /// The name that the user specified.
  let name: String
  let operations: [String]

  /// Looks up an operation or mechanism by name.
  ///
  /// - Throws: ``RunError`` if no operation or mechanism has this name.
  public init(_ name: String, in registry: OperationRegistry) throws(RunError) {
    self.name = name
    if registry[name] != nil {
      operations = [name]
    } else if let group = registry.operations(of: name) {
      operations = group
    } else {
      let near = Suggestion.clause(for: name, among: registry.names + registry.mechanisms)
      throw RunError("there is no operation or mechanism '\(name)'\(near)", status: .usage)
    }
  }
}
