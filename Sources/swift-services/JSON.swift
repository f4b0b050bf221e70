internal import FoundationEssentials

/// Any JSON value, for payloads that a service passes on.
enum JSON: Hashable, Sendable {
  case null
  case bool(Bool)
  case integer(Int64)
  case number(Double)
  case string(String)
  case array([JSON])
  case object([String: JSON])

  /// Reads a value, or takes the text as a string if it is not JSON.
  init(text: String) {
    let bytes = Array(text.utf8)
    let value = bytes.isAcceptableJSON ? try? JSONDecoder().decode(JSON.self, from: Data(bytes)) : nil
    self = value ?? .string(text)
  }

  /// The value as text with sorted keys.
  var text: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let bytes = try? encoder.encode(self)
    return String(decoding: bytes ?? Data(), as: UTF8.self)
  }
}

extension JSON: Codable {
  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let value = try? container.decode([String: JSON].self) {
      self = .object(value)
    } else if let value = try? container.decode([JSON].self) {
      self = .array(value)
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Int64.self) {
      self = .integer(value)
    } else {
      self = .number(try container.decode(Double.self))
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .bool(let value): try container.encode(value)
    case .integer(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .string(let value): try container.encode(value)
    case .array(let value): try container.encode(value)
    case .object(let value): try container.encode(value)
    }
  }
}

extension [UInt8] {
  private static let maximumDepth = 32

  /// Whether a text is UTF-8, nests at most 32 levels deep, and contains no escaped NUL, which C strings cannot hold.
  ///
  /// The decoder would also accept UTF-16, and uses the stack for each level.
  var isAcceptableJSON: Bool {
    guard String(validating: self, as: UTF8.self) != nil else { return false }
    var depth = 0
    var isQuoted = false
    var index = 0
    while index < count {
      switch self[index] {
      case UInt8(ascii: "\""): isQuoted.toggle()
      case UInt8(ascii: "\\"):
        if self[index...].starts(with: #"\u0000"#.utf8) { return false }
        index += 1
      case UInt8(ascii: "["), UInt8(ascii: "{"):
        if !isQuoted { depth += 1 }
        if depth > Self.maximumDepth { return false }
      case UInt8(ascii: "]"), UInt8(ascii: "}"): if !isQuoted { depth -= 1 }
      case 0: return false
      default: break
      }
      index += 1
    }
    return true
  }
}
