/// A request whose values may have variables in braces.
public struct RequestTemplate: Sendable {
  /// The operation to request, such as `mq_send`.
  public let operation: String
  /// The percent-encoded values of the fields, in the order of the script.
  public let fields: [(key: String, value: Template)]

  package init(operation: String, fields: [(key: String, value: Template)]) {
    self.operation = operation
    self.fields = fields
  }

  /// The text of a field, with its variables in braces.
  subscript(key: String) -> String? { fields.first { $0.key == key }?.value.description }
}

/// Text with variables in braces: names that are unique for each cell (`{mq}`, `{shm}`, `{fifo}`, `{key}`, `{path}`,
/// each with a number or word after it, as in `{mq-2}`), process ids (`{sender.pid}`), and captures of earlier steps.
public struct Template: Sendable, Hashable, CustomStringConvertible {
  /// The literal parts and variables of the text, in order.
  public let pieces: [Piece]

  /// A literal part of a text, or a variable.
  public enum Piece: Sendable, Hashable {
    case literal(String)
    case variable(String)
  }

  package init(pieces: [Piece]) { self.pieces = pieces }

  /// The names of the variables, in the order of the text and including repetitions.
  public var variables: [String] {
    pieces.compactMap { if case .variable(let name) = $0 { name } else { nil } }
  }

  /// The text with its variables in braces.
  public var description: String {
    pieces.map {
      switch $0 {
      case .literal(let text): text
      case .variable(let name): "{\(name)}"
      }
    }.joined()
  }

  /// Returns the text with each variable replaced by its value, or the first variable without a value.
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
