import PeerProtocol

/// A recorded message's bytes, with variables for process IDs and names that differ between cells.
struct RecordedBytes: Sendable, Equatable {
  /// A piece of the bytes: literal bytes, a variable, or a digest of the bytes.
  enum Piece: Sendable, Equatable {
    case bytes([UInt8])
    /// A variable whose value is inserted as text or, if it has a width, as an integer in host byte order.
    ///
    /// `any` matches any bytes; its width is the number of bytes.
    case variable(String, width: Int?)
    /// The byte count and digest; used if there are too many bytes for the file.
    case digest(count: Int, Digest)
  }

  private(set) var pieces: [Piece]
  /// The byte ranges that may differ.
  var ignored: [Range<Int>] = []

  init(_ bytes: [UInt8]) { pieces = bytes.isEmpty ? [] : [.bytes(bytes)] }
  init(pieces: [Piece], ignored: [Range<Int>] = []) { (self.pieces, self.ignored) = (pieces, ignored) }

  /// The variable that matches any bytes.
  static let any = "any"

  /// Whether the number of bytes may differ, because the bytes contain a variable `{any}` without a width.
  var isPattern: Bool { pieces.contains(.variable(Self.any, width: nil)) }

  /// Returns the ranges that may differ: ``ignored``, and those covered by `{any:WIDTH}` variables.
  func ignoredRanges(_ value: (String) -> String?) -> [Range<Int>] {
    var ranges = ignored
    var offset = 0
    for piece in pieces {
      if case .variable(Self.any, let width?) = piece { ranges.append(offset..<offset + width) }
      offset += RecordedBytes(pieces: [piece]).filled(value)?.count ?? 0
    }
    return ranges
  }

  /// Returns whether the given bytes match this pattern, in which `{any}` matches any bytes.
  func matches(_ bytes: [UInt8], _ value: (String) -> String?) -> Bool {
    // The offsets at which the next piece can begin. There are at most as many as bytes, so the time is polynomial
    // even if many pieces are `{any}`.
    var starts: Set<Int> = [0]
    for piece in pieces {
      if piece == .variable(Self.any, width: nil) {
        guard let first = starts.min() else { return false }
        starts = Set(first...bytes.count)
        continue
      }
      guard let wanted = RecordedBytes(pieces: [piece]).filled(value) else { return false }
      let isAny = if case .variable(Self.any, _) = piece { true } else { false }
      starts = Set(
        starts.compactMap { start in
          let end = start + wanted.count
          return end <= bytes.count && (isAny || bytes[start..<end].elementsEqual(wanted)) ? end : nil
        })
    }
    return starts.contains(bytes.count)
  }

  /// The maximum number of bytes to record; longer content is recorded as a digest.
  static let maximum = 2048

  /// Returns the bytes with a cell's values filled in; nil if a variable has no value, or only a digest is recorded.
  func filled(_ value: (String) -> String?) -> [UInt8]? {
    var bytes: [UInt8] = []
    for piece in pieces {
      switch piece {
      case .bytes(let literal): bytes += literal
      case .variable(let name, nil):
        guard let text = value(name) else { return nil }
        bytes += Array(text.utf8)
      case .variable(Self.any, let width?): bytes += Array(repeating: 0, count: width)
      case .variable(let name, let width?):
        guard let number = value(name).flatMap({ Int($0) }) else { return nil }
        bytes += (0..<width).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
      case .digest: return nil
      }
    }
    return bytes
  }

  /// The byte count and digest, if the bytes themselves are not in the file.
  var digest: (count: Int, digest: Digest)? {
    if case .digest(let count, let digest) = pieces.first { (count, digest) } else { nil }
  }

  var isEmpty: Bool { pieces.isEmpty }
}

// MARK: - The text of a recording

extension RecordedBytes {
  /// Whether to show the bytes as text; true if most of them are printable.
  var isText: Bool {
    var (printable, nuls, others) = (0, 0, 0)
    for case .bytes(let bytes) in pieces {
      for byte in bytes {
        switch byte {
        case 0x20..<0x7F, 0x0A: printable += 1
        case 0: nuls += 1
        default: others += 1
        }
      }
    }
    let isWide = pieces.contains { if case .variable(_, _?) = $0 { true } else { false } }
    return !isWide && nuls <= 1 + printable / 4 && others <= printable / 8
  }

  /// The bytes as text: `\0`, `\n`, `\t`, `\\`, `\{` and `\xHH` stand for bytes, and `{name}` for a variable.
  var text: String {
    pieces.map { piece in
      switch piece {
      case .bytes(let bytes): bytes.map(Self.escaped).joined()
      case .variable(let name, nil): "{\(name)}"
      case .variable(let name, let width?): "{\(name):\(width)}"
      case .digest: ""
      }
    }.joined()
  }

