import Foundation
import IPC
import SystemPackage
import Testing

/// A socket that somebody else made and handed over, with options that nobody here asked for.
@Suite struct ForeignSocketTests {
  private static let passProcessDescriptor: Int32 = 76

  @Test func `A message that brings a process descriptor unasked leaves none behind`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.DatagramStyle>()
    var on: Int32 = 1
    let isKnown = unsafe setsockopt(pair.second.descriptor.rawValue, SOL_SOCKET, Self.passProcessDescriptor, &on, 4)
    guard isKnown == 0 else { return }  // a kernel before 6.5 brings none
    var bytes: [UInt8] = []
    var enclosure = UnixSocket.Enclosure()
    for _ in 0..<20 {
      _ = try pair.first.send([1].span, patience: .none)
      _ = try pair.second.receive(atMost: 9, appendingTo: &bytes, enclosure: &enclosure, patience: .none)
    }
    #expect(bytes.count == 20)
    // Another test of this process may just have one, but not many.
    #expect(descriptorsOfThisProcess() < 8)
  }

  private func descriptorsOfThisProcess() -> Int {
    (3..<1024).count { (number: Int32) in
      let facts = try? String(contentsOfFile: "/proc/self/fdinfo/\(number)", encoding: .utf8)
      return facts?.contains("\nPid:\t\(getpid())\n") == true
    }
  }
}
