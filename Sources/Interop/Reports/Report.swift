/// Tells people or programs about a run, of which it knows nothing but its events.
///
/// A report is a fold: it writes nothing itself and reads no clock, so the same events always give the same text. One
/// that writes as the run goes on answers each event with text, one that can only be written at the end answers all
/// but the last with an empty string.
public protocol Report: Sendable {
  /// Takes an event in, and returns the text to be written now.
  mutating func receive(_ event: Event) throws -> String
}

/// The forms in which a run can be reported, by the names that `--format` takes.
public enum ReportFormat: String, Sendable, CaseIterable {
  /// For a person at a terminal, or who reads a log.
  case console
  /// For programs: everything that is known, in one versioned document.
  case json
  /// For the test views of GitLab, Jenkins and their like.
  case junit
  /// The Test Anything Protocol, version 14: one line a cell, as it ends.
  case tap
  /// For a pull request, or a summary beside a pipeline.
  case markdown

  /// An empty report; only the console looks at the style.
  public func makeReport(style: Style) -> any Report {
    switch self {
    case .console: ConsoleReport(style: style)
    case .json: JSONReport()
    case .junit: JUnitReport()
    case .tap: TAPReport()
    case .markdown: MarkdownReport()
    }
  }
}
