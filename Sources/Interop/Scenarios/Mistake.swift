/// One thing that is wrong in a file that people write: where, what, and what would be right.
public struct Mistake: Sendable, Hashable, CustomStringConvertible {
  public let location: SourceLocation
  public let message: String

  public var description: String { "\(location): \(message)" }
}

/// Everything that is wrong in the fixtures, in the order of files and lines.
public struct LoadErrors: Error, CustomStringConvertible {
  public let mistakes: [Mistake]

  /// A line each. Of very many, the first are enough to begin with: one slip in a vocabulary makes hundreds.
  public var description: String {
    let shown = mistakes.prefix(30).map(\.description)
    let rest = mistakes.count - shown.count
    return (shown + (rest > 0 ? ["and \(rest) more"] : [])).joined(separator: "\n")
  }
}

/// Where the parts of the loader leave the mistakes that they find, so that one run names all of them.
final class MistakeLog {
  private var found: [Mistake] = []
  private var seen: Set<Mistake> = []
  /// How often something was found wrong, told or told before.
  private(set) var count = 0

  /// A mistake in a scenario with several rows of parameters is met once a row, and told once.
  func add(_ location: SourceLocation, _ message: String) {
    count += 1
    let mistake = Mistake(location: location, message: message)
    if seen.insert(mistake).inserted { found.append(mistake) }
  }

  func add(_ mistakes: [Mistake]) {
    for mistake in mistakes { add(mistake.location, mistake.message) }
  }

  func add(whole file: String, _ message: String) {
    add(SourceLocation(file: file, line: 1, column: 1), message)
  }

  /// All of them, a line each, for a list that is refused with one text.
  var told: String { LoadErrors(mistakes: sorted).description }

  var sorted: [Mistake] {
    found.sorted {
      ($0.location.file, $0.location.line, $0.location.column) < (
        $1.location.file, $1.location.line, $1.location.column
      )
    }
  }
}
