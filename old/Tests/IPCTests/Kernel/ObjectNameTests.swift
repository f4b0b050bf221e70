import IPC
import SystemPackage
import Testing

@Suite struct ObjectNameTests {
  /// How many of the names of `é`, in one scalar and in two, and of `e` there are in a set.
  private func count<Name: ObjectName>(_ type: Name.Type) -> Int {
    Set(["/\u{E9}", "/e\u{301}", "/e", "/e"].compactMap(Name.init)).count
  }

  @Test func `What is spelled otherwise is another name`() {
    #expect("/\u{E9}" == "/e\u{301}")
    #expect(count(POSIXMessageQueue.Name.self) == 3)
    #expect(count(POSIXSemaphore.Name.self) == 3)
    #expect(count(POSIXSharedMemory.Name.self) == 3)
    #expect(IPCError.Object.name("/\u{E9}") != .name("/e\u{301}"))
    #expect(IPCError.Object.path("/\u{E9}") != .path("/e\u{301}"))
  }

  @Test func `Objects of errors are the same when their kind and what tells them are`() {
    let objects: [IPCError.Object] = [
      .path("/a"), .name("/a"), .descriptor(FileDescriptor(rawValue: 1)), .key(1), .identifier(1), .process(1),
      .path("/b"), .name("/b"), .descriptor(FileDescriptor(rawValue: 2)), .key(2), .identifier(2), .process(2),
    ]
    for (left, one) in objects.enumerated() {
      for (right, other) in objects.enumerated() { #expect((one == other) == (left == right)) }
    }
  }
}
