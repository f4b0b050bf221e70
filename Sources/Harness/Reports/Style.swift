/// The capabilities of the console report's destination.
public struct Style: Sendable {
  /// Whether lines can be redrawn: on a terminal, and not a dumb one.
  public var isTerminal: Bool
  /// Whether text is coloured: only on a terminal, and not if `NO_COLOR` is set.
  public var colour: Bool
  /// The width of the place, in columns.
  public var width: Int
  /// Whether each cell has a line, whatever its verdict.
  public var verbose: Bool

  /// Creates a style; a `width` below 60 columns counts as 60.
  public init(isTerminal: Bool = false, colour: Bool = false, width: Int = 100, verbose: Bool = false) {
    self.isTerminal = isTerminal
    self.colour = colour
    // In less, the parts of a line would not fit even when it is broken.
    self.width = max(width, 60)
    self.verbose = verbose
  }

  /// The meaning of a colour.
  ///
  /// Colour is never the only sign: each meaning is also a word.
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
    case .unsupported, .broken, .leaked: .doubtful
    case .notRun: .faint
    }
  }
}
