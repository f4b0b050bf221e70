import FoundationEssentials

/// The report with all data from a run in one document, for programs.
///
/// `docs/report.schema.json` describes the document; ``SavedRun`` reads it.
struct JSONReport: Report {
  private var record = RunRecord()

  mutating func receive(_ event: Event) throws -> String {
    record.receive(event)
    guard case .runEnded(let summary) = event else { return "" }
    return try json(SavedRun(run: record.description, results: record.results, summary: summary))
  }
}

/// The report with one JSON object per line, written as each cell ends, for programs that follow a run.
///
/// `docs/report.schema.json` describes the parts of the objects.
struct JSONLinesReport: Report {
  func receive(_ event: Event) throws -> String {
    switch event {
    case .runStarted(let description): return try line(Line(event: .runStarted, run: description))
    case .cellEnded(let result): return try line(Line(event: .cellEnded, result: result))
    case .runEnded(let summary): return try line(Line(event: .runEnded, summary: summary))
    case .recording, .cellStarted, .timePassed: return ""
    }
  }

  private func line(_ line: Line) throws -> String { try json(line, formatting: []) }

  private struct Line: Encodable {
    let event: Name
    var run: RunDescription?
    var result: CellResult?
    var summary: RunSummary?

    enum Name: String, Encodable {
      case runStarted = "run-started"
      case cellEnded = "cell-ended"
      case runEnded = "run-ended"
    }
  }
}

/// Encodes a document as JSON, and escapes all characters that could control a terminal or a CI service.
///
/// As JSON requires, the encoder escapes only the characters below U+0020. However, terminals also interpret other
/// characters, and `##[` begins a CI service command. The document contains such characters only in strings, so each
/// one can be replaced by its escape.
func json(
  _ document: some Encodable, formatting: JSONEncoder.OutputFormatting = [.prettyPrinted]
) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = formatting.union([.sortedKeys, .withoutEscapingSlashes])
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

extension CellOutcome: Codable {
  private enum CodingKeys: String, CodingKey { case verdict, reason, missing, control, seconds, evidence }

  /// Decodes an outcome from a saved run.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      verdict: try container.decode(Verdict.self, forKey: .verdict),
      reason: try container.decodeIfPresent(String.self, forKey: .reason),
      missing: try container.decodeIfPresent(MissingCapability.self, forKey: .missing),
      evidence: try container.decodeIfPresent(Evidence.self, forKey: .evidence),
      seconds: try container.decode(Double.self, forKey: .seconds))
    control = try container.decodeIfPresent(ControlFailure.self, forKey: .control)
  }

  /// Encodes the verdict, and its reason and evidence if there are any.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(verdict, forKey: .verdict)
    try container.encodeIfPresent(reason, forKey: .reason)
    try container.encodeIfPresent(missing, forKey: .missing)
    try container.encodeIfPresent(control, forKey: .control)
    try container.encode(seconds, forKey: .seconds)
    try container.encodeIfPresent(evidence, forKey: .evidence)
  }
}

extension Message: Codable {
  private enum CodingKeys: String, CodingKey { case request, response }

  /// Decodes a message from a saved run.
  ///
  /// The message is text, because reports do not need its structure.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    if let request = try container.decodeIfPresent(String.self, forKey: .request) {
      self = .rawRequest(request)
    } else {
      self = .line(try container.decode(String.self, forKey: .response))
    }
  }

  /// Encodes the text of the message under the key `request` or `response`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(text, forKey: isRequest ? .request : .response)
  }
}

extension TimedMessage: Codable {
  private enum CodingKeys: String, CodingKey { case seconds }

  /// Decodes the message with its time.
  public init(from decoder: any Decoder) throws {
    let seconds = try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(Double.self, forKey: .seconds)
    self.init(try Message(from: decoder), seconds: seconds ?? 0)
  }

  /// Encodes the message and its time in the same object.
  public func encode(to encoder: any Encoder) throws {
    try message.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(seconds, forKey: .seconds)
  }
}
