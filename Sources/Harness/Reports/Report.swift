/// Turns a run's events into text for people or programs.
///
/// A report writes nothing itself and does not read the clock, so the same events always produce the same text. A
/// report that is written during the run returns text for each event. A report that is written at the end returns text
/// only for the last event, and an empty string for all others.
public protocol Report: Sendable {
  /// Processes an event, and returns the text to write after it.
  mutating func receive(_ event: Event) throws -> String
}

/// A document that a command prints or writes to a file.
public protocol FormattedDocument {
  /// The formats in which the document is available.
  static var formats: [ReportFormat] { get }
}

/// A run report, available in every format.
public enum RunReport: FormattedDocument {
  /// All formats.
  public static let formats = ReportFormat.allCases
  /// The formats for runs that need not contain all peers, which the page about ABIs compares.
  public static let formatsOfAnyRun = formats.filter { $0 != .abi }
}

/// The report formats, with the names that `--format` accepts.
public enum ReportFormat: String, Sendable, CaseIterable {
  /// Text for a terminal or a log.
  case console
  /// All data in one versioned JSON document, for programs.
  case json
  /// JUnit XML, for the test views of GitLab, Jenkins and similar tools.
  case junit
  /// The Test Anything Protocol, version 14: one line per cell, written when the cell ends.
  case tap
  /// Markdown, for a pull request or a pipeline summary.
  case markdown
  /// A page for a browser; it needs no network access.
  case html
  /// One JSON object per line, written as each cell ends.
  case jsonLines = "json-lines"
  /// GitHub Actions workflow commands that show the first failures at the lines of their scenarios.
  case github
  /// The endpoint for a shields.io badge.
  case badge
  /// A Markdown page about what peers with different ABIs can safely share: `docs/abi.md`.
  case abi

  /// Creates an empty report; only the console report uses the style, and only GitHub annotations use the paths.
  public func makeReport(style: Style, paths: WorkspacePaths = WorkspacePaths()) -> any Report {
    switch self {
    case .console: ConsoleReport(style: style)
    case .json: JSONReport()
    case .junit: JUnitReport()
    case .tap: TAPReport()
    case .markdown: MarkdownReport()
    case .html: HTMLReport()
    case .jsonLines: JSONLinesReport()
    case .github: GitHubReport(paths: paths)
    case .badge: BadgeReport()
    case .abi: ABIReport()
    }
  }
}
