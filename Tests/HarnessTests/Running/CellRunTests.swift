import Foundation
import Testing

@testable import Harness

/// Tests for single cells without a control cell, in which the peer is a short shell script.
@Suite("A cell", .serialized)
struct CellRunTests {
  /// Runs `steps` with a peer whose responses are honest, except for those in `cases`.
  func outcome(
    _ cases: String, steps: String = "    - a: pid -> pid>=1", keys: String = "roles: [a]",
    isolation: Isolation = .private, timeoutMultiplier: Double = 1
  ) async throws -> CellOutcome {
    let yaml = ShellPeers.scenario(steps: steps).replacing("roles: [a]", with: keys)
    let (scenarios, registry) = try Checkout.scenarios(yaml)
    return try await outcome(
      cases, try #require(scenarios.first), registry, isolation: isolation, timeoutMultiplier: timeoutMultiplier)
  }

  private func outcome(
    _ cases: String, _ scenario: Scenario, _ registry: OperationRegistry, isolation: Isolation = .private,
    timeoutMultiplier: Double = 1
  ) async throws -> CellOutcome {
    return try await onThread {
      try ShellPeers.withScripts([ShellPeers.script("odd", cases)]) { folder, commands in
        let configuration = RunConfiguration(
          root: folder, sandboxInit: Checkout.sandboxInit, peers: PeerList([]), registry: registry)
        let odd = PeerDescription(language: "odd", peer: commands[0], programs: nil)
        return CellRun.run(
          scenario, languages: Dictionary(uniqueKeysWithValues: scenario.roles.map { ($0.name, odd) }),
          names: CellNames(),
          context: configuration.context(
            SandboxCapabilities(isolation: isolation), timeoutMultiplier: timeoutMultiplier))
      }
    }
  }

  @Test("fails if the peer refuses an announced operation that should block")
  func refusedInsteadOfBlocking() async throws {
    let outcome = try await outcome("", steps: "    - a: poll events=POLLIN timeout=3600 -> blocks\n    - a: -> ok")
    #expect(outcome.verdict == .failed)
    #expect(outcome.reason == "a (odd): it does not announce poll any more")
  }

  @Test("fails immediately, even if a later step would read the response of the refused operation")
  func refusedBeforeLater() async throws {
    let outcome = try await outcome(
      "", steps: "    - a: poll events=POLLIN timeout=3600 -> later\n    - sleeps: a in poll\n    - a: -> ok")
    #expect(outcome.verdict == .failed)
    #expect(outcome.reason == "a (odd): it does not announce poll any more")
    #expect(outcome.evidence?.step?.hasSuffix("-> later") == true)
  }

  @Test("that fails also reports the objects that it left behind") func failingCellLeaks() async throws {
    let outcome = try await outcome("*:pid*) mkfifo left; echo ok pid=0 ;;")
    #expect(outcome.verdict == .failed)
    #expect(outcome.evidence?.leftBehind.map(\.name) == ["/tmp/left"])
  }

  @Test(
    "reports the objects and processes that it left behind, however it ended",
    arguments: [
      ("echo ok pid=0", Verdict.failed), ("exit 3", .crashed), ("sleep 1000", .timedOut),
      ("head -c 5000000 /dev/zero", .crashed),
    ])
  func everyFailureLeaks(end: String, verdict: Verdict) async throws {
    let daemon = "setsid sleep 2000 </dev/null >/dev/null 2>&1 &"
    let outcome = try await outcome("*:pid*) mkfifo left; \(daemon) \(end) ;;", timeoutMultiplier: 0.1)
    #expect(outcome.verdict == verdict, "\(outcome.reason ?? "")")
    let left = outcome.evidence?.leftBehind ?? []
    #expect(left.contains { $0.kind == .fifo && $0.name == "/tmp/left" })
    #expect(left.contains { $0.kind == .process })
  }

  @Test("that leaves 10 000 objects leaks them: the first are named, and all are counted")
  func manyLeftovers() async throws {
    let outcome = try await outcome("*:pid*) seq -f 'left%.0f' 10000 | xargs touch; echo ok pid=7 ;;")
    #expect(outcome.verdict == .leaked)
    #expect(outcome.evidence?.leftBehindCount == 10_000)
    #expect(outcome.evidence?.leftBehind.count == 100)
    #expect(outcome.reason?.hasSuffix(" and 9997 more") == true)
    #expect(outcome.reason?.utf8.count ?? .max < 300)
  }

  @Test(
    "that leaves directories nested 2000 deep leaks them, and they are removed",
    arguments: [Isolation.private, .shared])
  func deepDirectories(isolation: Isolation) async throws {
    // A path of all directories would be longer than PATH_MAX.
    let make = "path=$(yes d | head -n 500 | tr '\\n' /); for i in 1 2 3 4; do mkdir -p $path && cd -P $path; done"
    let outcome = try await outcome("*:pid*) ( \(make) ); echo ok pid=7 ;;", isolation: isolation)
    #expect(outcome.verdict == .leaked)
    #expect(outcome.evidence?.leftBehindCount == 2000)
    let scratch = outcome.evidence?.leftBehind.first?.name?.split(separator: "/").prefix(2).joined(separator: "/")
    if isolation == .shared {
      #expect(!FileManager.default.fileExists(atPath: "/" + (try #require(scratch))))
    }
  }

  @Test(
    "whose peer leaves a daemon that holds its output leaks the daemon, and names it before its time limit",
    .timeLimit(.minutes(15)))
  func daemonHoldsOutput() async throws {
    let start = ContinuousClock.now
    let outcome = try await outcome("*:pid*) setsid sleep 1000 </dev/null & echo ok pid=7 ;;", timeoutMultiplier: 100)
    #expect(outcome.verdict == .leaked)
    #expect(outcome.reason?.contains("holds its output: process") == true)
    #expect(outcome.evidence?.leftBehind.map(\.kind) == [.process])
    #expect(outcome.evidence?.leftBehind.map(\.owner) == ["a"])
    #expect(start.duration(to: .now) < .seconds(1000), "the limit is 2000 s")
  }

  @Test("whose peer killed the process that holds its output waits for that process to end") func killedHolder()
    async throws
  {
    let outcome = try await outcome("*:pid*) sleep 1000 </dev/null & kill -9 $!; echo ok pid=7 ;;")
    #expect(outcome.verdict == .passed, "\(outcome.reason ?? "")")
  }
}

/// System call numbers depend on the ABI of the process, not on that of the runner.
@Suite("A system call") struct SystemCallNamesTests {
  @Test(
    "is named according to the ABI of its process",
    arguments: [
      (0, SystemCallNames.ABI.x86_64, "read"), (3, .i386, "read"), (0x4000_0000 + 45, .x32, nil),
      (0x4000_0000 + 517, .x32, "recvfrom"), (63, .aarch64, "read"), (422, .i386, "futex"), (240, .i386, "futex"),
      (9999, .x86_64, nil),
    ] as [(Int, SystemCallNames.ABI, String?)])
  func names(number: Int, abi: SystemCallNames.ABI, name: String?) {
    #expect(SystemCallNames.name(of: number, firstArgument: 0, abi: abi) == name)
  }

  @Test("that multiplexes others on i386 is named by its first argument")
  func multiplexed() {
    #expect(SystemCallNames.name(of: 117, firstArgument: 4, abi: .i386) == "semtimedop")
    #expect(SystemCallNames.name(of: 102, firstArgument: 12, abi: .i386) == "recvfrom")
  }

  @Test("of an ABI without a table has no name") func unknown() {
    #expect(SystemCallNames.name(of: 0, firstArgument: 0, abi: nil) == nil)
  }
}
