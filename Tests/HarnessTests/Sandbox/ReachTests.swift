import Foundation
import SystemPackage
import Testing

@testable import Harness

/// Tests for the attacks by `c-peers/hostile` on the sandbox init and on another role.
@Suite("A role cannot reach", .serialized)
struct ReachTests {
  @Test(
    "the streams, memory and namespaces of the sandbox init and of another role, or mount",
    arguments: [Isolation.private, .shared], [nil, Role.User.anotherUser, .root])
  func reach(isolation: Isolation, user: Role.User?) async throws {
    if user != nil, geteuid() != 0 { return }
    let lines = try await onThread {
      let sandbox = try Sandbox(
        Sandbox.Settings(
          program: Checkout.sandboxInit, capabilities: SandboxCapabilities(isolation: isolation),
          kept: [Checkout.root.string]),
        names: CellNames(), roles: 2)
      let victim = try sandbox.spawn(role: 1, command: ["/bin/sh", "-c", "echo $PPID; exec cat"])
      var sandboxInit: String?
      try sandbox.wait {
        sandboxInit = sandbox.streams[1].output.nextLine()
        return sandboxInit != nil
      }
      let attacker = try sandbox.spawn(
        role: 0, command: [Checkout.root.appending("build/tests/hostile").string, sandboxInit ?? "", "\(victim)"],
        as: user)
      return try sandbox.lines(of: attacker)
    }
    #expect(lines.count == 19)
    #expect(lines.filter { $0.hasSuffix(" done") || $0.hasSuffix("ESRCH") || $0.hasSuffix("ENOENT") } == [])
  }
}
