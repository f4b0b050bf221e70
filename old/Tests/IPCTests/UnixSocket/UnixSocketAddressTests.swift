import Glibc
import IPC
import SystemPackage
import Testing

@Suite struct UnixSocketAddressTests {
  @Test func `An abstract name is bytes, and NULs are some of them`() throws {
    let fresh = try #require(try freshName().abstractName)
    let (short, long) = (try UnixSocket.Address(abstract: fresh), try UnixSocket.Address(abstract: fresh + [0]))
    #expect(short != long)
    let listener = try UnixSocket.StreamListener(at: short)
    #expect(try listener.address.abstractName == fresh)
    #expect(try listener.address.path == nil)
    #expect(try UnixSocket.Stream().connect(to: long) == .refused)
    #expect(try UnixSocket.Stream().connect(to: short) == .connected)
    #expect(reason { try UnixSocket.Stream().bind(to: short) } == .addressInUse)
    try UnixSocket.Stream().bind(to: long)
  }

  @Test func `An abstract name goes with its socket`() throws {
    let address = try freshName()
    try UnixSocket.StreamListener(at: address).close()
    try untilNobodyListens(at: address)
    try address.unlink()
    #expect(try UnixSocket.StreamListener(at: address).isListening == true)
  }

  @Test func `A name has as many bytes as there is room for, and no more`() throws {
    let scratch = try Scratch()
    let room = UnixSocket.Address.longestName - scratch.path.length - 1
    let longest = try UnixSocket.Address(path: scratch.path.appending(String(repeating: "p", count: room)))
    let listener = try UnixSocket.StreamListener(at: longest)
    #expect(try listener.address == longest)
    #expect(try UnixSocket.Stream().connect(to: longest) == .connected)
    let longer = scratch.path.appending(String(repeating: "p", count: room + 1))
    #expect(reason { _ = try UnixSocket.Address(path: longer) } == .fileNameTooLong)
    #expect(reason { _ = try UnixSocket.Address(path: "") } == .noSuchFileOrDirectory)
    let fresh = try #require(try freshName().abstractName)
    let bytes = fresh + [UInt8](repeating: 0, count: UnixSocket.Address.longestName - fresh.count)
    try UnixSocket.Datagram().bind(to: UnixSocket.Address(abstract: bytes))
    #expect(reason { _ = try UnixSocket.Address(abstract: bytes + [0]) } == .fileNameTooLong)
  }

  @Test func `A path need not be text`() throws {
    let scratch = try Scratch()
    let bytes = Array("\(scratch.path)/".utf8CString.dropLast()) + [CChar(bitPattern: 0xFF), 0]
    let path = FilePath(platformString: bytes)
    let address = try UnixSocket.Address(path: path)
    #expect(address.path == path)
    let listener = try UnixSocket.StreamListener(at: address)
    #expect(try listener.address == address)
    #expect(try UnixSocket.Stream().connect(to: address) == .connected)
    try address.unlink()
    #expect(status(of: address) == nil)
  }

  @Test func `The kernel chooses a name for who asks for none`() throws {
    let first = try UnixSocket.Datagram()
    let second = try UnixSocket.Datagram()
    #expect(try first.address.isUnnamed == true)
    try first.bind(to: .unnamed)
    try second.bind(to: .unnamed)
    #expect(try first.address.abstractName?.count == 5)
    #expect(try first.address != second.address)
  }

  @Test func `An address is told as others tell it`() throws {
    #expect("\(try UnixSocket.Address(path: "/run/socket"))" == "/run/socket")
    #expect("\(try UnixSocket.Address(abstract: "name".utf8))" == "@name")
    #expect("\(UnixSocket.Address.unnamed)" == "unnamed")
  }
}
