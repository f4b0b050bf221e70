import Foundation
import Glibc
import Testing

@testable import Harness

/// Tests that a run does not succeed if its results prove nothing.
@Suite("A run is not green", .serialized)
struct FalseGreenTests {
  /// Runs scenarios with an honest reference, and with a peer `odd` that is honest except for the responses in `cases`.
  private func run(
    _ yaml: String = ShellPeers.scenario(), _ cases: String = "", after: String = "", expectations: String? = nil,
    configure: (inout RunConfiguration) -> Void = { _ in }
  ) async throws -> (summary: RunSummary, results: [CellResult], problems: [String]) {
    let scripts = [ShellPeers.script("reference"), ShellPeers.script("odd", cases, after: after)]
    let (scenarios, registry) = try Checkout.scenarios(yaml)
    var changed = RunConfiguration(root: "", peers: PeerList([]), registry: registry)
    configure(&changed)
    let wanted = changed
    return try await onThread {
      try ShellPeers.withScripts(scripts) { root, commands in
        let peers = zip(["reference", "odd"], commands).map { name, command in
          PeerDescription(language: name, peer: command, programs: nil)
        }
        var configuration = RunConfiguration(
          root: root, sandboxInit: Checkout.sandboxInit, peers: PeerList(peers), registry: registry)
        configuration.selection = wanted.selection
        configuration.timeoutMultiplier = wanted.timeoutMultiplier
        configuration.isolation = wanted.isolation
        configuration.failFast = wanted.failFast
        configuration.jobs = wanted.jobs
        configuration.requiredCells = wanted.requiredCells
        configuration.requiredOperations = wanted.requiredOperations
        let file = root + "/expectations.yaml"
        if let expectations { try Data(expectations.utf8).write(to: URL(fileURLWithPath: file)) }
        let results = GatheredResults()
        let runner = Runner(
          configuration, scenarios: scenarios,
          expectations: try DiagnosticLog.collect { Expectations.load(at: file, as: file, log: $0) })
        return (try runner.run { results.take($0) }, results.all, runner.selectionProblems)
      }
    }
  }

  private func status(_ summary: RunSummary) -> Harness.ExitStatus { summary.exitStatus }

  @Test("unless everything passed") func green() async throws {
    let run = try await run()
    #expect(status(run.summary) == .asExpected && run.results.count == 2 && run.problems.isEmpty)
  }

  @Test("when a filter selects nothing, or one of several is misspelled") func selection() async throws {
    let misspelt = try await run { $0.selection = Selection(filters: ["test/test", "test/tset"]) }
    #expect(misspelt.problems == ["no cell matches 'test/tset'; did you mean 'test/test'?"])
    let skipped = try await run { $0.selection = Selection(skipped: ["tset"]) }
    #expect(skipped.problems.count == 1)
  }

  @Test("when fewer cells ran than are required") func requiredCells() async throws {
    #expect(status(try await run { $0.requiredCells = 2 }.summary) == .asExpected)
    let run = try await run { $0.requiredCells = 3 }
    #expect(status(run.summary) == .failures)
    #expect(run.summary.problems == ["2 cells were run; at least 3 are required"])
    let one = try await self.run {
      $0.requiredCells = 3
      $0.selection = Selection(pairs: [["odd"]])
    }
    #expect(one.summary.problems == ["1 cell was run; at least 3 are required"])
  }

  @Test("when the required cells were planned but not run") func requiredButNotRun() async throws {
    let yaml =
      ShellPeers.scenario()
      + ShellPeers.scenario("more").replacing("  steps:", with: "  needs: [private-sandbox]\n  steps:")
    let run = try await run(yaml) {
      $0.isolation = .none
      $0.requiredCells = 4
    }
    #expect(status(run.summary) == .failures)
    #expect(run.results.count == 4)
  }

  @Test("when it ended before all planned cells were run") func notAllRun() async throws {
    let yaml = ShellPeers.scenario() + ShellPeers.scenario("more")
    let run = try await run(yaml, "*:pid*) echo ok pid=0 ;;") {
      $0.failFast = true
      $0.jobs = 1
    }
    #expect(status(run.summary) != .asExpected)
    #expect(run.results.count < 4)
    #expect(run.summary.problems.contains { $0.hasSuffix("of 4 planned cells were not run") })
  }

