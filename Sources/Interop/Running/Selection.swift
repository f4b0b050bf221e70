/// Which cells of the matrix a run is to run.
public struct Selection: Sendable {
  /// Cells whose id has one of these in it; a `*` stands for any text. All, when there are none.
  public var filters: [String] = []
  /// Cells that match one of these are left out.
  public var skipped: [String] = []
  public var mechanisms: [String] = []
  /// `c:swift`, `swift:c`: the languages of the first roles, in order. One language alone is that in every role.
  public var pairs: [[String]] = []
  /// The ids of the only cells that are wanted. All, when there are none.
  var cells: Set<String> = []

  public init(filters: [String] = [], skipped: [String] = [], mechanisms: [String] = [], pairs: [[String]] = []) {
    self.filters = filters
    self.skipped = skipped
    self.mechanisms = mechanisms
    self.pairs = pairs
  }

  /// Whether nothing is left out.
  var isEverything: Bool { filters.isEmpty && skipped.isEmpty && mechanisms.isEmpty && pairs.isEmpty && cells.isEmpty }

  func includes(_ cell: Cell) -> Bool {
    (cells.isEmpty || cells.contains(cell.id))
      && (filters.isEmpty || filters.contains { Glob(containing: $0).matches(cell.id) })
      && !skipped.contains { Glob(containing: $0).matches(cell.id) }
      && (mechanisms.isEmpty || mechanisms.contains(cell.mechanism))
      && (pairs.isEmpty || pairs.contains { matches($0, cell.pairing.map(\.language)) })
  }

  /// A pair names the languages role by role, and is repeated where a scenario has more roles than it has names.
  private func matches(_ pair: [String], _ languages: [String]) -> Bool {
    languages.enumerated().allSatisfy { index, language in
      let wanted = pair[index % pair.count]
      return wanted == "*" || wanted == language
    }
  }

  /// Everything that was asked for and is nowhere in the matrix: a misspelt filter must not be a green run.
  package func complaints(mechanisms known: [String], languages: [String], cells: [String]) -> [String] {
    var complaints: [String] = []
    for name in mechanisms where !known.contains(name) {
      complaints.append("there is no mechanism '\(name)'\(Suggestion.clause(for: name, among: known))")
    }
    for language in Set(pairs.joined()).sorted() where language != "*" && !languages.contains(language) {
      complaints.append("there is no language '\(language)'\(Suggestion.clause(for: language, among: languages))")
    }
    let scenarios = Set(cells.map { String($0.prefix { $0 != "[" }) })
    for filter in filters + skipped where !cells.contains(where: { Glob(containing: filter).matches($0) }) {
      let nearest = Suggestion.nearest(to: filter, among: scenarios).map { "did you mean '\($0)'?" }
      complaints.append("no cell matches '\(filter)'; \(nearest ?? "'ipc-interop run --list' shows all")")
    }
    return complaints
  }
}
