import FoundationEssentials

/// One document with everything that is known, for programs. Its form is stable: what changes it, changes `format`.
struct JSONReport: Report {
  private var record = RunRecord()

  mutating func receive(_ event: Event) throws -> String {
    record.receive(event)
    guard case .runEnded(let summary) = event else { return "" }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let document = Document(run: record.description, results: record.results, summary: summary)
    return String(decoding: try encoder.encode(document), as: UTF8.self).escapedForJSON + "\n"
  }

  private struct Document: Encodable {
    let format = 1
    let run: RunDescription?
    let results: [CellResult]
    let summary: RunSummary
  }
}

extension String {
  /// A document without what could harm a terminal. The encoder escapes the control characters below the space, as JSON
  /// demands; a terminal obeys others as well. They can stand in strings alone, so each may stand as its escape.
  var escapedForJSON: String {
    var escaped = String.UnicodeScalarView()
    for scalar in unicodeScalars {
      if scalar.isTreacherous, scalar != "\n" {
        for unit in UTF16.encode(scalar) ?? .init() {
          let digits = String(unit, radix: 16)
          escaped.append(contentsOf: #"\u\#(String(repeating: "0", count: 4 - digits.count))\#(digits)"#.unicodeScalars)
        }
      } else {
        escaped.append(scalar)
      }
    }
    return String(escaped)
  }
}
