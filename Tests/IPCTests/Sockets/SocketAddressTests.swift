import IPC
import Testing

@Suite struct SocketAddressTests {
  @Test(arguments: [
    "127.0.0.1:80", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:80", "[::]:0", "[2001:db8::1]:443", "[fe80::1%7]:1",
    "[::ffff:127.0.0.1]:9",
  ])
  func `A description is parsed to the same address`(_ text: String) throws {
    #expect(try #require(SocketAddress(text)).description == text)
  }

  @Test(arguments: [
    "", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1", "127.1:80", "127.0.0.1.1:80",
    "256.0.0.1:80", " 127.0.0.1:80", "localhost:80", "::1:80", "[::1]", "[::1]80", "[127.0.0.1]:80", "[::1%]:80",
    "[::1%0]:80", "[::1%nosuchinterface]:80", "127.0.0.1\0:80", "0x7f.0.0.1:80",
  ])
  func `Malformed addresses are refused`(_ text: String) {
    #expect(SocketAddress(text) == nil)
  }

  @Test func `Spellings of one address are equal`() throws {
    #expect(try #require(IPAddress("0:0:0:0:0:0:0:1")) == .loopback(.v6))
    #expect(IPAddress("127.0.0.1") == .loopback(.v4))
    #expect(IPAddress("0.0.0.0") == .any(.v4))
    #expect(IPAddress("::") == .any(.v6))
    #expect(IPAddress("0.0.0.0") != IPAddress("::"))
    #expect(IPAddress("fe80::1%1") == IPAddress("fe80::1%lo"))
    #expect(IPAddress("fe80::1%1") != IPAddress("fe80::1"))
  }
}
