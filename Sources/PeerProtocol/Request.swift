/// One line from the runner to a peer: an operation, named for its C function, and its parameters.
public struct Request: Sendable, Hashable, CustomStringConvertible {
  public let operation: String
  public var fields: Fields

  public init(_ operation: String, _ fields: Fields = Fields()) {
    self.operation = operation
    self.fields = fields
  }

  /// Parses a line without its line end.
  public init(parsing line: some StringProtocol) throws(ProtocolError) {
    let words = String(line).utf8.split(separator: UInt8(ascii: " ")).map { Substring($0) }
    guard let operation = words.first else { throw ProtocolError("an empty line is not a request") }
    self.init(String(operation), try Fields(parsing: words.dropFirst()))
  }

  public var description: String {
    fields.entries.isEmpty ? operation : "\(operation) \(fields.encoded)"
  }
}
