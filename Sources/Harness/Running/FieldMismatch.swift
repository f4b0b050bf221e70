import PeerProtocol

/// A field of a response that is not as expected.
public struct FieldMismatch: Sendable, Codable {
  /// The name of the field.
  public let field: String
  /// The relation that does not hold: `=`, `!=`, `<`, `<=`, `>` or `>=`.
  public let relation: String
  /// The expected value, percent-encoded, with its variables filled in.
  public let expected: String
  /// The value in the response, percent-encoded; nil if the response does not have the field.
  public let actual: String?
  /// Whether the field contains the bytes of a message.
  public let isPayload: Bool

  /// The first byte that differs; nil if the field is not a payload, or should not be equal.
  var bytes: ByteDifference? {
    guard isPayload, relation == "=", let wanted = PercentEncoding.decode(expected),
      let found = actual.flatMap({ PercentEncoding.decode($0) })
    else { return nil }
    return ByteDifference(expected: wanted, actual: found)
  }

  /// The difference in one line.
  var reason: String {
    guard let actual else { return "the response has no field '\(field)'" }
    guard PercentEncoding.decode(expected) != nil else { return "'\(expected)' is not percent-encoded" }
    let values = "\(field)=\(actual), expected \(field)\(relation)\(expected)"
    return bytes.map { "\(values): \($0.reason)" } ?? values
  }
}
