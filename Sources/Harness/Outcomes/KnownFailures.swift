import Foundation

/// A user's list of known failures: a file in the expectations format that a run can update.
public struct KnownFailures: Sendable {
  /// The cells that are expected to fail.
  public let expectations: Expectations
  /// The comment at the beginning of the file, preserved by updates.
  private let heading: String

  /// The number of days that a new entry remains valid.
  private static let validDays = 90

  /// Reads the file at `path`; with `mayBeMissing`, a missing file is an empty list.
  ///
  /// - Throws: ``RunError`` if the file cannot be read or has errors.
  public init(path: String, mayBeMissing: Bool = false) throws(RunError) {
    if mayBeMissing, !FileManager.default.fileExists(atPath: path) {
      expectations = .none
      heading = "# Cells that are known to fail: see docs/peer-protocol.md#known-failures.\n"
      return
    }
    guard FileManager.default.fileExists(atPath: path) else {
      throw RunError(
        "\(path) cannot be read: No such file; --update-known-failures creates it after a run", status: .usage)
    }
    let log = DiagnosticLog()
    guard let source = FixtureFile(at: path, as: path, log: log) else {
      throw RunError(log.sorted.map(\.description).joined(separator: "\n"), status: .usage)
    }
    expectations = Expectations.parse(source, log: log)
    do throws(FixtureErrors) { try log.check() } catch { throw RunError("\(error)", status: .usage) }
    heading = String(decoding: source.bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
      .prefix { $0.hasPrefix("#") }.map { $0 + "\n" }.joined()
  }

  /// Returns a problem if cells passed that the list in `file` expects to fail.
  func problems(_ results: [CellResult], file: String) -> [String] {
    let passed = results.count { result in
      result.verdict == .passed && !result.isExpected
        && expectations.entries.contains { $0.cells.matches(result.cell.id) }
    }
    guard passed > 0 else { return [] }
    return ["\(counted(passed, "cell")) passed that \(file) expects to fail; --update-known-failures updates the file"]
  }

  /// The result of an update.
  public struct Update: Sendable {
    /// The new contents of the file.
    public let text: String
    /// The number of entries added.
    public let added: Int
    /// The number of entries removed.
    public let removed: Int
    /// Whether the updated list covers every unexpected result.
    public let coversAll: Bool
  }

  /// Returns the list, updated so that a run's results are expected.
  ///
  /// Entries for other machines, for existing cells that were not run, and for faults that were not injected are kept.
  /// Entries whose review date has passed are also kept, because a person must decide about them. `today` is the current
  /// date, such as `2027-03-01`.
  public func updated(_ results: [CellResult], allCells: [String], today: String) -> Update {
    let run = results.filter { $0.verdict != .notRun }
    let kept = expectations.entries.filter { entry in
      let covered = run.filter { entry.cells.matches($0.cell.id) }
      let exists = allCells.contains(where: entry.cells.matches) || entry.isForUnknownFault(allCells)
      return covered.allSatisfy { Self.holds(entry, for: $0.outcome) } && exists
    }
    let known = Expectations(entries: kept)
    var added: [Expectations.Entry] = []
    var coversAll = true
    for result in run where !known.assess(result.cell.id, result.outcome).isExpected {
      guard [.failed, .crashed, .timedOut, .leaked].contains(result.verdict), let reason = result.outcome.reason else {
        coversAll = coversAll && (result.verdict == .passed || result.isExpected)
        continue
      }
      let former = expectations.entries.first { $0.cells.matches(result.cell.id) }
      added.append(
        Expectations.Entry(
          cells: Glob(result.cell.id), verdict: result.verdict, reason: Self.stablePart(of: reason),
          why: former?.why ?? "Not investigated yet.", review: Self.day(after: today), location: result.cell.location))
    }
    let entries = kept + expectations.others + added
    return Update(
      text: heading + (entries.isEmpty ? "[]\n" : entries.map(Self.text).joined()), added: added.count,
      removed: expectations.entries.count - kept.count, coversAll: coversAll)
  }

  private static func holds(_ entry: Expectations.Entry, for outcome: CellOutcome) -> Bool {
    outcome.verdict == entry.verdict && outcome.reason?.contains(entry.reason) == true
  }

  /// Returns the part of a reason before the first name, process ID or time that is different in every run.
  static func stablePart(of reason: String) -> String {
    let line = reason.prefix { !$0.isNewline }
    let volatile = /ipc-interop-|\/tmp\/|[0-9.]+ ?(ms|s|seconds)\b|process [0-9]|pid=|;\s/
    let end = line.firstMatch(of: volatile)?.range.lowerBound
    let stable = line[..<(end ?? line.endIndex)].prefix(200)
    return stable.allSatisfy(\.isWhitespace) ? String(line.prefix(20)) : String(stable)
  }

  private static func day(after today: String) -> String {
    let style = Date.ISO8601FormatStyle.iso8601.year().month().day()
    let start = (try? Date(today, strategy: style)) ?? .now
    return start.addingTimeInterval(Double(validDays) * 86_400).formatted(style)
  }

  private static func text(_ entry: Expectations.Entry) -> String {
    let conditions = entry.conditions.texts.map { "\($0.key): \(quoted($0.value))" }.joined(separator: ", ")
    return """
      - cells: \(quoted(entry.cells.pattern))
        verdict: \(entry.verdict.rawValue)
        reason: \(quoted(entry.reason))
        why: \(quoted(entry.why))
        review: \(entry.review)\(conditions.isEmpty ? "" : "\n  when: {\(conditions)}")

      """
  }

  /// Returns the text as a JSON string, which is also valid YAML.
  private static func quoted(_ text: String) -> String {
    let string = (try? json(text)) ?? "\"\""
    return string.trimmingCharacters(in: .whitespacesAndNewlines)
  }
}
