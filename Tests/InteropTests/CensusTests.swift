import Foundation
import Glibc
import SystemPackage
import Testing

@testable import Interop

/// The warden's count of System V objects, beside what the tool that everybody uses says of the same kernel.
@Suite("The census", .serialized)
struct CensusTests {
  private func run(_ tool: String, _ arguments: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: tool)
    process.arguments = arguments
    let pipe = Foundation.Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return String(decoding: output, as: UTF8.self)
  }

  /// `kind key id` of every object that `ipcs` lists.
  private func listed(_ kind: String, _ option: String) throws -> Set<String> {
    Set(
      try run("/usr/bin/ipcs", [option]).split(separator: "\n").filter { $0.hasPrefix("0x") }.map { line in
        let columns = line.split(separator: " ")
        let key = UInt32(columns[0].dropFirst(2), radix: 16) ?? 0
        return "\(kind) key=0x\(String(key, radix: 16)) id=\(columns[1])"
      })
  }

  @Test("agrees with ipcs -a on segments, semaphore sets and message queues")
  func agreesWithIpcs() async throws {
    try await onThread {
      let segment = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0o600)
      let set = semget(IPC_PRIVATE, 3, IPC_CREAT | 0o640)
      let queue = msgget(IPC_PRIVATE, IPC_CREAT | 0o600)
      defer {
        shmctl(segment, IPC_RMID, nil)
        _ = try? self.run("/usr/bin/ipcrm", ["-s", "\(set)"])
        msgctl(queue, IPC_RMID, nil)
      }
      var random = SystemRandomNumberGenerator()
      let sandbox = try Sandbox(
        Sandbox.Settings(warden: Checkout.warden, isolation: .shared, kept: nil), names: CellNames(&random), roles: 0)
      let objects = try sandbox.census().objects
      let counted = Set(
        objects.filter { Set(["shm", "sem", "msg"]).contains($0.prefix { $0 != " " }) }
          .map { $0.split(separator: " ").prefix(3).joined(separator: " ") })
      let listed = try self.listed("shm", "-m").union(self.listed("sem", "-s")).union(self.listed("msg", "-q"))
      #expect(counted == listed)
      #expect(counted.contains("shm key=0x0 id=\(segment)"))
      #expect(objects.contains("sem key=0x0 id=\(set) mode=640 nsems=3"))
    }
  }

  @Test("of a private sandbox begins empty, whatever the machine has")
  func privateIsEmpty() async throws {
    try await onThread {
      let segment = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0o600)
      defer { shmctl(segment, IPC_RMID, nil) }
      var random = SystemRandomNumberGenerator()
      let sandbox = try Sandbox(
        Sandbox.Settings(warden: Checkout.warden, isolation: .private, kept: Checkout.root.string),
        names: CellNames(&random), roles: 0)
      #expect(try sandbox.census().objects.isEmpty)
    }
  }
}
