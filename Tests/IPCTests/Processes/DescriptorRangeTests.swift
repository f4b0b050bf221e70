import Foundation
import IPC
import SystemPackage
import Testing

/// The tests use descriptor numbers that no other test has open.
@Suite struct DescriptorRangeTests {
  private static func duplicate(_ descriptor: FileDescriptor, as lowest: Int32) throws -> Int32 {
    let number = fcntl(descriptor.rawValue, F_DUPFD, lowest)
    guard number == lowest else { throw Errno.badFileDescriptor }
    return number
  }

  @Test func `A range becomes close-on-exec, and a child does not inherit it`() async throws {
    try await onThread {
      let pipe = try AnonymousPipe()
      let number = try Self.duplicate(pipe.writer.descriptor, as: 900)
      let path = "/proc/self/fd/\(number)"
      #expect(try ChildProcess("test", arguments: ["-e", path]).wait().isSuccess)
      try DescriptorRange(from: 900, through: 901).setCloseOnExec()
      #expect(fcntl(number, F_GETFD) == FD_CLOEXEC)
      #expect(try ChildProcess("test", arguments: ["-e", path]).wait() == .exited(1))
      try FileDescriptor(rawValue: number).close()
    }
  }

  @Test func `A range is closed, and no other descriptor`() throws {
    let pipe = try AnonymousPipe()
    let numbers = try (910...912).map { try Self.duplicate(pipe.writer.descriptor, as: $0) }
    try DescriptorRange(from: 910, through: 911).close()
    #expect(numbers.map { fcntl($0, F_GETFD) } == [-1, -1, 0])
    try DescriptorRange(from: 910, through: 920).close()
    #expect(fcntl(numbers[2], F_GETFD) == -1)
  }

  @Test func `A range without descriptors is not an error, but exchanged ends are`() throws {
    try DescriptorRange(from: .max).setCloseOnExec()
    #expect(reason { try DescriptorRange(from: 921, through: 920).close() } == .invalidArgument)
    #expect(failure { try DescriptorRange(from: 2, through: 1).setCloseOnExec() }?.call == .closeRange)
  }
}
