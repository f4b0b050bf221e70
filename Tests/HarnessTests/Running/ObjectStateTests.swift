import Testing

@testable import Harness

/// Tests with peers that create an object in one request, and change the object in the next request.
@Suite("The state of an object", .serialized)
struct ObjectStateTests {
  private func outcome(_ cases: String, steps: String) async throws -> CellOutcome {
    try await CellRunTests().outcome(cases, steps: steps)
  }

  private static let made = "*:pid*) umask 077; mkfifo -m 640 made; echo ok pid=7 ;;"

  @Test("includes permissions, which are compared with the expected ones") func expected() async throws {
    let steps = "    - a: pid\n    - objects: fifo=1 mode=640\n    - objects: fifo=1 mode=644\n    - a: limits"
    let outcome = try await outcome(Self.made, steps: steps)
    #expect(outcome.verdict == .failed)
    #expect(outcome.reason == "fifo /tmp/made mode=640 does not have mode=644")
  }

  @Test("must not change between two steps that check it") func changed() async throws {
    let steps = "    - a: pid\n    - objects: fifo=1\n    - a: limits\n    - objects: fifo=1\n    - a: pid"
    let outcome = try await outcome("\(Self.made) *:limits*) chmod 644 made; echo ok ;;", steps: steps)
    #expect(outcome.verdict == .failed)
    #expect(
      outcome.reason == "the permissions of fifo /tmp/made mode=644 have changed, which no operation requested")
  }

  @Test("includes the owner, the group and the limit of each kind of object") func attributes() async throws {
    let (scenarios, registry) = try Checkout.scenarios(ShellPeers.scenario())
    _ = scenarios
    try await onThread {
      let configuration = RunConfiguration(
        root: "/nowhere", sandboxInit: Checkout.sandboxInit, peers: PeerList([]), registry: registry)
      let context = configuration.context(SandboxCapabilities(isolation: .private))
      let sandbox = try Sandbox(context.sandbox, names: CellNames(), roles: 1)
      let pid = try sandbox.spawn(
        role: 0,
        command: ["/bin/sh", "-c", "mkfifo f; touch /dev/shm/s; ipcmk -Q -M 10 -S 2 >/dev/null; echo; read -r line"])
      _ = try sandbox.lines(of: pid, most: 1)
      let user = sandbox.user
      for object in try sandbox.snapshot().objects where object.kind.isPersistent {
        #expect(object.state("uid").map(String.init) == "\(user)", "\(object)")
        #expect(object.state("gid") != nil)
        #expect((object.state("qbytes") != nil) == (object.kind == .messages))
        #expect(object.state("mode") != nil && !object.description.contains("uid"))
      }
    }
  }

  @Test("may differ for a new object of the same name") func replaced() async throws {
    let steps = "    - a: pid\n    - objects: fifo=1 mode=640\n    - a: limits\n    - objects: fifo=1 mode=644\n"
    // Both objects exist at the same time, so the second one has a different inode. The second one is left behind.
    let outcome = try await outcome(
      "\(Self.made) *:limits*) mkfifo -m 644 new; mv new made; echo ok ;;", steps: steps)
    #expect(outcome.verdict == .leaked, "\(outcome.reason ?? "")")
  }
}
