/// One line from the runner to a peer: an operation, named after its C function, and its parameters.
public struct Request: Sendable, Hashable, CustomStringConvertible {
  /// The name of the C function, such as `mq_send`.
  public let operation: String
  /// The operation's parameters, in the order in which they are sent.
  public var fields: Fields

  /// Creates a request; without fields, the operation has no parameters.
  public init(_ operation: String, _ fields: Fields = Fields()) {
    self.operation = operation
    self.fields = fields
  }

  /// Parses a line without its trailing newline.
  public init(parsing line: some StringProtocol) throws(ProtocolError) {
    let words = String(line).utf8.split(separator: UInt8(ascii: " ")).map { Substring($0) }
    guard let operation = words.first else { throw ProtocolError("an empty line is not a request") }
    self.init(String(operation), try Fields(parsing: words.dropFirst()))
  }

  /// The line, without its newline.
  public var description: String {
    fields.entries.isEmpty ? operation : "\(operation) \(fields.encoded)"
  }
}
