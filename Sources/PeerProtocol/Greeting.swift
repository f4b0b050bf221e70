/// The first line that a peer writes, before its first request.
public struct Greeting: Sendable, Hashable, CustomStringConvertible {
  /// The version of the protocol that this package implements.
  public static let contract = 1

  /// The language of the peer, such as `c`.
  public let language: String
  /// The compiler or interpreter with its version, such as `gcc-12.2.0`; `unknown` if the peer does not report it.
  public let implementation: String
  /// The names of the operations that the peer supports.
  public let operations: [String]

  /// Creates the greeting of a peer that implements this version of the protocol.
  public init(language: String, implementation: String, operations: [String]) {
    self.language = language
    self.implementation = implementation
    self.operations = operations
  }

  /// Parses a line without its line end.
  public init(parsing line: some StringProtocol) throws(ProtocolError) {
    let words = try words(of: line)
    guard words.first == "hello" else {
      throw ProtocolError("a peer begins with 'hello contract=1 language=... operations=...', not with '\(line)'")
    }
    let fields = try Fields(parsing: words.dropFirst())
    guard fields["contract"] == "\(Self.contract)" else {
      throw ProtocolError("the peer speaks contract \(fields["contract"] ?? "none"), not \(Self.contract)")
    }
    guard let language = fields["language"], let operations = fields["operations"] else {
      throw ProtocolError("a greeting names its language and its operations")
    }
    self.init(
      language: language, implementation: fields["implementation"] ?? "unknown",
      operations: operations.utf8.split(separator: UInt8(ascii: ",")).map { String(Substring($0)) })
  }

  /// The line without its line end.
  public var description: String {
    var fields = Fields()
    fields.append("contract", Self.contract)
    fields.append("language", language)
    fields.append("implementation", implementation)
    fields.append("operations", operations.joined(separator: ","))
    return "hello \(fields.encoded)"
  }
}
