import Foundation
import Glibc
import IPC
import SystemPackage
import Testing

@Suite struct UnixSocketCredentialsTests {
  @Test func `The peer of a pair is this process`() throws {
    let own = UnixSocket.Credentials(process: .current, user: .effective, group: .effective)
    #expect(UnixSocket.Credentials.current == own)
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    #expect(try pair.first.peerCredentials == own)
    #expect(try pair.second.peerCredentials == own)
  }

  @Test func `Both ends of a connection return the credentials of their peer`() throws {
    let address = try freshName()
    let listener = try UnixSocket.SequencedPacketListener(at: address)
    let client = try UnixSocket.SequencedPacket()
    try client.connect(to: address)
    #expect(try client.peerCredentials == .current)
    #expect(try listener.accepted().peerCredentials == .current)
  }

  @Test func `The descriptor of the peer process is close-on-exec`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    // This option is not supported before Linux 6.5.
    if reason({ _ = try pair.first.peerProcess() }) == .protocolNotAvailable { return }
    let process = try pair.first.peerProcess()
    #expect(isCloseOnExec(process.descriptor.rawValue) == true)
    let facts = try String(contentsOfFile: "/proc/self/fdinfo/\(process.descriptor.rawValue)", encoding: .utf8)
    #expect(facts.contains("\nPid:\t\(getpid())\n"))
  }

  @Test func `A message carries its sender's credentials if requested`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.DatagramStyle>()
    #expect(try pair.second.passCredentials == false)
    try pair.first.send([1].span)
    #expect(try sender(of: pair.second) == nil)
    try pair.first.send([2].span)
    try pair.second.setPassCredentials(true)
    #expect(try pair.second.passCredentials == true)
    // The message was sent before the option was set.
    #expect(try sender(of: pair.second)?.process == 0)
    try pair.first.send([3].span)
    #expect(try sender(of: pair.second) == .current)
    let (none, bytes): ([FileDescriptor], [UInt8]) = ([], [4])
    try unsafe pair.first.send(bytes.span.bytes, descriptors: none.span, credentials: .current)
    #expect(try sender(of: pair.second) == .current)
  }

  @Test func `A process without privilege cannot claim another user`() async {
    // Runs in a child, which drops its privileges.
    await #expect(processExitsWith: .success) {
      if geteuid() == 0 { guard setuid(65534) == 0 else { exit(2) } }
      let pair = try UnixSocket.Pair<UnixSocket.DatagramStyle>()
      let root = UnixSocket.Credentials(
        process: .current, user: UserID(rawValue: 0), group: .effective)
      let (none, bytes): ([FileDescriptor], [UInt8]) = ([], [1])
      #expect(
        reason { _ = try unsafe pair.first.send(bytes.span.bytes, descriptors: none.span, credentials: root) }
          == .notPermitted)
    }
  }

  /// Receives the next message, and returns the credentials of its sender.
  private func sender(of receiver: borrowing UnixSocket.Datagram) throws -> UnixSocket.Credentials? {
    var bytes = [UInt8]()
    var ancillary = AncillaryData()
    _ = try receiver.receive(maxLength: 9, appendingTo: &bytes, ancillary: &ancillary, timeout: .immediate)
    return ancillary.credentials
  }
}
