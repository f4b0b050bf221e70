/// A selection of the cells in the matrix.
public struct Selection: Sendable {
  /// Patterns that select every cell whose id contains at least one pattern.
  ///
  /// An empty list selects all cells.
  ///
  /// `*` matches any text.
  public var filters: [String] = []
  /// Patterns that exclude every cell whose id contains at least one pattern.
  public var skipped: [String] = []
  /// The mechanisms to run, such as `pipe`; an empty list selects all mechanisms.
  public var mechanisms: [String] = []
  /// The languages that play the first roles, in order: `c:swift`, `swift:c`.
  ///
  /// A single language plays every role.
  public var pairs: [[String]] = []
  /// A language that must play a role in each cell; nil for all cells.
  public var involved: String?
  /// The ids of the cells to run; nil for all cells.
  public var cells: Set<String>?

  /// Creates a selection; without arguments, it contains all cells.
  public init(filters: [String] = [], skipped: [String] = [], mechanisms: [String] = [], pairs: [[String]] = []) {
    self.filters = filters
    self.skipped = skipped
    self.mechanisms = mechanisms
    self.pairs = pairs
  }

  /// Whether all cells are selected.
  var isEverything: Bool {
    filters.isEmpty && skipped.isEmpty && mechanisms.isEmpty && pairs.isEmpty && involved == nil && cells == nil
  }

  /// Returns an error for each requested name that is not in the matrix, so that a run with a misspelled filter fails.
  package func problems(
    mechanisms known: [String], languages: [String], cells: [String], scope: LoadingScope = .everything,
    listing: String = "run --list"
  ) -> [String] {
    nameProblems(mechanisms: known, languages: languages, scope: scope)
      + Self.problems(of: filters + skipped, cells: cells, scope: scope, listing: listing)
  }

  /// Returns an error for each nonexistent mechanism or language.
  ///
  /// `files` are the user's scenario files; empty for the suite's scenarios.
  func nameProblems(
    mechanisms known: [String], languages: [String], scope: LoadingScope = .everything, files: [String] = []
  ) -> [String] {
    var problems: [String] = []
    for name in mechanisms where !known.contains(name) && scope.containsWhole(name) {
      let nearest = Suggestion.nearest(to: name, among: known).map { "did you mean '\($0)'?" }
      let advice = nearest ?? (files.isEmpty ? "'ipc-interop mechanisms' shows all" : "--list shows all scenarios")
      problems.append("there is no mechanism '\(name)'\(Self.place(files)); \(advice)")
    }
    for language in Set(pairs.joined()).sorted() where language != "*" && !languages.contains(language) {
      problems.append("there is no language '\(language)'\(Suggestion.clause(for: language, among: languages))")
    }
    return problems
  }

  /// Returns the user's scenario files, as a part of an error message; empty for the suite's scenarios.
  private static func place(_ files: [String]) -> String {
    files.isEmpty ? "" : " in \(files.joined(separator: ", "))"
  }

  /// Returns an error for each pattern that matches no cell; `listing` is the command that lists all cells.
  ///
  /// `files` are the user's scenario files; empty for the suite's scenarios.
  static func problems(
    of patterns: [String], cells: [String], scope: LoadingScope = .everything, listing: String, files: [String] = []
  ) -> [String] {
    var problems: [String] = []
    for filter in patterns {
      let glob = Glob(containing: filter)
      if cells.contains(where: glob.matches) || !scope.containsCells(of: glob) { continue }
      let scenarios = Set(cells.map { String($0.prefix { $0 != "[" }) })
      let nearest = Suggestion.nearest(to: filter, among: scenarios).map { "did you mean '\($0)'?" }
      let advice = nearest ?? (files.isEmpty ? "'ipc-interop \(listing)' shows all" : "--list shows all scenarios")
      problems.append("no cell\(place(files)) matches '\(filter)'; \(advice)")
    }
    return problems
  }

  /// Returns a note for each `--skip` pattern that excludes none of the cells.
  func skipNotes(cells: [String]) -> [String] {
    skipped.withoutDuplicates.filter { pattern in !cells.contains(where: Glob(containing: pattern).matches) }
      .map { "--skip '\($0)' leaves out no cell" }
  }

  /// Returns whether a pairing has the languages of `pair`, compared role by role.
  ///
  /// If the scenario has more roles than `pair` has names, the names are repeated.
  static func matches(_ pair: [String], _ pairing: [Cell.Assignment]) -> Bool {
    // In a user's project, the suite's reference peer may play roles in any pair.
    pairing.filter { $0.language != PeerList.referencePeer }.enumerated().allSatisfy { index, assignment in
      let wanted = pair[index % pair.count]
      return wanted == "*" || wanted == assignment.language
    }
  }
}

/// A selection with compiled patterns, which are compared with every cell in the matrix.
struct CellFilter {
  private let selection: Selection
  private let filters: [Glob]
  private let skipped: [Glob]

  init(_ selection: Selection) {
    self.selection = selection
    filters = selection.filters.map(Glob.init(containing:))
    skipped = selection.skipped.map(Glob.init(containing:))
  }

  func includes(_ cell: Cell) -> Bool {
    (selection.cells?.contains(cell.id) ?? true)
      && (selection.mechanisms.isEmpty || selection.mechanisms.contains(cell.mechanism))
      && (selection.involved == nil || cell.pairing.contains { $0.language == selection.involved })
      && (selection.pairs.isEmpty || selection.pairs.contains { Selection.matches($0, cell.pairing) })
      && (filters.isEmpty || filters.contains { $0.matches(cell.id) })
      && !skipped.contains { $0.matches(cell.id) }
  }
}
