import FoundationEssentials

/// One document with all data, for programs.
///
/// `docs/report.schema.json` is its form: a change of the form changes `format`.
struct JSONReport: Report {
  private var record = RunRecord()

  mutating func receive(_ event: Event) throws -> String {
    record.receive(event)
    guard case .runEnded(let summary) = event else { return "" }
    return try json(Document(run: record.description, results: record.results, summary: summary))
  }

  private struct Document: Encodable {
    let format = 2
    let run: RunDescription?
    let results: [CellResult]
    let summary: RunSummary
  }
}

/// A document for programs, without what could control a terminal or a CI service.
///
/// The encoder escapes the control characters below the space, as JSON requires; a terminal obeys others as well, and
/// `##[` begins a command of a CI service. They can be in strings alone, where each may be its escape.
func json(_ document: some Encodable) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  let text = String(decoding: try encoder.encode(document), as: UTF8.self)
  var escaped = String.UnicodeScalarView()
  for scalar in text.unicodeScalars {
    if scalar.isUnsafeToDisplay && scalar != "\n" || scalar == "#" && escaped.last == "#" {
      for unit in UTF16.encode(scalar) ?? .init() {
        let digits = String(unit, radix: 16)
        escaped.append(contentsOf: #"\u\#(String(repeating: "0", count: 4 - digits.count))\#(digits)"#.unicodeScalars)
      }
    } else {
      escaped.append(scalar)
    }
  }
  return String(escaped) + "\n"
}

extension CellOutcome: Encodable {
  private enum CodingKeys: String, CodingKey { case verdict, reason, seconds, evidence }

  /// Encodes the verdict, and its reason and evidence if there are any.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(verdict, forKey: .verdict)
    try container.encodeIfPresent(reason, forKey: .reason)
    try container.encode(seconds, forKey: .seconds)
    try container.encodeIfPresent(evidence, forKey: .evidence)
  }
}

extension Message: Encodable {
  private enum CodingKeys: String, CodingKey { case request, response }

  /// Encodes the text of the message under the key `request` or `response`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(text, forKey: isRequest ? .request : .response)
  }
}
