/// The first line that a peer writes, before it receives a request.
public struct Greeting: Sendable, Hashable, CustomStringConvertible {
  /// The protocol version that this package implements.
  public static let contract = 1

  /// The peer's language, such as `c`.
  public let language: String
  /// The compiler or interpreter with its version, such as `gcc-12.2.0`; `unknown` if the peer does not report it.
  public let implementation: String
  /// The C library that the peer uses, such as `glibc-2.36`; nil if the peer does not report it.
  public let library: String?
  /// The peer's ABI, such as `x86-64` or `i386`; nil if the peer does not report it.
  public let abi: String?
  /// The names of the operations that the peer supports.
  public let operations: [String]
  /// The options of these operations that the peer does not support.
  public let without: [Omission]

  /// Creates the greeting for a peer that implements this version of the protocol.
  public init(
    language: String, implementation: String, library: String? = nil, abi: String? = nil, operations: [String],
    without: [Omission] = []
  ) {
    self.language = language
    self.implementation = implementation
    self.library = library
    self.abi = abi
    self.operations = operations
    self.without = without
  }

  /// Parses a line without its trailing newline.
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
    var without: [Omission] = []
    for entry in (fields["without"] ?? "").split(separator: ",") { without.append(try Omission(parsing: entry)) }
    self.init(
      language: language, implementation: fields["implementation"] ?? "unknown", library: fields["library"],
      abi: fields["abi"],
      operations: operations.utf8.split(separator: UInt8(ascii: ",")).map { String(Substring($0)) }, without: without)
  }

  /// The line, without its newline.
  public var description: String {
    var fields = Fields()
    fields.append("contract", Self.contract)
    fields.append("language", language)
    fields.append("implementation", implementation)
    if let library { fields.append("library", library) }
    if let abi { fields.append("abi", abi) }
    fields.append("operations", operations.joined(separator: ","))
    if !without.isEmpty { fields.append("without", without.map(\.description).joined(separator: ",")) }
    return "hello \(fields.encoded)"
  }
}

/// An option that a peer does not support: an operation's parameter, or one word in a parameter's value.
///
/// For example, `write:timeout` is a parameter, and `socket:domain:AF_INET6` is a word in the value of `domain`.
public struct Omission: Sendable, Hashable, CustomStringConvertible {
  /// The operation that has the option.
  public let operation: String
  /// The operation's parameter.
  public let parameter: String
  /// The word in the parameter's value; nil if the peer does not support the parameter at all.
  public let word: String?

  /// Creates an omission; without a word, it covers the whole parameter.
  public init(operation: String, parameter: String, word: String? = nil) {
    self.operation = operation
    self.parameter = parameter
    self.word = word
  }

  /// Parses one entry of the `without` field.
  public init(parsing entry: some StringProtocol) throws(ProtocolError) {
    let parts = String(entry).split(separator: ":" as Character, omittingEmptySubsequences: false).map(String.init)
    guard 2...3 ~= parts.count, parts.allSatisfy({ !$0.isEmpty }) else {
      throw ProtocolError("'\(entry)' in 'without' is not of the form operation:parameter or operation:parameter:word")
    }
    self.init(operation: parts[0], parameter: parts[1], word: parts.count == 3 ? parts[2] : nil)
  }

  /// The entry in the `without` field.
  public var description: String { ([operation, parameter] + (word.map { [$0] } ?? [])).joined(separator: ":") }
}
