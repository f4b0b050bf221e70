/// GitHub Actions workflow commands: an annotation at the scenario of each of the first failures, and a summary.
///
/// GitHub shows ten errors per workflow step, and silently discards the others. Cells that are broken because of a failure
/// are only counted.
struct GitHubReport: Report {
  private var record = RunRecord()
  private let paths: WorkspacePaths

  init(paths: WorkspacePaths = WorkspacePaths()) { self.paths = paths }

  private static let maximumAnnotations = 10

  mutating func receive(_ event: Event) -> String {
    record.receive(event)
    guard case .runEnded(let summary) = event else { return "" }
    let results = record.results
    let failed = FailureGroup.all(results)
    // Problems with the run as a whole come first, because they may have caused all failures.
    let problems = summary.problems.map { Self.command("error", [], $0) }
    let annotations = failed.map { group in
      let result = group.failure
      let location = result.outcome.evidence?.location ?? result.cell.location
      return Self.command(
        "error",
        [
          ("file", paths.path(of: location.file)), ("line", "\(location.line)"), ("col", "\(location.column)"),
          ("title", "\(result.verdictInWords): \(result.cell.id)"),
        ],
        [result.outcome.reason ?? result.expectation ?? result.cell.title, group.consequence].compactMap(\.self)
          .joined(separator: "; "))
    }
    let notice = Self.command(
      "notice", [("title", "ipc-interop: \(summary.meaning)")], summary.counts(of: results))
    return ((problems + annotations).prefix(Self.maximumAnnotations) + [notice]).map { $0 + "\n" }.joined()
  }

  /// Returns a workflow command with `%`, newlines and separators escaped.
  private static func command(_ name: String, _ properties: [(String, String)], _ message: String) -> String {
    let properties = properties.map { "\($0)=\(escaped($1).replacing(":", with: "%3A").replacing(",", with: "%2C"))" }
    return "::\(name)\(properties.isEmpty ? "" : " ")\(properties.joined(separator: ","))::\(escaped(message))"
  }

  private static func escaped(_ text: String) -> String {
    text.escapedForDisplay.shortened(to: 1000).replacing("%", with: "%25")
  }
}

/// The endpoint for a badge: a JSON object that shields.io renders as an image.
struct BadgeReport: Report {
  private var record = RunRecord()

  mutating func receive(_ event: Event) throws -> String {
    record.receive(event)
    guard case .runEnded(let summary) = event else { return "" }
    let (passed, failed) = (record.results.passedCount, record.results.failedCount)
    let isGood = summary.exitStatus == .asExpected
    let message =
      isGood ? "\(passed) passed" : failed > 0 ? "\(failed) failed, \(passed) passed" : summary.meaning
    return try json(Badge(message: message, color: isGood ? "brightgreen" : "red"))
  }

  private struct Badge: Encodable {
    let schemaVersion = 1
    let label = "IPC interop"
    let message: String
    let color: String
  }
}
