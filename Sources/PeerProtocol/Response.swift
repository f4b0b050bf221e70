/// One line from a peer to the runner: the response to a request.
public enum Response: Sendable, Hashable, CustomStringConvertible {
  /// The call succeeded; the fields contain its results.
  case ok(Fields)
  /// The call failed. `errno` is the symbolic name, such as `EAGAIN`.
  case error(errno: String, Fields)
  /// The peer does not support the operation.
  case unsupported
  /// A number in the request does not fit into a C type of the peer's ABI, such as `time_t`; the peer made no call.
  case unrepresentable(type: String)
  /// The request itself is invalid, for example because a handle is unknown; the peer made no call.
  case invalid(reason: String)

  /// Parses a line without its trailing newline.
  public init(parsing line: some StringProtocol) throws(ProtocolError) {
    let words = try words(of: line)
    guard let word = words.first else { throw ProtocolError("an empty line is not a response") }
    let fields = try Fields(parsing: words.dropFirst())
    switch word {
    case "ok": self = .ok(fields)
    case "error":
      guard let errno = fields["errno"] else { throw ProtocolError("a response 'error' must have errno=NAME") }
      self = .error(errno: errno, fields)
    case "unsupported" where words.count == 1: self = .unsupported
    case "unsupported":
      guard words.count == 2, let type = fields["type"] else {
        throw ProtocolError("a response 'unsupported' has no fields, or only type=NAME")
      }
      self = .unrepresentable(type: type)
    case "invalid": self = .invalid(reason: fields["reason"] ?? "no reason given")
    default:
      throw ProtocolError("a response begins with ok, error, unsupported or invalid, not with '\(word)'")
    }
  }

  /// The line, without its newline.
  public var description: String {
    switch self {
    case .ok(let fields): fields.entries.isEmpty ? "ok" : "ok \(fields.encoded)"
    case .error(_, let fields): "error \(fields.encoded)"
    case .unsupported: "unsupported"
    case .unrepresentable(let type): "unsupported type=\(PercentEncoding.encode(type))"
    case .invalid(let reason): "invalid reason=\(PercentEncoding.encode(reason))"
    }
  }
}
