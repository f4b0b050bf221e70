/// A 64-bit digest of a payload: FNV-1a over its little-endian 64-bit words followed by its length.
///
/// The last word is padded with zeros.
///
/// The digest detects accidental differences, but does not protect against deliberate ones. Computing it a word at a
/// time is faster than transferring the payload through a pipe.
public struct Digest: Sendable, Hashable, CustomStringConvertible {
  /// The 64-bit hash value.
  public let value: UInt64

  /// Computes the digest of `bytes`.
  public init(of bytes: RawSpan) {
    var digesting = Digesting()
    digesting.append(bytes)
    self = digesting.finish()
  }

  /// Creates a digest from its value.
  public init(_ value: UInt64) { self.value = value }

  /// Computes the digest of the first `count` bytes of `pattern`, without storing them.
  public init(of pattern: Pattern, count: Int) {
    var hash = Hash()
    for index in 0..<count / 8 { hash.combine(pattern.word(index)) }
    if count % 8 > 0 { hash.combine(pattern.word(count / 8) & (1 << (8 * UInt64(count % 8)) - 1)) }
    value = hash.finish(length: count)
  }

  /// The text form in the protocol: sixteen lowercase hexadecimal digits.
  public var description: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  fileprivate struct Hash {
    var state: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func combine(_ word: UInt64) { state = (state ^ word) &* 0x100_0000_01B3 }

    consuming func finish(length: Int) -> UInt64 {
      combine(UInt64(length))
      return state
    }
  }
}

/// A digest of data that arrives in pieces.
public struct Digesting: Sendable {
  private var hash = Digest.Hash()
  private var length = 0

  /// Creates an empty digest.
  public init() {}

  /// Adds the next piece; its length must be a multiple of 8 unless it is the last piece.
  public mutating func append(_ bytes: RawSpan) {
    precondition(length % 8 == 0, "only the last piece may have an incomplete word")
    let whole = bytes.byteCount / 8 * 8
    for offset in stride(from: 0, to: whole, by: 8) {
      hash.combine(UInt64(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)))
    }
    if whole < bytes.byteCount {
      var tail: UInt64 = 0
      for offset in whole..<bytes.byteCount {
        let byte = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt8.self)
        tail |= UInt64(byte) << (8 * UInt64(offset - whole))
      }
      hash.combine(tail)
    }
    length += bytes.byteCount
  }

  /// Returns the digest of all pieces.
  public consuming func finish() -> Digest { Digest(hash.finish(length: length)) }
}
