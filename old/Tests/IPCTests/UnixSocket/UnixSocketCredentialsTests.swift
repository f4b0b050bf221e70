import Glibc
import IPC
import SystemPackage
import Testing

@Suite struct UnixSocketCredentialsTests {
  @Test func `The other side of a pair is this process`() throws {
    let own = UnixSocket.Credentials(process: getpid(), user: geteuid(), group: getegid())
    #expect(UnixSocket.Credentials.own == own)
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    #expect(try pair.first.peerCredentials == own)
    #expect(try pair.second.peerCredentials == own)
  }

  @Test func `Who connected and who listened know each other`() throws {
    let address = try freshName()
    let listener = try UnixSocket.SequencedPacketListener(at: address)
    let client = try UnixSocket.SequencedPacket()
    #expect(try client.connect(to: address) == .connected)
    #expect(try client.peerCredentials == .own)
    #expect(try listener.accepted().peerCredentials == .own)
  }

  @Test func `The process on the other side is a descriptor, close-on-exec`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    // Before Linux 6.5 there is none.
    if reason({ _ = try pair.first.peerProcess() }) == .protocolNotAvailable { return }
    let process = try pair.first.peerProcess()
    #expect(isCloseOnExec(process.descriptor.rawValue) == true)
    #expect(try process.process == getpid())
  }

  @Test func `A message says who sent it where that was asked for`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.DatagramStyle>()
    #expect(try pair.second.receivesCredentials == false)
    #expect(try pair.first.send([1].span) == .sent)
    #expect(try sender(of: pair.second) == nil)
    #expect(try pair.first.send([2].span) == .sent)
    try pair.second.setReceivesCredentials(true)
    #expect(try pair.second.receivesCredentials == true)
    // It was sent before somebody asked, so it comes from nobody.
    #expect(try sender(of: pair.second)?.process == 0)
    #expect(try pair.first.send([3].span) == .sent)
    #expect(try sender(of: pair.second) == .own)
    let (none, bytes): ([FileDescriptor], [UInt8]) = ([], [4])
    #expect(try unsafe pair.first.send(bytes.span.bytes, enclosing: none.span, credentials: .own) == .sent)
    #expect(try sender(of: pair.second) == .own)
  }

  @Test func `Nobody says that they are another`() async {
    // In a process of its own, which gives its privilege away.
    await #expect(processExitsWith: .success) {
      if geteuid() == 0 { guard setuid(65534) == 0 else { exit(2) } }
      let pair = try UnixSocket.Pair<UnixSocket.DatagramStyle>()
      let root = UnixSocket.Credentials(process: getpid(), user: 0, group: getegid())
      let (none, bytes): ([FileDescriptor], [UInt8]) = ([], [1])
      #expect(
        reason { _ = try unsafe pair.first.send(bytes.span.bytes, enclosing: none.span, credentials: root) }
          == .notPermitted)
    }
  }

  /// Who the next message says that it is from.
  private func sender(of receiver: borrowing UnixSocket.Datagram) throws -> UnixSocket.Credentials? {
    var bytes = [UInt8]()
    var enclosure = UnixSocket.Enclosure()
    _ = try receiver.receive(atMost: 9, appendingTo: &bytes, enclosure: &enclosure, patience: .none)
    return enclosure.credentials
  }
}
