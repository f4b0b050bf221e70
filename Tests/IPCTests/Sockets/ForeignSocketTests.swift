import Foundation
import IPC
import SystemPackage
import Testing

/// Tests for a socket that another process has created, with options that this process has not set.
@Suite struct ForeignSocketTests {
  private static let passProcessDescriptor: Int32 = 76

  @Test func `An unrequested SCM_PIDFD is closed`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.DatagramStyle>()
    var on: Int32 = 1
    let isKnown = unsafe setsockopt(pair.second.descriptor.rawValue, SOL_SOCKET, Self.passProcessDescriptor, &on, 4)
    guard isKnown == 0 else { return }  // not supported before Linux 6.5
    var bytes: [UInt8] = []
    var ancillary = AncillaryData()
    for _ in 0..<20 {
      try pair.first.send([1].span, timeout: .immediate)
      _ = try pair.second.receive(maxLength: 9, appendingTo: &bytes, ancillary: &ancillary, timeout: .immediate)
    }
    #expect(bytes.count == 20)
    // Other tests in this process can have pidfds open.
    #expect(descriptorsOfThisProcess() < 8)
  }

  private func descriptorsOfThisProcess() -> Int {
    (3..<1024).count { (number: Int32) in
      let facts = try? String(contentsOfFile: "/proc/self/fdinfo/\(number)", encoding: .utf8)
      return facts?.contains("\nPid:\t\(getpid())\n") == true
    }
  }
}
