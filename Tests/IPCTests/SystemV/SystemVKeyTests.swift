import Foundation
import IPC
import SystemPackage
import Testing

@Suite struct KeyTests {
  @Test(
    arguments: [
      ("1234", 1234), ("-1", -1), ("0x4d2", 1234), ("0xffffffff", -1), ("IPC_PRIVATE", 0), ("0", 0),
      ("2147483648", .min), ("4294967295", -1), ("-2147483648", .min), ("0x80000000", .min),
      ("0x0000000001", 1),
    ] as [(String, Int32)])
  func `A key is parsed in decimal and in the notation of ipcs`(text: String, number: Int32) {
    #expect(SystemVKey(text)?.rawValue == number)
  }

  @Test(
    arguments: [
      "", "x", "0x", "0x100000000", "4294967296", "-2147483649", "1 ", "+1", "0x-1", "0x-0", "0x+1", "0X1",
    ])
  func `Other texts are not parsed`(text: String) {
    #expect(SystemVKey(text) == nil)
  }

  @Test func `The key of a file and a project is the result of ftok`() throws {
    let path = FilePath("/usr")
    var status = stat()
    try #require(unsafe stat("/usr", &status) == 0)
    let key = UInt32(status.st_ino & 0xFFFF) | UInt32(status.st_dev & 0xFF) << 16 | UInt32(7) << 24
    #expect(try SystemVKey(path: path, project: 7).rawValue == Int32(bitPattern: key))
    #expect(try SystemVKey(path: path, project: 7) != SystemVKey(path: path, project: 8))
    // A project number above 127 results in a negative key.
    #expect(try SystemVKey(path: path, project: 255).rawValue < 0)
  }

  @Test func `A file that does not exist has no key`() {
    let path = FilePath("/nonexistent")
    let error = failure { _ = try SystemVKey(path: path, project: 1) }
    #expect(error == IPCError(.ftok, .noSuchFileOrDirectory, on: .path(path)))
  }

  @Test(arguments: [(0, "IPC_PRIVATE"), (1234, "0x000004d2"), (-1, "0xffffffff")] as [(Int32, String)])
  func `A key is shown as ipcs shows it, and can be parsed again`(number: Int32, text: String) {
    #expect(SystemVKey(rawValue: number).description == text)
    #expect(SystemVKey(text)?.rawValue == number)
  }
}
