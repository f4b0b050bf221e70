import Glibc
import IPC
import SystemPackage
import Testing

@Suite struct PipeCapacityTests {
  @Test func `A capacity is rounded up, and both ends know it`() throws {
    let pipe = try Pipe()
    #expect(try pipe.reader.setCapacity(5000) == 8192)
    #expect(try pipe.writer.capacity == 8192)
    #expect(try pipe.writer.writeAll([UInt8](repeating: 1, count: 9000).span, patience: .none).count == 8192)
  }

  @Test func `A capacity below what is held is refused`() throws {
    let pipe = try Pipe()
    try pipe.writer.writeAll([UInt8](repeating: 1, count: 20_000).span)
    #expect(reason { try pipe.reader.setCapacity(4096) } == .resourceBusy)
  }

  @Test(arguments: [-1, Int.max, Int.min])
  func `A capacity that no pipe can have is refused`(_ capacity: Int) throws {
    let pipe = try Pipe()
    #expect(reason { try pipe.reader.setCapacity(capacity) } == .invalidArgument)
  }

  @Test func `The limit for those without privilege is named`() async {
    await #expect(processExitsWith: .success) {
      let pipe = try Pipe()
      if geteuid() == 0 { guard setuid(65534) == 0 else { exit(2) } }
      do {
        _ = try pipe.reader.setCapacity(1 << 30)
        exit(3)
      } catch let error as IPCError {
        exit(error.errno == .notPermitted && error.description.contains("pipe-max-size") ? 0 : 4)
      }
    }
  }
}
