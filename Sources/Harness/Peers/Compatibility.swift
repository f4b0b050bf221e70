import Foundation
import PeerProtocol

/// The ABIs of the peers in a run, and the known incompatibilities between these ABIs.
struct Compatibility: Sendable {
  private let incompatibilities: [Incompatibility]
  /// Whether cells that cannot work are run anyway.
  let runsIncompatible: Bool
  private var platforms: [String: PeerPlatform] = [:]

  /// The compatibility before any peer has been probed, when every cell is expected to work.
  static let unknown = Compatibility([], runsIncompatible: false)

  init(_ incompatibilities: [Incompatibility], runsIncompatible: Bool) {
    self.incompatibilities = incompatibilities
    self.runsIncompatible = runsIncompatible
  }

  /// Returns the compatibility for peers with the given greetings, by language.
  func knowing(_ greetings: [String: Greeting]) -> Compatibility {
    var copy = self
    copy.platforms = greetings.mapValues { PeerPlatform($0) }
    return copy
  }

  /// The platform of each peer, by language.
  var platformsByLanguage: [String: PeerPlatform] { platforms }

  /// Returns the reason given by the first incompatibility that affects a cell; nil if none does.
  func incompatibility(
    of planned: Plan.PlannedCell, _ scenario: Scenario, _ registry: OperationRegistry
  ) -> Incompatibility? {
    guard !incompatibilities.isEmpty, !planned.isControl else { return nil }
    return incompatibilities.first { $0.applies(to: planned, scenario, platforms) }
  }
}

/// A known incompatibility within one ABI or between two ABIs: an entry in `fixtures/abi.yaml`.
struct Incompatibility: Sendable {
  let id: String
  /// Patterns for the affected cells; empty for all cells.
  let cells: [Glob]
  /// The operations that cause the incompatibility in each role that requests them; if empty, every role is affected.
  let operations: Set<String>
  /// The platform properties of which at least one must differ between two affected roles; if empty, no difference is
  /// required.
  let differ: [Property]
  /// The conditions that the platform of one affected role must meet.
  let platforms: [Condition]
  /// Whether a program can avoid the incompatibility.
  let works: Works
  /// A sentence that explains the cause of the incompatibility.
  let why: String
  /// Advice on what a program can do instead.
  let advice: String

  /// Whether programs can avoid the incompatibility, or can never work in the affected roles.
  enum Works: String, CaseIterable, Codable {
    case withCare = "with care"
    case never
  }

  /// The part of an incompatibility that reports contain.
  struct Summary: Sendable, Codable {
    let id: String
    let works: Works
    let why: String
    let advice: String
  }

  var summary: Summary { Summary(id: id, works: works, why: why, advice: advice) }

  /// A platform property.
  enum Property: String, CaseIterable {
    case library, width, abi

    func value(of platform: PeerPlatform) -> String? {
      switch self {
      case .library: platform.library
      case .width: platform.abi.map { "\($0.width)" }
      case .abi: platform.abi?.rawValue
      }
    }
  }

  /// A condition that a platform must meet.
  enum Condition: Hashable {
    case library(String)
    case abi(Set<String>)
    case width(Int)
    case emulated

    func holds(for platform: PeerPlatform) -> Bool {
      switch self {
      case .library(let name): platform.library == name
      case .abi(let names): platform.abi.map { names.contains($0.rawValue) } ?? false
      case .width(let width): platform.abi?.width == width
      case .emulated: platform.isEmulated
      }
    }
  }

  func applies(to planned: Plan.PlannedCell, _ scenario: Scenario, _ known: [String: PeerPlatform]) -> Bool {
    guard cells.isEmpty || cells.contains(where: { $0.matches(planned.cell.id) }) else { return false }
    // This cheap test considers all peers in the cell at once, and rules out most cells.
    let all = planned.pairing.languages.compactMap { known[$0] }
    guard holds(for: all) else { return false }
    let affected = zip(scenario.roles, planned.pairing.languages).filter { role, _ in
      role.part == .peer && (operations.isEmpty || !scenario.operations(of: role.name).isDisjoint(with: operations))
    }.compactMap { known[$1] }
    return affected.count == all.count || holds(for: affected)
  }

