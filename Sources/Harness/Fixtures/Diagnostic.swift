/// An error in a fixture file: its location, a description and a suggestion.
public struct Diagnostic: Sendable, Hashable, CustomStringConvertible {
  /// The error's position in its file.
  public let location: SourceLocation
  /// The error and, where possible, its correction, on one line.
  public let message: String

  /// The location and the message: `fixtures/peers.yaml:3:5: unknown key 'pier'`.
  public var description: String { "\(location): \(message)" }
}

/// All errors in the fixtures, ordered by file and line.
public struct FixtureErrors: Error, CustomStringConvertible {
  /// The errors, sorted by position.
  public let diagnostics: [Diagnostic]

  /// The errors, one per line.
  ///
  /// The list is shortened, because one typo in an operation's name can cause hundreds of errors.
  public var description: String {
    let shown = diagnostics.prefix(30).map(\.description)
    let rest = diagnostics.count - shown.count
    return (shown + (rest > 0 ? ["and \(rest) more"] : [])).joined(separator: "\n")
  }
}

/// Collects the errors in all files, so that one run reports all of them.
final class DiagnosticLog {
  private var found: [Diagnostic] = []
  private var seen: Set<Diagnostic> = []
  /// The number of errors found, including repeated ones.
  private(set) var count = 0

  /// Adds an error unless it is already present: an error in a scenario is found once for each row of parameters.
  func add(_ location: SourceLocation, _ message: String) {
    count += 1
    let diagnostic = Diagnostic(location: location, message: message)
    if seen.insert(diagnostic).inserted { found.append(diagnostic) }
  }

  func add(_ diagnostics: [Diagnostic]) {
    for diagnostic in diagnostics { add(diagnostic.location, diagnostic.message) }
  }

  func add(whole file: String, _ message: String) {
    add(SourceLocation(file: file, line: 1, column: 1), message)
  }

  /// Returns the result of `body`, unless it reports an error.
  static func collect<Value>(_ body: (DiagnosticLog) -> Value) throws(FixtureErrors) -> Value {
    let log = DiagnosticLog()
    let value = body(log)
    try log.check()
    return value
  }

  /// Throws the collected errors if there are any.
  func check() throws(FixtureErrors) {
    if count > 0 { throw FixtureErrors(diagnostics: sorted) }
  }

  var sorted: [Diagnostic] {
    found.sorted {
      ($0.location.file, $0.location.line, $0.location.column) < (
        $1.location.file, $1.location.line, $1.location.column
      )
    }
  }
}
