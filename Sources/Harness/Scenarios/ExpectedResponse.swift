/// The response that a standard requires: the text after `->`.
public enum ExpectedResponse: Sendable {
  /// Success with these fields: `-> return=4`. A step without `->` also expects success.
  case ok([ExpectedField])
  /// A failure with one of these `errno` names: `-> error EAGAIN|EWOULDBLOCK`.
  case error([String], [ExpectedField])
  /// The role sleeps in one of its operation's system calls: `-> blocks`. A later step reads the response.
  case blocks
  /// The script continues without the response: `-> later`. A later step reads the response.
  case later
}

/// The expectation of one field: `msg_prio=9`, `return>=4096`, `shmid={=segment}`.
public struct ExpectedField: Sendable {
  /// The name of the field in the response.
  public let key: String
  /// The comparison that the field's value must satisfy.
  public let relation: Relation

  /// How a field's value is compared with the expected value.
  public enum Relation: Sendable {
    case equal(Template), notEqual(Template), less(Template), lessOrEqual(Template), greater(Template),
      greaterOrEqual(Template)
    /// `{=name}`: any value; later steps use it as `{name}`.
    case capture(String)
  }

  package init(key: String, relation: Relation) {
    self.key = key
    self.relation = relation
  }
}

extension ExpectedResponse: CustomStringConvertible {
  /// The text that follows `->` in a script.
  public var description: String {
    switch self {
    case .ok(let fields): (["ok"] + fields.map(\.description)).joined(separator: " ")
    case .error(let allowed, let fields):
      (["error " + allowed.joined(separator: "|")] + fields.map(\.description)).joined(separator: " ")
    case .blocks: "blocks"
    case .later: "later"
    }
  }
}

extension ExpectedField: CustomStringConvertible {
  /// The text as written in a script: `msg_prio=9`.
  public var description: String { "\(key)\(relation)" }
}

extension ExpectedField.Relation: CustomStringConvertible {
  /// The operator and the value, which follow the field name: `>=4096`.
  public var description: String {
    switch self {
    case .equal(let value): "=\(value)"
    case .notEqual(let value): "!=\(value)"
    case .less(let value): "<\(value)"
    case .lessOrEqual(let value): "<=\(value)"
    case .greater(let value): ">\(value)"
    case .greaterOrEqual(let value): ">=\(value)"
    case .capture(let name): "={=\(name)}"
    }
  }

  /// The value to compare with; nil for a capture.
  var template: Template? {
    switch self {
    case .equal(let value), .notEqual(let value), .less(let value), .lessOrEqual(let value), .greater(let value),
      .greaterOrEqual(let value):
      value
    case .capture: nil
    }
  }
}

extension ExpectedResponse {
  var isBlocking: Bool { if case .blocks = self { true } else { false } }
}
