/// A request whose values may contain variables in braces.
public struct RequestTemplate: Sendable {
  /// The operation to request, such as `mq_send`.
  public let operation: String
  /// The percent-encoded field values, in script order.
  public let fields: [(key: String, value: Template)]

  package init(operation: String, fields: [(key: String, value: Template)]) {
    self.operation = operation
    self.fields = fields
  }

  /// The text of a field, with its variables in braces.
  subscript(key: String) -> String? { fields.first { $0.key == key }?.value.description }
}

/// Text with variables in braces: names that are unique to each cell (`{mq}`, `{shm}`, `{fifo}`, `{key}`, `{path}`,
/// optionally with a number or word, as in `{mq-2}`), process ids (`{sender.pid}`), and values captured by earlier
/// steps.
///
/// In a request, a width may follow: `{sender.pid:4}`.
public struct Template: Sendable, Hashable, CustomStringConvertible {
  /// The literal parts and variables of the text, in order.
  public let pieces: [Piece]

  /// A literal part of the text, or a variable.
  public enum Piece: Sendable, Hashable {
    case literal(String)
    case variable(String)
  }

  package init(pieces: [Piece]) { self.pieces = pieces }

  /// The names of the variables, in text order and including repetitions.
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

  /// Returns the text with each variable replaced by its value.
  ///
  /// Fails with the first variable that has no value.
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

  /// A variable whose value is sent as a little-endian integer of a given width: `{client.pid:4}`.
  struct Integer {
    let variable: String
    /// The number of bytes; 0 if the text after the colon is not a number.
    let width: Int

    static let widths = [1, 2, 4, 8]

    /// Splits the text between the braces into name and width; nil if there is no width.
    init?(_ text: String) {
      guard let colon = text.lastIndex(of: ":") else { return nil }
      variable = String(text[..<colon])
      width = Int(text[text.index(after: colon)...]) ?? 0
    }

    /// Returns the bytes of a number; nil if the text is not a number that fits this width.
    func bytes(of text: String) -> [UInt8]? {
      guard let number = Int(text), width == 8 || -(1 << (8 * width - 1))..<(1 << (8 * width)) ~= number else {
        return nil
      }
      return (0..<width).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }
  }
}
