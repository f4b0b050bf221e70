import Glibc
import IPC
import SystemPackage
import Testing

@Suite struct UnixSocketAddressTests {
  @Test func `Abstract names are bytes, which may contain NUL`() throws {
    let fresh = try #require(try freshName().abstractName)
    let (short, long) = (try UnixSocket.Address(abstract: fresh), try UnixSocket.Address(abstract: fresh + [0]))
    #expect(short != long)
    let listener = try UnixSocket.StreamListener(at: short)
    #expect(try listener.address.abstractName == fresh)
    #expect(try listener.address.path == nil)
    #expect(reason { try UnixSocket.Stream().connect(to: long) } == .connectionRefused)
    try UnixSocket.Stream().connect(to: short)
    #expect(reason { try UnixSocket.Stream().bind(to: short) } == .addressInUse)
    try UnixSocket.Stream().bind(to: long)
  }

  @Test func `An abstract name disappears with its socket`() throws {
    let address = try freshName()
    try UnixSocket.StreamListener(at: address).close()
    try waitUntilRefused(at: address)
    try address.unlink()
    #expect(try UnixSocket.StreamListener(at: address).isListening == true)
  }

  @Test func `A path or name has at most 107 bytes`() throws {
    let scratch = try Scratch()
    let room = UnixSocket.Address.maximumLength - scratch.path.length - 1
    let longest = try UnixSocket.Address(path: scratch.path.appending(String(repeating: "p", count: room)))
    let listener = try UnixSocket.StreamListener(at: longest)
    #expect(try listener.address == longest)
    try UnixSocket.Stream().connect(to: longest)
    let longer = scratch.path.appending(String(repeating: "p", count: room + 1))
    #expect(reason { _ = try UnixSocket.Address(path: longer) } == .fileNameTooLong)
    #expect(reason { _ = try UnixSocket.Address(path: "") } == .noSuchFileOrDirectory)
    let fresh = try #require(try freshName().abstractName)
    let bytes = fresh + [UInt8](repeating: 0, count: UnixSocket.Address.maximumLength - fresh.count)
    try UnixSocket.Datagram().bind(to: UnixSocket.Address(abstract: bytes))
    #expect(reason { _ = try UnixSocket.Address(abstract: bytes + [0]) } == .fileNameTooLong)
  }

  @Test func `The error for a path that is too long has the path and the limit`() throws {
    let path = FilePath("/tmp/" + String(repeating: "p", count: 103))
    let error = try #require(failure { _ = try UnixSocket.Address(path: path) })
    #expect(error.description.contains("'\(path)'"))
    #expect(error.description.contains("107 bytes"))
    #expect(error.call == .socket)
  }

  @Test func `A path need not be UTF-8`() throws {
    let scratch = try Scratch()
    let bytes = Array("\(scratch.path)/".utf8CString.dropLast()) + [CChar(bitPattern: 0xFF), 0]
    let path = FilePath(platformString: bytes)
    let address = try UnixSocket.Address(path: path)
    #expect(address.path == path)
    let listener = try UnixSocket.StreamListener(at: address)
    #expect(try listener.address == address)
    try UnixSocket.Stream().connect(to: address)
    try address.unlink()
    #expect(status(of: address) == nil)
  }

  @Test func `Binding to the unnamed address makes the kernel choose a name`() throws {
    let first = try UnixSocket.Datagram()
    let second = try UnixSocket.Datagram()
    #expect(try first.address.isUnnamed == true)
    try first.bind(to: .unnamed)
    try second.bind(to: .unnamed)
    #expect(try first.address.abstractName?.count == 5)
    #expect(try first.address != second.address)
  }

  @Test func `An address is described as other tools show it`() throws {
    #expect("\(try UnixSocket.Address(path: "/run/socket"))" == "/run/socket")
    #expect("\(try UnixSocket.Address(abstract: "name".utf8))" == "@name")
    #expect("\(UnixSocket.Address.unnamed)" == "unnamed")
  }
}
