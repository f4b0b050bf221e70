internal import ArgumentParser
internal import FoundationEssentials

/// Any JSON value; used for payloads that a service forwards.
enum JSON: Hashable, Sendable {
  case null
  case bool(Bool)
  case integer(Int64)
  case number(Double)
  case string(String)
  case array([JSON])
  case object([String: JSON])

  /// Parses a JSON value; text that is not JSON becomes a string.
  init(text: String) {
    let bytes = Array(text.utf8)
    let value = bytes.isAcceptableJSON ? try? JSONDecoder().decode(JSON.self, from: Data(bytes)) : nil
    self = value ?? .string(text)
  }

  /// Parses the payload of a request: an object made from KEY=VALUE words, or the value of a single word.
  init(words: [String]) throws {
    if let first = words.first, Self.member(first) != nil {
      let members = try words.map { word in
        guard let member = Self.member(word) else { throw ValidationError("'\(word)': KEY=VALUE expected") }
        return member
      }
      self = .object(Dictionary(members) { _, last in last })
    } else if words.count > 1 {
      throw ValidationError("unexpected argument '\(words[1])'")
    } else {
      self = words.first.map { JSON(text: $0) } ?? .null
    }
  }

  /// Returns the key and value of a KEY=VALUE word, or nil for other words.
  static func member(_ word: String) -> (String, JSON)? {
    let key = word.prefix { ("a"..."z").contains($0) }
    guard !key.isEmpty, word.dropFirst(key.count).first == "=" else { return nil }
    return (String(key), JSON(text: String(word.dropFirst(key.count + 1))))
  }

  /// The value as JSON text with sorted keys.
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
    } else if let value = try container.decodeIfType(String.self) {
      self = .string(value)
    } else if let value = try container.decodeIfType([String: JSON].self) {
      self = .object(value)
    } else if let value = try container.decodeIfType([JSON].self) {
      self = .array(value)
    } else if let value = try container.decodeIfType(Bool.self) {
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

extension SingleValueDecodingContainer {
  /// Decodes a value; returns nil if the value is of a different type, and throws if it is invalid.
  fileprivate func decodeIfType<Value: Decodable>(_ type: Value.Type) throws -> Value? {
    do {
      return try decode(type)
    } catch DecodingError.typeMismatch {
      return nil
    }
  }
}

extension [UInt8] {
  private static let maximumDepth = 32

  /// Whether a text is UTF-8, nests at most 32 levels deep, and contains nothing that C programs cannot represent: an
  /// escaped NUL, an integer of more than 64 bits, or a number outside the range of `Double`.
  ///
  /// The decoder also accepts UTF-16, and calls itself for each level of nesting. Therefore, this check is necessary.
  var isAcceptableJSON: Bool {
    guard String(validating: self, as: UTF8.self) != nil else { return false }
    var depth = 0
    var isQuoted = false
    var index = 0
    while index < count {
      switch self[index] {
      case UInt8(ascii: "\""): isQuoted.toggle()
      case UInt8(ascii: "\\"):
        guard let length = escape(at: index) else { return false }
        index += length - 1
      case UInt8(ascii: "["), UInt8(ascii: "{"):
        if !isQuoted { depth += 1 }
        if depth > Self.maximumDepth { return false }
      case UInt8(ascii: "]"), UInt8(ascii: "}"): if !isQuoted { depth -= 1 }
      case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
        if isQuoted { break }
        let number = self[index...].prefix { "+-.0123456789Ee".utf8.contains($0) }
        let text = String(decoding: number, as: UTF8.self)
        let isInRange = text.contains(where: ".Ee".contains) ? Double(text)?.isFinite == true : Int64(text) != nil
        if !isInRange { return false }
        index += number.count - 1
      case 0: return false
      default: break
      }
      index += 1
    }
    return true
  }

  /// Returns the length of an escape sequence, or nil if it represents a NUL or a lone surrogate.
  private func escape(at start: Int) -> Int? {
    guard let unit = codeUnit(at: start) else { return 2 }
    if unit == 0 || UTF16.isTrailSurrogate(unit) { return nil }
    guard UTF16.isLeadSurrogate(unit) else { return 6 }
    guard let next = codeUnit(at: start + 6), UTF16.isTrailSurrogate(next) else { return nil }
    return 12
  }

  /// Returns the number in an escape sequence such as `\u00e9`, or nil for other escape sequences.
  private func codeUnit(at start: Int) -> UInt16? {
    guard self[start...].starts(with: #"\u"#.utf8), count - start >= 6 else { return nil }
    return UInt16(String(decoding: self[start + 2..<start + 6], as: UTF8.self), radix: 16)
  }
}
