/// The meaning of a name that the suite uses, with its usual causes, the section of the standard, and the remedy.
struct Explanation: Sendable, Encodable {
  let kind: Kind
  let name: String
  let summary: String
  var sections: [Section] = []

  /// The kinds of names that can be explained.
  enum Kind: String, Sendable, CaseIterable, Encodable {
    case mechanism, scenario, verdict, errno, function, mutant, term
    case script = "fault-injection script"
  }

  struct Section: Sendable, Encodable {
    let title: String
    let entries: [Entry]
  }

  /// A sentence and the name that it describes.
  struct Entry: Sendable, Encodable {
    var label: String?
    let text: String
  }

  /// Adds a section, unless it would be empty.
  mutating func add(_ title: String, _ entries: [Entry]) {
    if !entries.isEmpty { sections.append(Section(title: title, entries: entries)) }
  }

  mutating func add(_ title: String, _ texts: [String]) { add(title, texts.map { Entry(text: $0) }) }
}

/// The explanations of a name, one for each of its meanings.
public struct Explanations: Sendable, Encodable, FormattedDocument {
  /// The version of the JSON format.
  let format = 1
  let explanations: [Explanation]

  /// The formats of explanations, with the names that `--format` accepts.
  public static let formats: [ReportFormat] = [.console, .json]

  /// Returns the explanations in one of the ``formats``; nil for any other format.
  public func text(_ format: ReportFormat, style: Style = Style()) throws -> String? {
    switch format {
    case .console: explanations.map { $0.console(style) }.joined(separator: "\n")
    case .json: try json(self)
    default: nil
    }
  }
}

extension Explanation {
  func console(_ style: Style) -> String {
    func indented(_ text: String, by margin: Int, first: String = "") -> [String] {
      text.escapedForDisplay.wrapped(to: max(20, style.width - margin)).enumerated().map { number, line in
        (number == 0 ? first : "").padded(to: margin) + line
      }
    }
    var lines = [style.painted(name.escapedForDisplay, .heading) + " (\(kind.rawValue))"] + indented(summary, by: 2)
    for section in sections {
      lines += ["", style.painted(section.title, .heading)]
      let labels = section.entries.compactMap(\.label).map(\.count)
      // A long label goes on a separate line.
      let column = (labels.filter { $0 <= Self.widestLabel }.max() ?? 0) + 4
      for entry in section.entries {
        guard let label = entry.label?.escapedForDisplay else {
          lines += indented(entry.text, by: 4, first: "  -")
          continue
        }
        if label.count > Self.widestLabel { lines.append("  \(label)") }
        lines += indented(entry.text, by: column, first: label.count > Self.widestLabel ? "" : "  \(label)")
      }
    }
    return lines.map { $0 + "\n" }.joined()
  }

  /// The maximum width of a label on the same line as its sentence.
  private static let widestLabel = 24
}
