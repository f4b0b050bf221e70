import IPC
import SystemPackage
import Testing

@Suite struct QueueNameTests {
  @Test(arguments: ["/a", "/a.b", "/...", "/" + String(repeating: "x", count: 255), "/ü"])
  func `a slash and 1 to 255 bytes are a name`(text: String) throws {
    #expect(POSIXMessageQueue.Name(text)?.description == text)
  }

  @Test(arguments: [
    ("", Errno.invalidArgument), ("jobs", .invalidArgument), ("/a\0b", .invalidArgument),
    ("/", .noSuchFileOrDirectory), ("/a/b", .permissionDenied), ("//", .permissionDenied), ("/.", .permissionDenied),
    ("/..", .permissionDenied), ("/" + String(repeating: "x", count: 256), .fileNameTooLong),
  ])
  func `anything else is refused, for the reason that the kernel would give`(text: String, reason: Errno) {
    #expect(POSIXMessageQueue.Name(text) == nil)
    let error = #expect(throws: IPCError.self) { try POSIXMessageQueue.Name(validating: text) }
    #expect(error?.errno == reason)
    #expect(error?.call == "mq_open")
  }

  @Test func `unlinking a queue that does not exist says so`() throws {
    try withQueueName { name in
      let error = #expect(throws: IPCError.self) { try name.unlink() }
      #expect(error?.errno == .noSuchFileOrDirectory)
      #expect(error?.object == .name(name.description))
    }
  }
}
