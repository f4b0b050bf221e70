import Foundation
import SystemPackage
import Testing

@testable import Interop

/// What a sandbox keeps a peer from, and what it does not: docs/security.md says no more than this.
@Suite("A process in a sandbox", .serialized)
struct SandboxBoundaryTests {
  /// What `script` prints in a private sandbox.
  private func output(of script: String, asAnotherUser: Bool = false) async throws -> [String] {
    try await onThread {
      let sandbox = try Sandbox(
        Sandbox.Settings(warden: Checkout.warden, isolation: .private, kept: Checkout.root.string),
        names: CellNames(), roles: 1)
      let pid = try sandbox.spawn(
        role: 0, command: ["/bin/sh", "-c", script], inheriting: [], asAnotherUser: asAnotherUser)
      var lines: [String] = []
      while sandbox.end(of: pid) == nil || !sandbox.streams[0].output.isEnded {
        try sandbox.wait(.seconds(10))
        while let line = sandbox.streams[0].output.nextLine() { lines.append(line) }
      }
      return lines
    }
  }

  @Test("is given four variables of the environment, and no more") func environment() async throws {
    let names = try await output(of: "tr '\\0' '\\n' </proc/$$/environ").map { $0.prefix { $0 != "=" } }
    #expect(Set(names).isSubset(of: ["PATH", "HOME", "LC_ALL", "SWIFT_BACKTRACE"]))
  }

  @Test("sees no process but its own and the warden") func processes() async throws {
    #expect(try await output(of: "cd /proc; echo [0-9]*") == ["1 2"])
  }

  @Test("has no network but its own loopback") func network() async throws {
    #expect(try await output(of: "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '") == ["lo"])
  }

  @Test(
    "has every file that the user has: it is no boundary",
    .enabled(
      if: FileManager.default.isWritableFile(atPath: Checkout.root.appending("build").string),
      "the checkout is somebody else's"))
  func files() async throws {
    let file = Checkout.root.appending("build/tmp/boundary-\(UUID())").string
    defer { try? FileManager.default.removeItem(atPath: file) }
    _ = try await output(of: "echo reached >\(file)")
    #expect(try String(contentsOfFile: file, encoding: .utf8) == "reached\n")
  }

  @Test("as another user has no privilege, and can get none", .enabled(if: geteuid() == 0, "it needs root"))
  func anotherUser() async throws {
    let facts = try await output(of: "cat /proc/self/status", asAnotherUser: true)
    for fact in [
      "Uid:\t65534\t65534\t65534\t65534", "Gid:\t65534\t65534\t65534\t65534", "Groups:\t ", "CapPrm:\t0000000000000000",
      "CapEff:\t0000000000000000", "NoNewPrivs:\t1",
    ] {
      #expect(facts.contains(fact))
    }
  }
}
