import PeerProtocol
import Testing

@Suite struct PercentEncodingTests {
  @Test(arguments: [
    ("hello there", "hello%20there"), ("a=b", "a%3Db"), ("/my_queue", "/my_queue"), ("100%", "100%25"), ("", ""),
    ("O_CREAT|O_EXCL", "O_CREAT|O_EXCL"),
  ])
  func `a value is encoded as expected, and decoded again`(plain: String, encoded: String) throws {
    #expect(PercentEncoding.encode(plain) == encoded)
    #expect(try #require(PercentEncoding.decode(encoded)) == Array(plain.utf8))
  }

  @Test func `every byte is the same after encoding and decoding`() throws {
    let all = Array(UInt8.min...UInt8.max)
    #expect(PercentEncoding.decode(PercentEncoding.encode(all)) == all)
  }

  @Test(arguments: ["%", "%4", "%G0", "%0G", "abc%"])
  func `a percent sign without two digits is rejected`(text: String) {
    #expect(PercentEncoding.decode(text) == nil)
  }
}
