/// The scenarios that are loaded.
public struct LoadingScope: Sendable {
  /// The mechanisms whose scenarios are loaded; nil for all.
  private let mechanisms: Set<String>?
  /// The filters and, for each, the ids of the scenarios whose cells it may match; nil for all scenarios of the
  /// mechanisms.
  private let filters: [(filter: Glob, scenarios: Glob)]?
  private let known: [String]

  /// All scenarios.
  public static let everything = LoadingScope(mechanisms: nil, filters: nil, known: [])

  private init(mechanisms: Set<String>?, filters: [(filter: Glob, scenarios: Glob)]?, known: [String]) {
    self.mechanisms = mechanisms
    self.filters = filters
    self.known = known
  }

  /// Creates a scope of the scenarios whose cells `selection` may select.
  ///
  /// If a name in the selection matches no mechanism, the scope contains all mechanisms, so that the error message can
  /// suggest one of them.
  init(_ selection: Selection, among known: [String]) {
    var wanted = Set(known)
    if !selection.mechanisms.isEmpty { wanted.formIntersection(selection.mechanisms) }
    if !selection.filters.isEmpty {
      let matching = selection.filters.map { Self.mechanisms(of: "*\($0)", among: known) }
      wanted.formIntersection(matching.contains([]) ? known : matching.flatMap(\.self))
    }
    let isEverything = wanted.count == known.count || !Set(selection.mechanisms).isSubset(of: known)
    let filters = selection.filters.compactMap { filter in
      Self.scenarios(of: filter).map { (Glob(containing: filter), $0) }
    }
    // A misspelled '--skip' is an error only if all scenarios of its mechanism are known.
    let isFiltered =
      !isEverything && !filters.isEmpty && filters.count == selection.filters.count && selection.skipped.isEmpty
    self.init(
      mechanisms: isEverything || wanted.isEmpty ? nil : wanted, filters: isFiltered ? filters : nil, known: known)
  }

  /// The scope without the limit to some scenarios of each mechanism.
  var ofWholeMechanisms: LoadingScope { LoadingScope(mechanisms: mechanisms, filters: nil, known: known) }

  /// Whether all scenarios are loaded.
  public var isEverything: Bool { mechanisms == nil }

  /// Whether any scenario of a mechanism is loaded.
  func contains(_ mechanism: String) -> Bool { mechanisms?.contains(mechanism) ?? true }

  /// Whether all scenarios of a mechanism are loaded.
  func containsWhole(_ mechanism: String) -> Bool { contains(mechanism) && filters == nil }

  /// Whether the scenario of a mechanism in the scope is loaded.
  func containsScenario(_ id: String) -> Bool { filters?.contains { $0.scenarios.matches(id) } ?? true }

  /// Whether there is a filter that may match a cell of none of these scenarios.
  func hasFilter(withoutAny scenarios: [Scenario]) -> Bool {
    let ids = Set(scenarios.map(\.id))
    return filters?.contains { !ids.contains(where: $0.scenarios.matches) } ?? false
  }

  /// Whether every cell that a pattern matches is loaded.
  func containsCells(of pattern: Glob) -> Bool {
    if let filters { return filters.contains { $0.filter == pattern } }
    return mechanisms?.isSuperset(of: Self.mechanisms(of: pattern.pattern, among: known)) ?? true
  }

  /// Returns the mechanisms of the cells that a pattern can match: the part of a cell id before the `/` is the
  /// mechanism.
  private static func mechanisms(of pattern: String, among known: [String]) -> [String] {
    guard let slash = pattern.firstIndex(of: "/") else { return known }
    let glob = Glob(String(pattern[..<slash]))
    return known.filter(glob.matches)
  }

  /// Returns a pattern for the ids of the scenarios whose cells a filter can match; nil if there is no mechanism in it.
  ///
  /// The id of a scenario is the part of a cell id before the `[`.
  private static func scenarios(of filter: String) -> Glob? {
    guard let slash = filter.firstIndex(of: "/") else { return nil }
    let end = filter[slash...].firstIndex { $0 == "[" || $0 == "*" } ?? filter.endIndex
    let id = filter[..<end]
    return end < filter.endIndex && filter[end] == "[" ? Glob("*\(id)") : Glob(containing: String(id))
  }
}
