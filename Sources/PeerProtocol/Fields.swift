/// The `key=value` pairs of a request or a response, in the order in which they were written.
public struct Fields: Sendable, Hashable {
  /// The fields, in the order in which they were written.
  public private(set) var entries: [Entry] = []

  /// One `key=value` pair.
  public struct Entry: Sendable, Hashable {
    /// The field name: the text before the `=`.
    public let key: String
    /// The value after percent-decoding.
    public let value: [UInt8]
  }

  /// Creates an empty list of fields.
  public init() {}

  /// The value of the field `key` as bytes; nil if there is no such field.
  public subscript(bytes key: String) -> [UInt8]? { entries.first { $0.key == key }?.value }

  /// The value of the field `key` as text; nil if there is no such field.
  public subscript(_ key: String) -> String? { self[bytes: key].map { String(decoding: $0, as: UTF8.self) } }

  /// The keys, in the order in which they were written.
  public var keys: [String] { entries.map(\.key) }

  /// Appends a field; `value` holds its raw bytes, without percent-encoding.
  public mutating func append(_ key: String, bytes value: some Sequence<UInt8>) {
    entries.append(Entry(key: key, value: Array(value)))
  }

  /// Appends a field with the description of `value` as its value.
  public mutating func append(_ key: String, _ value: some CustomStringConvertible) {
    append(key, bytes: value.description.utf8)
  }

  /// The text form in the protocol, with each value percent-encoded.
  public var encoded: String {
    entries.map { "\($0.key)=\(PercentEncoding.encode($0.value))" }.joined(separator: " ")
  }

  /// Parses words of the form `key=value`.
  public init(parsing words: some Sequence<Substring>) throws(ProtocolError) {
    // A set makes the check for repeated keys fast, because a peer may write many fields.
    var keys: Set<String> = []
    for word in words {
      guard let equals = word.utf8.firstIndex(of: UInt8(ascii: "=")) else {
        throw ProtocolError("'\(word)' is not of the form key=value")
      }
      let key = String(word[..<equals])
      guard !key.isEmpty else { throw ProtocolError("'\(word)' has no key before its '='") }
      guard keys.insert(key).inserted else { throw ProtocolError("the field '\(key)' is given twice") }
      guard let value = PercentEncoding.decode(word[word.utf8.index(after: equals)...]) else {
        throw ProtocolError("the value of '\(key)' has a '%' without two hexadecimal digits")
      }
      append(key, bytes: value)
    }
  }
}

/// The error for a line that violates the protocol.
public struct ProtocolError: Error, Hashable, CustomStringConvertible {
  /// A one-line description of the violation.
  public let description: String
  /// Creates an error with a description of the violation.
  public init(_ description: String) { self.description = description }
}

/// Checks the length of a line from a peer, and splits it into words.
func words(of line: some StringProtocol) throws(ProtocolError) -> [Substring] {
  guard line.utf8.count < maximumLine else {
    throw ProtocolError("a line has \(line.utf8.count + 1) bytes; at most \(maximumLine) are allowed")
  }
  // It is much faster to split bytes than characters.
  return String(line).utf8.split(separator: UInt8(ascii: " ")).map { Substring($0) }
}

/// The maximum line length in bytes, including the newline.
private let maximumLine = 65_536