  @Test("when a peer refuses an operation that it lists, or when the peers lack everything that was selected")
  func refused() async throws {
    #expect(status(try await run(ShellPeers.scenario(), "*) echo unsupported ;;").summary) == .failures)
    let run = try await run(ShellPeers.scenario(steps: "    - a: umask mask=22"))
    #expect(status(run.summary) == .nothingSelected)
    #expect(run.results.allSatisfy { $0.verdict == .notRun && $0.isExpected })
    #expect(run.summary.problems == ["none of the selected cells was run: reference does not have umask"])
  }

  @Test("when a peer lacks a required operation, although everything that it has passed") func requiredOperation()
    async throws
  {
    let yaml = ShellPeers.scenario() + ShellPeers.scenario("more", steps: "    - a: umask mask=22")
    #expect(status(try await run(yaml).summary) == .asExpected)
    let registry = try Checkout.operations.get()
    let umask = try RequiredOperations("umask", in: registry)
    let run = try await run(yaml) { $0.requiredOperations = [umask] }
    #expect(status(run.summary) == .failures)
    #expect(run.summary.problems.contains("the odd peer does not have umask; --require-operations umask requires it"))
  }

  @Test("when a peer echoes requests") func echo() async throws {
    let run = try await run(ShellPeers.scenario(steps: "    - a: pid -> pid={a.pid}"), "*:pid*) echo ok 'pid>=1' ;;")
    #expect(status(run.summary) == .failures)
  }

  @Test("when an expected failure has a different reason, is fixed, or matches no cell")
  func expectations() async throws {
    let entry = """
      - cells: "test/test[odd]"
        verdict: failed
        reason: pid=0
        why: A known difference.
        review: 2999-01-01
      """
    let lies = "*:pid*) echo ok pid=0 ;;"
    #expect(status(try await run(ShellPeers.scenario(), lies, expectations: entry).summary) == .asExpected)
    let changed = try await run(ShellPeers.scenario(), "*:pid*) echo error errno=EPERM ;;", expectations: entry)
    #expect(status(changed.summary) == .failures)
    #expect(status(try await run(expectations: entry).summary) == .failures)
    let stale = entry.replacing("test/test[odd]", with: "test/gone[odd]")
    #expect(status(try await run(expectations: stale).summary) == .failures)
  }

  @Test("when a scenario file is empty, or not a list") func emptyFile() {
    #expect(throws: FixtureErrors.self) { try Checkout.scenarios("[]") }
    #expect(throws: FixtureErrors.self) { try Checkout.scenarios("") }
  }

  @Test(
    "and does not hang when a process that ignores signals is left behind",
    arguments: [
      "sh -c 'kill -STOP $$; sleep 1000' >/dev/null 2>&1 </dev/null &",
      "sh -c 'trap \"\" TERM HUP INT; sleep 1000; sleep 1000' >/dev/null 2>&1 </dev/null &",
      "( ( sleep 1000 >/dev/null 2>&1 </dev/null & ) & );",
      "setsid sh -c 'trap \"\" TERM; sleep 1000; sleep 1000' >/dev/null 2>&1 </dev/null &",
    ], [IsolationRule.auto, .none])
  func leftBehind(command: String, isolation: IsolationRule) async throws {
    let run = try await run(ShellPeers.scenario(), "*:pid*) \(command) echo ok pid=7 ;;") { $0.isolation = isolation }
    let result = try #require(run.results.first { $0.cell.id == "test/test[odd]" })
    #expect(result.verdict == .leaked)
    for left in result.outcome.evidence?.leftBehind ?? [] where isolation == .none {
      let pid = try #require(left.id.map(pid_t.init))
      #expect(kill(pid, 0) == -1 && errno == ESRCH, "\(left) is still there")
    }
  }

  @Test("and does not hang when a child holds the output of a peer that has ended") func childHoldsOutput()
    async throws
  {
    let run = try await run(ShellPeers.scenario(), "*:pid*) sleep 1000 & echo ok pid=7 ;;") {
      $0.timeoutMultiplier = 0.05
    }
    #expect(status(run.summary) == .onlyLeaks)
    #expect(run.results.first { $0.cell.id == "test/test[odd]" }?.verdict == .leaked)
  }

  @Test("and does not hang when a peer ignores signals and the end of its input") func deafPeer()
    async throws
  {
    let run = try await run(ShellPeers.scenario(), after: "trap '' TERM; while :; do sleep 1000; done") {
      $0.timeoutMultiplier = 0.05
    }
    #expect(run.results.first { $0.cell.id == "test/test[odd]" }?.verdict == .timedOut)
  }
}
