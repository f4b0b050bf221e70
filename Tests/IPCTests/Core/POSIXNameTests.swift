import SystemPackage
import Testing

@testable import IPC

@Suite struct POSIXNameTests {
  @Test func `Names are equal if their bytes are equal`() {
    #expect("/\u{E9}" == "/e\u{301}")
    #expect(Set<POSIXName>(["/\u{E9}", "/e\u{301}", "/e", "/e"]).count == 3)
    #expect(IPCError.Object.path("/\u{E9}") != .path("/e\u{301}"))
  }

  @Test func `A name need not be UTF-8`() {
    let name = POSIXName(bytes: [UInt8(ascii: "/"), 0xFF, 0xFE])
    #expect(name.bytes == [UInt8(ascii: "/"), 0xFF, 0xFE])
    #expect(unsafe name.withCString { unsafe [$0[0], $0[1], $0[2], $0[3]] } == [0x2F, -1, -2, 0])
  }

  @Test(arguments: ["jobs", "", "/", "/.", "/..", "/a/b"] as [POSIXName])
  func `A name that other processes could not open is refused`(_ name: POSIXName) {
    #expect(reason { try name.validate(for: .shmOpen, maximumLength: 255) } == .invalidArgument)
  }

  @Test func `A name with a NUL is refused, since C would use only a part of it`() {
    let name: POSIXName = "/jobs\u{0}-2"
    #expect(name != "/jobs")
    #expect(reason { try POSIXSharedMemory.unlink(name) } == .invalidArgument)
    #expect(reason { try POSIXSemaphore.unlink(name) } == .invalidArgument)
    #expect(reason { try POSIXMessageQueue.unlink(name) } == .invalidArgument)
    #expect(reason { _ = try POSIXMessageQueue.Receiver.open(name) } == .invalidArgument)
  }

  @Test func `A name has a maximum length`() {
    let name = POSIXName("/" + String(repeating: "x", count: 252))
    #expect(reason { try name.validate(for: .semOpen, maximumLength: 251) } == .fileNameTooLong)
    #expect(reason { try name.validate(for: .shmOpen, maximumLength: 255) } == nil)
  }
}
