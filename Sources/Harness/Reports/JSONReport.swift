import FoundationEssentials

/// The report with all data of a run in one document, for programs.
///
/// `docs/report.schema.json` describes the document; an incompatible change increments `format`.
struct JSONReport: Report {
  private var record = RunRecord()

  mutating func receive(_ event: Event) throws -> String {
    record.receive(event)
    guard case .runEnded(let summary) = event else { return "" }
    return try json(Document(run: record.description, results: record.results, summary: summary))
  }

  private struct Document: Encodable {
    let format = 3
    let run: RunDescription?
    let results: [CellResult]
    let summary: RunSummary
  }
}

/// Encodes a document as JSON, and escapes all characters that could control a terminal or a CI service.
///
/// The encoder escapes only characters below U+0020, as JSON requires, but terminals interpret others as well, and
/// `##[` begins a command of a CI service. Outside of strings, the document contains no such characters, so each can be
/// replaced by its escape.
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
  private enum CodingKeys: String, CodingKey { case verdict, reason, missing, seconds, evidence }

  /// Encodes the verdict, and its reason and evidence if there are any.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(verdict, forKey: .verdict)
    try container.encodeIfPresent(reason, forKey: .reason)
    try container.encodeIfPresent(missing, forKey: .missing)
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
