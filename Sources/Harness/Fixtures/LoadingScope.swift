/// The mechanisms whose scenarios are loaded.
public struct LoadingScope: Sendable {
  /// The mechanisms; nil for all.
  private let mechanisms: Set<String>?
  private let known: [String]

  /// All mechanisms.
  public static let everything = LoadingScope(mechanisms: nil, known: [])

  private init(mechanisms: Set<String>?, known: [String]) {
    self.mechanisms = mechanisms
    self.known = known
  }

  /// Creates a scope of the mechanisms whose cells `selection` may select.
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
    self.init(mechanisms: isEverything || wanted.isEmpty ? nil : wanted, known: known)
  }

  /// Whether the scenarios of all mechanisms are loaded.
  public var isEverything: Bool { mechanisms == nil }

  func contains(_ mechanism: String) -> Bool { mechanisms?.contains(mechanism) ?? true }

  /// Whether every cell that a pattern matches is loaded.
  func containsCells(of pattern: Glob) -> Bool {
    mechanisms?.isSuperset(of: Self.mechanisms(of: pattern.pattern, among: known)) ?? true
  }

  /// Returns the mechanisms of the cells that a pattern can match: the part of a cell id before the `/` is the
  /// mechanism.
  private static func mechanisms(of pattern: String, among known: [String]) -> [String] {
    guard let slash = pattern.firstIndex(of: "/") else { return known }
    let glob = Glob(String(pattern[..<slash]))
    return known.filter(glob.matches)
  }
}
