/// A difference between a cell and an earlier recording or transcript.
public enum Difference: Sendable, Codable {
  /// A difference from a golden transcript.
  case transcript(TranscriptDifference)
  /// A difference from the recording of a user's programs.
  case recording(ExplainedDifference)

  /// The difference from a golden transcript; nil for a difference from a recording.
  var transcript: TranscriptDifference? { if case .transcript(let difference) = self { difference } else { nil } }

  /// The difference from a recording; nil for a difference from a golden transcript.
  var recording: ExplainedDifference? { if case .recording(let difference) = self { difference } else { nil } }

  /// Decodes a difference from a saved run.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self =
      container.contains(.location)
      ? .transcript(try TranscriptDifference(from: decoder)) : .recording(try ExplainedDifference(from: decoder))
  }

  /// Encodes an object with the key `reason`, and the exchange or the bytes if present.
  public func encode(to encoder: any Encoder) throws {
    switch self {
    case .transcript(let difference): try difference.encode(to: encoder)
    case .recording(let difference): try difference.encode(to: encoder)
    }
  }

  private enum CodingKeys: CodingKey { case location }
}

/// A difference from a recording: a sentence, and the bytes that differ.
public struct ExplainedDifference: Sendable, Codable {
  /// The sentence that names the role, the object and the difference.
  public let reason: String
  /// The recorded bytes around the first difference, with their offset; nil if no bytes differ.
  public private(set) var recorded: String?
  /// The bytes that the role sent or stored instead.
  public private(set) var sent: String?
  /// The bytes that the role received instead.
  public private(set) var received: String?

  init(_ difference: RecordingDifference, languages: [String: String]) {
    reason = difference.explanation(languages: languages)
    recorded = difference.bytes?.recorded
    sent = difference.isReception ? nil : difference.bytes?.actual
    received = difference.isReception ? difference.bytes?.actual : nil
  }

  /// The actual bytes, labeled `sent` or `received`; nil if no bytes differ.
  var actual: (label: String, bytes: String)? { sent.map { ("sent", $0) } ?? received.map { ("received", $0) } }
}
