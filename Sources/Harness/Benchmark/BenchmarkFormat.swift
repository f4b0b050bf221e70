/// The formats of a benchmark report, with the names that `--format` accepts.
public enum BenchmarkFormat: String, Sendable, CaseIterable {
  /// Tables for a terminal.
  case console
  /// All data in one versioned document, the input for `--compare`.
  case json
  /// A page with the same tables.
  case markdown
  /// A self-contained file with charts that needs no network access.
  case html
}

extension BenchmarkDocument {
  /// Returns the report in a format; only the console report uses the style.
  public func report(_ format: BenchmarkFormat, style: Style) throws -> String {
    switch format {
    case .console: BenchmarkConsole(document: self, style: style).text
    case .json: try Harness.json(self)
    case .markdown: BenchmarkMarkdown(document: self).text
    case .html: BenchmarkHTML(document: self).text
    }
  }

  /// The exit status of the command, unless a comparison with a baseline changes it.
  public var status: ExitStatus {
    isComplete ? (problems.isEmpty ? .asExpected : .failures) : .interrupted
  }
}
