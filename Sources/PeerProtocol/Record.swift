/// A record with a digest, so that a reader can check that concurrent writes did not interleave.
///
/// | bytes | content, little-endian |
/// |---|---|
/// | 0–3 | the writer's number |
/// | 4–7 | the sequence number, from 0 |
/// | 8–15 | the digest of the body |
/// | 16– | the body: the ``Pattern`` whose seed is `writer << 32 | sequence` |
public enum Record {
  /// The number of bytes before the body.
  public static let headerSize = 16

  /// Appends a record of `size` bytes, at least ``headerSize``, to `span`.
  public static func append(writer: UInt32, sequence: UInt32, size: Int, to span: inout OutputRawSpan) {
    let body = Pattern(seed: UInt64(writer) << 32 | UInt64(sequence))
    let digest = Digest(of: body, count: size - headerSize)
    unsafe span.append(writer.littleEndian, as: UInt32.self)
    unsafe span.append(sequence.littleEndian, as: UInt32.self)
    unsafe span.append(digest.value.littleEndian, as: UInt64.self)
    body.append(size - headerSize, to: &span)
  }

  /// Returns the writer and sequence number if `bytes` contains exactly one intact record; nil if the record is torn.
  public static func check(_ bytes: RawSpan) -> (writer: UInt32, sequence: UInt32)? {
    guard bytes.byteCount >= headerSize else { return nil }
    let writer = UInt32(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt32.self))
    let sequence = UInt32(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: 4, as: UInt32.self))
    let digest = UInt64(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: 8, as: UInt64.self))
    guard digest == Digest(of: bytes.extracting(headerSize..<bytes.byteCount)).value else { return nil }
    return (writer, sequence)
  }
}
