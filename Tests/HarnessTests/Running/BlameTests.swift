import SystemPackage
import Testing

@testable import Harness

/// The reason for a failure must name the role that caused it, if the runner has evidence.
@Suite("The reason", .serialized) struct BlameTests {
  private static let c = PeerDescription(
    language: "c", peer: [Checkout.root.appending("build/bin/c-peer").string], programs: nil)

  private func outcome(
    roles: String, _ steps: String..., peers: [String: PeerDescription], timeoutMultiplier: Double = 1
  ) async throws -> CellOutcome {
    let list = steps.map { "    - \($0)\n" }.joined()
    let (scenarios, registry) = try Checkout.scenarios(
      """
      - id: test/blame
        title: A title.
        spec: pipe(7)
        level: must
        roles: [\(roles)]
        steps:
      \(list)
      """)
    let scenario = try #require(scenarios.first)
    return try await onThread {
      let configuration = RunConfiguration(
        root: Checkout.root.string, sandboxInit: Checkout.sandboxInit, peers: PeerList([]), registry: registry)
      return CellRun.run(
        scenario, languages: peers, names: CellNames(),
        context: configuration.context(
          SandboxCapabilities(isolation: .private), timeoutMultiplier: timeoutMultiplier))
    }
  }

  @Test("of a broken pipe is the reader that died") func deadReader() async throws {
    let odd = ShellPeers.script("odd", "*:adopt*) echo ok ;; *:pid*) echo 'out of memory' >&2; exit 3 ;;")
      .replacing("operations=", with: "operations=adopt,")
    let outcome = try await outcome(
      roles: "writer, reader", "writer: pipe2 reader=r writer=w", "hand: {writer.r: reader.default}",
      "writer: close handle=r", "reader: limits", "writer: write_all handle=w pattern=1 count=1000000 -> blocks",
      "reader: pid -> later", "writer: -> return=1000000", "reader: -> ok",
      peers: [
        "writer": Self.c, "reader": PeerDescription(language: "odd", peer: ["/bin/sh", "-c", odd], programs: nil),
      ])
    #expect(outcome.verdict == .crashed)
    let reason = try #require(outcome.reason)
    #expect(reason.hasPrefix("reader (odd) ended (exit 3): out of memory; then writer (c): "), "\(reason)")
    #expect(reason.contains("EPIPE"), "\(reason)")
  }

  @Test("of an operation that was not performed is the peer that ended") func deadPeer() async throws {
    let odd = ShellPeers.script("odd", "*:pid*) exit 3 ;;")
    let outcome = try await outcome(
      roles: "a", "a: pid",
      peers: ["a": PeerDescription(language: "odd", peer: ["/bin/sh", "-c", odd], programs: nil)])
    #expect(outcome.reason == "a (odd) ended (exit 3) before it could complete pid")
  }

  @Test("has what the role wrote before it ended, even if the runner learns of its end first") func lastOutput()
    async throws
  {
    let (scenarios, registry) = try Checkout.scenarios(ShellPeers.scenario())
    let scenario = try #require(scenarios.first)
    try await onThread {
      let role = RoleProcess(
        role: scenario.roles[0], index: 0, language: "odd",
        command: ["/bin/sh", "-c", "echo 'out of memory' >&2; exit 3"])
      let capabilities = SandboxCapabilities(isolation: .private)
      let configuration = RunConfiguration(
        root: Checkout.root.string, sandboxInit: Checkout.sandboxInit, peers: PeerList([]), registry: registry)
      let sandbox = try Sandbox(
        Sandbox.Settings(program: Checkout.sandboxInit, capabilities: capabilities, kept: [Checkout.root.string]),
        names: CellNames(), roles: 1)
      let client = PeerClient(context: configuration.context(capabilities), sandbox: sandbox, roles: [role])
      let pid = try sandbox.spawn(role: 0, command: role.command)
      role.pid = pid
      // A query receives the sandbox init's events, but no output from a role.
      while client.terminationStatus(of: role) == nil { _ = try? sandbox.processState(of: pid) }
      #expect(
        client.ended(role, doing: "respond").reason == "a (odd) ended (exit 3) before it could respond: out of memory")
    }
  }

  @Test("of a read that does not end is the role that could still write") func keptWriter() async throws {
    let outcome = try await outcome(
      roles: "reader, keeper", "reader: pipe2 reader=r writer=w", "hand: {reader.w: keeper.w}",
      "reader: close handle=w", "keeper: pid", "reader: read handle=r count=1 -> blocks", "reader: -> return=0",
      peers: ["reader": Self.c, "keeper": Self.c], timeoutMultiplier: 0.02)
    #expect(outcome.verdict == .timedOut)
    let reason = try #require(outcome.reason)
    #expect(reason.hasSuffix("in read; keeper (c) (descriptor 3) has its pipe open for writing"), "\(reason)")
  }

  @Test("of a write that does not end is the role that could read, or that no role reads") func slowReader()
    async throws
  {
    let outcome = try await outcome(
      roles: "writer", "writer: pipe2 reader=r writer=w",
      "writer: write_all handle=w pattern=1 count=1000000 -> blocks",
      "writer: -> return=1000000", peers: ["writer": Self.c], timeoutMultiplier: 0.02)
    let reason = try #require(outcome.reason)
    #expect(reason.hasSuffix("writer (c) (descriptor 3) has its pipe open for reading"), "\(reason)")
  }

  @Test("is not a role whose exit the script expects") func expectedEnd() async throws {
    let outcome = try await outcome(
      roles: "a, b", "a: pid", "b: pid", "kill: a", "b: pid -> pid=0", peers: ["a": Self.c, "b": Self.c])
    #expect(outcome.verdict == .failed)
    #expect(outcome.reason?.hasPrefix("b (c): pid=") == true, "\(outcome.reason ?? "")")
  }
}
