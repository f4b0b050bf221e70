import Foundation
import IPC
import SystemPackage
import Testing

@Suite struct KeyTests {
  @Test(
    arguments: [
      ("1234", 1234), ("-1", -1), ("0x4d2", 1234), ("0xffffffff", -1), ("IPC_PRIVATE", 0), ("0", 0),
    ] as [(String, Int32)])
  func `a key is read as people and ipcs write it`(text: String, number: Int32) {
    #expect(SystemVKey(text)?.rawValue == number)
  }

  @Test(arguments: ["", "x", "0x", "0x100000000", "2147483648", "1 ", "0x-1"])
  func `what is no key is refused`(text: String) {
    #expect(SystemVKey(text) == nil)
  }

  @Test func `everyone who names a file and a project arrives at the key that ftok makes`() throws {
    let path = FilePath("/usr")
    var status = stat()
    try #require(unsafe stat("/usr", &status) == 0)
    let key = UInt32(status.st_ino & 0xFFFF) | UInt32(status.st_dev & 0xFF) << 16 | UInt32(7) << 24
    #expect(try SystemVKey(path: path, project: 7).rawValue == Int32(bitPattern: key))
    #expect(try SystemVKey(path: path, project: 7) != SystemVKey(path: path, project: 8))
    // A project beyond 127 makes a negative key.
    #expect(try SystemVKey(path: path, project: 255).rawValue < 0)
  }

  @Test func `a file that does not exist gives no key`() {
    let path = FilePath("/nonexistent")
    let error = #expect(throws: IPCError.self) { try SystemVKey(path: path, project: 1) }
    #expect(error == IPCError(call: "ftok", errno: .noSuchFileOrDirectory, object: .path(path)))
  }
}