  private static func escaped(_ byte: UInt8) -> String {
    switch byte {
    case 0: #"\0"#
    case UInt8(ascii: "\n"): #"\n"#
    case UInt8(ascii: "\t"): #"\t"#
    case UInt8(ascii: "\\"): #"\\"#
    case UInt8(ascii: "{"): #"\{"#
    case 0x20..<0x7F: String(UnicodeScalar(byte))
    default: #"\x"# + hexadecimal(byte)
    }
  }

  /// The bytes as hexadecimal digits in groups of four bytes.
  var hexadecimal: String {
    var words: [String] = []
    for piece in pieces {
      switch piece {
      case .bytes(let bytes):
        for start in stride(from: 0, to: bytes.count, by: 4) {
          words.append(bytes[start..<min(start + 4, bytes.count)].map(Self.hexadecimal).joined())
        }
      case .variable(let name, let width): words.append(width.map { "{\(name):\($0)}" } ?? "{\(name)}")
      case .digest: break
      }
    }
    return words.joined(separator: " ")
  }

  private static func hexadecimal(_ byte: UInt8) -> String {
    (byte < 16 ? "0" : "") + String(byte, radix: 16)
  }

  /// Parses bytes in the format of ``text``; nil if an escape or variable is malformed.
  init?(text: String) {
    var parser = Parser(text)
    guard let pieces = parser.pieces({ $0.character() }) else { return nil }
    self.init(pieces: pieces)
  }

  /// Parses bytes in the format of ``hexadecimal``.
  init?(hexadecimal: String) {
    var parser = Parser(hexadecimal)
    guard let pieces = parser.pieces({ $0.hexadecimalByte() }) else { return nil }
    self.init(pieces: pieces)
  }

  private struct Parser {
    private static let anyName = Substring(RecordedBytes.any)
    private let text: [UInt8]
    private var index = 0

    init(_ text: String) { self.text = Array(text.utf8) }

    private mutating func next() -> UInt8? {
      guard index < text.count else { return nil }
      defer { index += 1 }
      return text[index]
    }

    /// Parses the whole text into pieces; `byte` parses one byte, and returns nil on error.
    mutating func pieces(_ byte: (inout Parser) -> UInt8??) -> [Piece]? {
      var pieces: [Piece] = []
      var bytes: [UInt8] = []
      while index < text.count {
        if text[index] == UInt8(ascii: "{") {
          guard let variable = variable() else { return nil }
          if !bytes.isEmpty { pieces.append(.bytes(bytes)) }
          bytes = []
          pieces.append(variable)
        } else {
          guard let parsed = byte(&self) else { return nil }
          if let parsed { bytes.append(parsed) }
        }
      }
      if !bytes.isEmpty { pieces.append(.bytes(bytes)) }
      return pieces
    }

    private mutating func variable() -> Piece? {
      guard let end = text[index...].firstIndex(of: UInt8(ascii: "}")) else { return nil }
      let words = String(decoding: text[index + 1..<end], as: UTF8.self).split(
        separator: ":", omittingEmptySubsequences: false)
      index = end + 1
      guard let name = words.first, !name.isEmpty, words.count <= 2 else { return nil }
      guard words.count == 2 else { return .variable(String(name), width: nil) }
      guard let width = Int(words[1]), name == Self.anyName ? (1...4096).contains(width) : [2, 4, 8].contains(width)
      else { return nil }
      return .variable(String(name), width: width)
    }

    mutating func character() -> UInt8?? {
      guard let byte = next() else { return nil }
      guard byte == UInt8(ascii: "\\") else { return .some(byte) }
      switch next() {
      case UInt8(ascii: "0"): return .some(0)
      case UInt8(ascii: "n"): return .some(UInt8(ascii: "\n"))
      case UInt8(ascii: "t"): return .some(UInt8(ascii: "\t"))
      case UInt8(ascii: "\\"): return .some(UInt8(ascii: "\\"))
      case UInt8(ascii: "{"): return .some(UInt8(ascii: "{"))
      case UInt8(ascii: "x"): return pair().map { .some($0) }
      default: return nil
      }
    }

    mutating func hexadecimalByte() -> UInt8?? {
      if text[index] == UInt8(ascii: " ") {
        index += 1
        return .some(nil)
      }
      return pair().map { .some($0) }
    }

    private mutating func pair() -> UInt8? {
      guard let high = next().flatMap(Self.value), let low = next().flatMap(Self.value) else { return nil }
      return high << 4 | low
    }

    private static func value(_ digit: UInt8) -> UInt8? {
      Character(UnicodeScalar(digit)).hexDigitValue.map(UInt8.init)
    }
  }
}

extension Digest {
  /// Computes the digest of a byte array.
  init(_ bytes: [UInt8]) { self = unsafe Digest(of: bytes.span.bytes) }

  /// Parses a digest's sixteen hexadecimal digits.
  init?(parsing text: String) {
    guard text.utf8.count == 16, let value = UInt64(text, radix: 16) else { return nil }
    self.init(value)
  }
}
