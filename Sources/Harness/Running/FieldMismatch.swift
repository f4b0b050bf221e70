import PeerProtocol

/// A response field that does not match its expectation.
public struct FieldMismatch: Sendable, Codable {
  /// The field name.
  public let field: String
  /// The comparison that failed: `=`, `!=`, `<`, `<=`, `>` or `>=`.
  public let relation: String
  /// The expected value, percent-encoded, with its variables filled in.
  public let expected: String
  /// The value in the response, percent-encoded; nil if the response does not have the field.
  public let actual: String?
  /// Whether the field contains a message payload.
  public let isPayload: Bool

  /// The first difference between the bytes; nil if the field is not a payload, or equality is not required.
  var bytes: ByteDifference? {
    guard isPayload, relation == "=", let wanted = PercentEncoding.decode(expected),
      let found = actual.flatMap({ PercentEncoding.decode($0) })
    else { return nil }
    return ByteDifference(expected: wanted, actual: found)
  }

  /// A one-line description of the difference.
  var reason: String {
    guard let actual else { return "the response has no field '\(field)'" }
    guard PercentEncoding.decode(expected) != nil else { return "'\(expected)' is not percent-encoded" }
    let values = "\(field)=\(actual), expected \(field)\(relation)\(expected)"
    return bytes.map { "\(values): \($0.reason)" } ?? values
  }
}
