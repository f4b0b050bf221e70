/// The capabilities of the terminal or file that a console report is written to.
public struct Style: Sendable {
  /// Whether lines can be redrawn, which requires a terminal other than `dumb`.
  public var isTerminal: Bool
  /// Whether text is colored, which requires a terminal and an empty or unset `NO_COLOR`.
  public var colour: Bool
  /// The width in columns.
  public var width: Int
  /// Whether every cell has a line, even if the cell passed.
  public var verbose: Bool

  /// Creates a style; a `width` below 40 columns counts as 40.
  public init(isTerminal: Bool = false, colour: Bool = false, width: Int = 100, verbose: Bool = false) {
    self.isTerminal = isTerminal
    self.colour = colour
    // With fewer columns, even wrapped lines do not fit.
    self.width = max(width, 40)
    self.verbose = verbose
  }

  /// The meaning of a color; the text expresses the same meaning in words.
  enum Paint: String {
    case good = "32"
    case bad = "31"
    case doubtful = "33"
    case heading = "1"
    case faint = "2"
  }

  func painted(_ text: String, _ paint: Paint?) -> String {
    guard colour, let paint, !text.isEmpty else { return text }
    return "\u{1B}[\(paint.rawValue)m\(text)\u{1B}[0m"
  }
}

extension Verdict {
  var paint: Style.Paint {
    switch self {
    case .passed: .good
    case .failed, .crashed, .timedOut: .bad
    case .broken, .leaked: .doubtful
    case .notRun: .faint
    }
  }
}
