import IPC
import SystemPackage
import Testing

@Suite struct IPCErrorTests {
  @Test func `An error names the call, the object and the reason, and gives advice`() {
    let error = IPCError(.fcntlSetPipeSize, .notPermitted, on: .descriptor(.init(rawValue: 7)))
    #expect(error.description.hasPrefix("fcntl F_SETPIPE_SZ descriptor 7: Operation not permitted (EPERM). "))
    #expect(error.description.contains("/proc/sys/fs/pipe-max-size"))
  }

  @Test func `An error of a partial transfer reports its length`() {
    let error = IPCError(.write, .interrupted, on: .path("/f"), transferred: 42)
    #expect(error.description == "write '/f': Interrupted system call (EINTR) after 42 bytes")
  }

  @Test(arguments: [
    (Errno.wouldBlock, "EAGAIN"), (.identifierRemoved, "EIDRM"), (.timedOut, "ETIMEDOUT"),
    (.tooManyOpenFilesInSystem, "ENFILE"), (.ownerDied, "EOWNERDEAD"), (Errno(rawValue: 9999), "9999"),
  ])
  func `A reason has a symbol`(_ errno: Errno, _ symbol: String) {
    #expect(IPCError(.read, errno).symbol == symbol)
  }

  @Test func `A key is shown as ipcs shows it`() {
    let error = IPCError(.shmget, .noSuchFileOrDirectory, on: .key(1234))
    #expect(error.description.hasPrefix("shmget key 0x000004d2: "))
  }

  @Test func `Objects are equal if their kind and value are equal`() {
    let objects: [IPCError.Object] = [
      .path("/a"), .name("/a"), .descriptor(FileDescriptor(rawValue: 1)), .key(1), .identifier(1), .process(1),
      .path("/b"), .name("/b"), .descriptor(FileDescriptor(rawValue: 2)), .key(2), .identifier(2), .process(2),
    ]
    for (left, one) in objects.enumerated() {
      for (right, other) in objects.enumerated() { #expect((one == other) == (left == right)) }
    }
  }
}