  /// Returns whether the affected roles' platforms differ as required and meet the conditions.
  private func holds(for affected: [PeerPlatform]) -> Bool {
    let differs =
      differ.isEmpty
      || differ.contains { property in Set(affected.compactMap(property.value)).count > 1 }
    return differs
      && (platforms.isEmpty || affected.contains { platform in platforms.allSatisfy { $0.holds(for: platform) } })
  }
}

extension Scenario {
  /// Returns the operations that a role requests.
  func operations(of role: String) -> Set<String> {
    steps.reduce(into: []) { operations, step in
      switch step.action {
      case .request(role, let request, _): operations.insert(request.operation)
      case .transcript(role, let line, _): operations.insert(String(line.prefix { $0 != " " }))
      default: break
      }
    }
  }
}

// MARK: - Loading

extension Incompatibility {
  /// Reads `fixtures/abi.yaml`; if the file does not exist, every cell is expected to work.
  static func load(root: String, registry: OperationRegistry, log: DiagnosticLog) -> [Incompatibility] {
    let file = "fixtures/abi.yaml"
    let path = "\(root)/\(file)"
    guard FileManager.default.fileExists(atPath: path), let source = FixtureFile(at: path, as: file, log: log) else {
      return []
    }
    return parse(source, registry: registry, log: log)
  }

  static func parse(_ source: FixtureFile, registry: OperationRegistry, log: DiagnosticLog) -> [Incompatibility] {
    guard !source.isBlank, let document = FixtureDocument(source, log: log) else { return [] }
    let entries = document.root.list("incompatibilities").compactMap { Incompatibility($0, registry) }
    for (entry, value) in zip(entries, document.root.list("incompatibilities"))
    where entries.count(where: { $0.id == entry.id }) > 1 {
      value.report("'\(entry.id)' is the id of another entry")
    }
    return entries
  }

  private init?(_ value: FixtureDocument.Value, _ registry: OperationRegistry) {
    let required = ["id", "works", "why", "advice"]
    let keys = required + ["cells", "operations", "differ", "peers"]
    guard let facts = value.map("an incompatibility", keys: keys, required: required) else { return nil }
    func text(_ key: String) -> String { facts[key]?.text("'\(key)'")?.text ?? "" }
    var operations: Set<String> = []
    for entry in facts["operations"]?.list("operations") ?? [] {
      guard let name = entry.text("an operation")?.text else { continue }
      let group = registry[name] != nil ? [name] : registry.operations(of: name) ?? []
      if group.isEmpty {
        let near = Suggestion.clause(for: name, among: registry.names + registry.mechanisms)
        entry.report("there is no operation or mechanism '\(name)'\(near)")
      }
      operations.formUnion(group)
    }
    id = text("id")
    cells = facts["cells"]?.texts("patterns").map { Glob($0) } ?? []
    self.operations = operations
    differ =
      facts["differ"]?.list("properties").compactMap { $0.choice("a property", among: Property.allCases) } ?? []
    platforms = facts["peers"].map(Self.conditions) ?? []
    works = facts["works"]?.choice("'works'", among: Works.allCases) ?? .never
    why = text("why")
    advice = text("advice")
    if cells.isEmpty, operations.isEmpty { value.report("an entry has 'cells' or 'operations'") }
    if differ.isEmpty, platforms.isEmpty { value.report("an entry has 'differ' or 'peers'") }
  }

  private static func conditions(_ value: FixtureDocument.Value) -> [Condition] {
    let keys = ["library", "abi", "width", "emulated"]
    return (value.map("'peers'", keys: keys) ?? [:]).sorted { $0.key < $1.key }.compactMap { key, value in
      switch key {
      case "library": value.text("a C library").map { .library($0.text) }
      case "abi": .abi(Set(value.texts("ABIs")))
      case "width": value.number("'width'", in: 32...64).map { .width($0) }
      default: value.boolean("'emulated'") ? .emulated : nil
      }
    }
  }
}
