import PeerContract

/// What a standard demands of an answer: what stands behind `->`.
public enum Expected: Sendable {
  /// Success, and each of the fields. Nothing behind the operation means success with any fields.
  case ok([FieldExpectation])
  /// A failure with one of these `errno` symbols: `-> error EAGAIN|EWOULDBLOCK`.
  case error([String], [FieldExpectation])
  /// The role is seen asleep in the system call of its operation: `-> blocks`. The answer is taken by a later step.
  case blocks
  /// The answer is not waited for: `-> later`. It is taken by a later step.
  case later
}

/// One demand on a field of an answer: `msg_prio=9`, `return>=4096`, `shmid={=segment}`.
public struct FieldExpectation: Sendable {
  public let key: String
  public let relation: Relation

  public enum Relation: Sendable {
    case equal(Template), notEqual(Template), less(Template), lessOrEqual(Template), greater(Template),
      greaterOrEqual(Template)
    /// `{=name}`: whatever it is, later steps may use it as `{name}`.
    case capture(String)
  }

  package init(key: String, relation: Relation) {
    self.key = key
    self.relation = relation
  }
}

extension Expected: CustomStringConvertible {
  /// As it stands behind `->`.
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

extension FieldExpectation: CustomStringConvertible {
  public var description: String { "\(key)\(relation)" }
}

extension FieldExpectation.Relation: CustomStringConvertible {
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

  /// What is compared with; nil for a capture.
  var template: Template? {
    switch self {
    case .equal(let value), .notEqual(let value), .less(let value), .lessOrEqual(let value), .greater(let value),
      .greaterOrEqual(let value):
      value
    case .capture: nil
    }
  }
}

/// A request whose values may have variables in braces.
public struct RequestTemplate: Sendable {
  public let operation: String
  /// Values as they stand on the wire: percent-encoded.
  public let fields: [(key: String, value: Template)]

  package init(operation: String, fields: [(key: String, value: Template)]) {
    self.operation = operation
    self.fields = fields
  }
}

/// Text with variables in braces: names made fresh for each cell (`{mq}`, `{shm}`, `{fifo}`, `{key}`, `{path}`, each with a
/// number or word behind, as in `{mq-2}`), process ids (`{sender.pid}`), and what an earlier step captured.
public struct Template: Sendable, Hashable, CustomStringConvertible {
  public let pieces: [Piece]

  public enum Piece: Sendable, Hashable {
    case literal(String)
    case variable(String)
  }

  package init(pieces: [Piece]) { self.pieces = pieces }

  public var variables: [String] {
    pieces.compactMap { if case .variable(let name) = $0 { name } else { nil } }
  }

  public var description: String {
    pieces.map {
      switch $0 {
      case .literal(let text): text
      case .variable(let name): "{\(name)}"
      }
    }.joined()
  }

  /// The text with each variable replaced; nil names the first that has no value.
  package func filled(_ value: (String) -> String?) -> Result<String, MissingVariable> {
    var text = ""
    for piece in pieces {
      switch piece {
      case .literal(let literal): text += literal
      case .variable(let name):
        guard let filling = value(name) else { return .failure(MissingVariable(name: name)) }
        text += filling
      }
    }
    return .success(text)
  }

  package struct MissingVariable: Error, Hashable { package let name: String }
}
