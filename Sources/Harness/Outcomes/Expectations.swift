import Foundation

/// The cells that are not expected to pass, from `fixtures/expectations.yaml` or a known-failures file.
///
/// A cell that is expected to fail is still run. To reveal obsolete entries, the run fails if such a cell passes, fails
/// for another reason or does not exist, or if an entry matches too many cells.
public struct Expectations: Sendable {
  /// The entries that apply to this machine.
  let entries: [Entry]
  /// The entries for other machines.
  let others: [Entry]

  init(entries: [Entry], machine: MachineFacts = .current) {
    self.entries = entries.filter { $0.conditions.apply(to: machine) }
    others = entries.filter { !$0.conditions.apply(to: machine) }
  }

  /// Returns the combined expectations from both lists.
  public func adding(_ more: Expectations) -> Expectations {
    Expectations(entries: entries + others + more.entries + more.others)
  }

  /// Returns the expectations without the entries for cells that are not loaded.
  func limited(to scope: LoadingScope) -> Expectations {
    Expectations(entries: entries.filter { scope.containsCells(of: $0.cells) } + others)
  }

  /// Returns the expectations without the entries for fault-injection cells that a run does not have.
  ///
  /// `cells` contains the ids of the cells of the run.
  func limited(toFaultsIn cells: [String]) -> Expectations {
    Expectations(entries: entries.filter { !$0.isForUnknownFault(cells) } + others)
  }

  struct Entry: Sendable {
    let cells: Glob
    let verdict: Verdict
    /// Text that the verdict's reason must contain.
    let reason: String
    let why: String
    /// The day on which the entry becomes stale: `2027-03-01`.
    let review: String
    var conditions = MachineConditions()
    let location: SourceLocation
  }

  /// The maximum number of cells that the entry may match.
  private static let maximumCells = 20

  /// An empty list: every cell must pass.
  public static let none = Expectations(entries: [])

  /// Returns expectations that require every cell to have a mutant's verdict and reason.
  static func caught(_ mutant: Mutant) -> Expectations {
    let entry = Entry(
      cells: Glob("*"), verdict: mutant.verdict, reason: mutant.reason, why: mutant.wrong, review: "",
      location: mutant.location)
    return Expectations(entries: [entry])
  }

  /// Returns whether a cell's outcome is expected, and a note for the report.
  func assess(_ cell: String, _ outcome: CellOutcome) -> (isExpected: Bool, note: String?) {
    let verdict = outcome.verdict
    guard let entry = entries.first(where: { $0.cells.matches(cell) }) else { return (verdict == .passed, nil) }
    guard verdict == entry.verdict else {
      return (
        false, "\(entry.location) expects '\(entry.verdict.rawValue)' (\(entry.why)); it was '\(verdict.rawValue)'"
      )
    }
    guard outcome.reason?.contains(entry.reason) == true else {
      return (false, "\(entry.location) expects the reason '\(entry.reason)'")
    }
    return (true, entry.why)
  }

  /// Returns the errors in the list itself, given all cells in the matrix and today's date.
  func problems(cells: [String], today: String) -> [String] {
    var covered: [String: Entry] = [:]
    return entries.compactMap { entry in
      let matched = cells.filter(entry.cells.matches)
      if matched.isEmpty { return "\(entry.location): no cell matches '\(entry.cells.pattern)'" }
      if matched.count > Self.maximumCells {
        return
          "\(entry.location): '\(entry.cells.pattern)' covers \(matched.count) cells; at most \(Self.maximumCells) may share a reason"
      }
      for cell in matched {
        if let earlier = covered.updateValue(entry, forKey: cell) {
          return "\(entry.location): \(earlier.location) covers \(cell) already"
        }
      }
      return entry.review <= today ? "\(entry.location): its review was due on \(entry.review)" : nil
    }
  }

  // MARK: - Loading

  /// Loads the list of expectations.
  ///
  /// If the file does not exist or contains only comments, all cells are expected to pass.
  static func load(at path: String, as file: String, log: DiagnosticLog) -> Expectations {
    guard FileManager.default.fileExists(atPath: path), let source = FixtureFile(at: path, as: file, log: log) else {
      return .none
    }
    return parse(source, log: log)
  }

  static func parse(
    _ source: FixtureFile, machine: MachineFacts = .current, log: DiagnosticLog
  ) -> Expectations {
    guard !source.isBlank, let document = FixtureDocument(source, log: log) else { return .none }
    return Expectations(entries: document.root.list("expectations").compactMap(entry), machine: machine)
  }

  private static func entry(_ value: FixtureDocument.Value) -> Entry? {
    let keys = ["cells", "verdict", "reason", "why", "review"]
    guard let facts = value.map("an expectation", keys: keys + ["when"], required: keys) else { return nil }
    func text(_ key: String) -> SourceText? { facts[key]?.text("'\(key)'") }
    let unusual = Verdict.allCases.filter { $0 != .passed }
    let verdict = facts["verdict"]?.choice("a verdict that can be expected", among: unusual)
    let (cells, reason, why, review) = (text("cells"), text("reason"), text("why"), text("review"))
    if let review, !isDay(review.text) {
      value.log.add(review.location, "'review' must be a day such as 2027-03-01, not '\(abbreviated(review.text))'")
    }
    guard let cells, let verdict, let reason, let why, let review else { return nil }
    return Entry(
      cells: Glob(cells.text), verdict: verdict, reason: reason.text, why: why.text, review: review.text,
      conditions: facts["when"].map(MachineConditions.init) ?? MachineConditions(), location: value.location)
  }

  /// Whether `text` is a valid YYYY-MM-DD date.
  private static func isDay(_ text: String) -> Bool {
    let style = Date.ISO8601FormatStyle.iso8601.year().month().day()
    return (try? Date(text, strategy: style))?.formatted(style) == text
  }
}

extension Expectations.Entry {
  /// Returns whether the entry is for fault-injection cells of programs or scripts that the run did not record, so that
  /// the run does not show whether the cells exist.
  ///
  /// The id of a fault-injection cell contains its role, followed by a colon: `jobs[c>swift,client:write.1,EINTR]`.
  func isForUnknownFault(_ ids: [String]) -> Bool {
    let pattern = cells.pattern
    guard let bracket = pattern.firstIndex(of: "[") else { return false }
    if let colon = pattern[bracket...].firstIndex(of: ":") {
      return !ids.contains(where: Glob(pattern[...colon] + "*").matches)
    }
    // With a wildcard, the pattern need not contain the role: `jobs[c>swift,*,EINTR]`.
    guard pattern.contains("*"),
      InjectedFault.allCases.contains(where: {
        pattern.hasSuffix(",\($0.rawValue)]") || pattern.hasSuffix("*\($0.rawValue)]")
      })
    else { return false }
    return !ids.contains(where: Glob(pattern[...bracket] + "*:*").matches)
  }
}
