import PeerProtocol
import Testing

@Suite struct PayloadTests {
  /// With state 0, the first number from the reference implementation of splitmix64 is 0xe220a8397b1dcdaf.
  @Test func `the pattern is splitmix64 in little-endian order`() {
    #expect(Pattern(seed: 0).bytes(8) == [0xAF, 0xCD, 0x1D, 0x7B, 0x39, 0xA8, 0x20, 0xE2])
  }

  @Test(arguments: [0, 1, 7, 8, 9, 15, 16, 17, 4095])
  func `the digest of a pattern equals the digest of its bytes`(count: Int) {
    let pattern = Pattern(seed: 7)
    let bytes = pattern.bytes(count)
    let digest = unsafe Digest(of: bytes.span.bytes)
    #expect(digest == Digest(of: pattern, count: count))
  }

  @Test(arguments: [0, 8, 64, 96]) func `the digest of pieces equals the digest of the whole`(cut: Int) {
    let (first, second) = (Pattern(seed: 7).bytes(cut), Pattern(seed: 7).bytes(101 - cut, from: cut))
    var digesting = Digesting()
    unsafe digesting.append(first.span.bytes)
    unsafe digesting.append(second.span.bytes)
    #expect(digesting.finish() == Digest(of: Pattern(seed: 7), count: 101))
  }

  @Test(arguments: [0, 3, 8, 13]) func `the first difference is found, wherever the part begins`(offset: Int) {
    var bytes = Pattern(seed: 5).bytes(100, from: offset)
    let before = unsafe Pattern(seed: 5).firstDifference(in: bytes.span.bytes, from: offset)
    bytes[61] ^= 1
    let after = unsafe Pattern(seed: 5).firstDifference(in: bytes.span.bytes, from: offset)
    #expect(before == nil)
    #expect(after == 61)
  }

  @Test(arguments: [0, 4, 8, 16, 40, 63]) func `a record with one wrong bit is rejected or differs`(
    byte: Int
  ) {
    var bytes = unsafe [UInt8](unsafeUninitializedCapacity: 64) { buffer, count in
      var span = unsafe OutputRawSpan(buffer: UnsafeMutableRawBufferPointer(buffer), initializedCount: 0)
      Record.append(writer: 3, sequence: 9, size: 64, to: &span)
      count = unsafe span.finalize(for: UnsafeMutableRawBufferPointer(buffer))
    }
    let whole = unsafe Record.check(bytes.span.bytes)
    #expect(whole?.writer == 3)
    #expect(whole?.sequence == 9)
    bytes[byte] ^= 1
    let torn = unsafe Record.check(bytes.span.bytes)
    #expect(torn == nil || torn?.writer != 3 || torn?.sequence != 9)
  }
}
