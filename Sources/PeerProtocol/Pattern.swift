/// A reproducible stream of bytes.
///
/// A seed and a length specify a payload of any size.
///
/// Byte `i` of the stream is byte `i mod 8`, least significant first, of `splitmix64(seed + i / 8)`. Any part of the
/// stream can be generated independently of the bytes before it.
public struct Pattern: Sendable, Hashable {
  /// The number that determines every byte in the stream.
  public let seed: UInt64

  /// Creates the stream for a seed, without computing its bytes.
  public init(seed: UInt64) { self.seed = seed }

  /// The byte at `offset` in the stream.
  public subscript(_ offset: Int) -> UInt8 {
    UInt8(truncatingIfNeeded: word(offset / 8) >> (8 * UInt64(offset % 8)))
  }

  /// Appends `count` bytes from the stream, starting at `offset`, to `span`.
  public func append(_ count: Int, from offset: Int = 0, to span: inout OutputRawSpan) {
    var index = offset
    let end = offset + count
    while index < end {
      if index % 8 == 0, end - index >= 8 {
        unsafe span.append(word(index / 8).littleEndian, as: UInt64.self)
        index += 8
      } else {
        span.append(self[index])
        index += 1
      }
    }
  }

  /// Returns `count` bytes from the stream, starting at `offset`.
  public func bytes(_ count: Int, from offset: Int = 0) -> [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initializedCount in
      let bytes = UnsafeMutableRawBufferPointer(buffer)
      var span = unsafe OutputRawSpan(buffer: bytes, initializedCount: 0)
      append(count, from: offset, to: &span)
      initializedCount = unsafe span.finalize(for: bytes)
    }
  }

  /// Returns the offset within `bytes` of the first byte that differs from the stream; nil if all bytes match.
  public func firstDifference(in bytes: RawSpan, from offset: Int = 0) -> Int? {
    var index = 0
    while index < bytes.byteCount {
      if (offset + index) % 8 == 0, bytes.byteCount - index >= 8 {
        let word = UInt64(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self))
        if word == self.word((offset + index) / 8) {
          index += 8
          continue
        }
      }
      if unsafe bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt8.self) != self[offset + index] {
        return index
      }
      index += 1
    }
    return nil
  }

  /// Returns the eight bytes at offset `8 * index` as a little-endian word.
  public func word(_ index: Int) -> UInt64 {
    var z = seed &+ UInt64(index) &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
