import Foundation
import Synchronization
import SystemPackage
import Testing

@testable import Harness

/// Tests with dishonest or misbehaving peers, each of which is a short shell script.
@Suite("A peer that", .serialized)
struct DishonestPeerTests {
  /// Returns a script that sends a greeting and then executes `body`.
  private static func peer(_ body: String) -> String {
    """
    echo 'hello contract=1 language=odd implementation=sh operations=pid,limits'
    \(body)
    """
  }

  static let honest = """
    while read -r line; do
      case $line in pid*) echo ok pid=$$ ;; limits*) echo ok PIPE_BUF=4096 ;; *) echo unsupported ;; esac
    done
    """

  /// Runs a two-step scenario with the peer `odd` and an honest reference, and returns the verdict on `odd`.
  ///
  /// Only tests in which the time limit must expire make it short. Otherwise, tests could fail on a busy machine.
  func verdict(
    _ body: String, steps: String = "    - a: pid -> pid>=1", timeoutMultiplier: Double = 1, repetitions: Int = 1,
    isolation: IsolationRule = .auto
  ) async throws -> CellResult {
    let (_, results, _) = try await run(
      body, steps: steps, timeoutMultiplier: timeoutMultiplier, repetitions: repetitions, isolation: isolation)
    return try #require(results.first { $0.cell.id == "test/test[odd]" })
  }

  @Test("leaves a process that is about to end does not leak it", arguments: [IsolationRule.required, .none])
  func leavesEnding(isolation: IsolationRule) async throws {
    // The streams of a process end before the process is reaped. With hundreds of processes, the runner sees some of
    // them in this state.
    let many = "\(Self.honest)\nfor n in 1 2 3 4 5 6 7 8; do ( exec /bin/true ) & done"
    let result = try await verdict(many, repetitions: 20, isolation: isolation)
    #expect(result.verdict == .passed, "\(result.outcome.reason ?? "")")
  }

  func run(
    _ body: String, beside reference: String = honest, operations: String = "pid,limits", roles: String = "[a]",
    steps: String, needs: String = "[]", timeoutMultiplier: Double = 1, repetitions: Int = 1, isolation: IsolationRule
  ) async throws -> (RunSummary, [CellResult], notes: [String]) {
    try await onThread {
      let folder = FileManager.default.temporaryDirectory.appending(path: "peers-\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(at: folder) }
      var peers: [PeerDescription] = []
      for (language, text) in [("reference", reference), ("odd", body)] {
        let file = folder.appending(path: language)
        var script = Self.peer(text).replacing("language=odd", with: "language=\(language)")
        if language == "odd" || reference != Self.honest {
          script = script.replacing("operations=pid,limits", with: "operations=\(operations)")
        }
        try Data(script.utf8).write(to: file)
        peers.append(PeerDescription(language: language, peer: ["/bin/sh", file.path], programs: nil))
      }
      let (scenarios, registry) = try Checkout.scenarios(
        """
        - id: test/test
          title: A title.
          spec: getpid(2)
          level: must
          roles: \(roles)
          needs: \(needs)
          steps:
        \(steps)
        """)
      var configuration = RunConfiguration(
        root: folder.path, sandboxInit: Checkout.sandboxInit, peers: PeerList(peers), registry: registry)
      configuration.timeoutMultiplier = timeoutMultiplier
      configuration.repetitions = repetitions
      configuration.isolation = isolation
      let results = Results()
      let summary = try Runner(configuration, scenarios: scenarios, expectations: .none).run { results.take($0) }
      return (summary, results.all, results.notes)
    }
  }

  @Test("announces an unknown operation passes, with a note") func announcesMore() async throws {
    let (summary, results, notes) = try await run(
      Self.honest, operations: "pid,frob,limits", steps: "    - a: pid -> pid>=1", isolation: .auto)
    #expect(summary.exitStatus == .asExpected)
    #expect(results.allSatisfy { $0.verdict == .passed })
    #expect(notes.contains("the odd peer announces operations that fixtures/operations.yaml does not have: frob"))
    #expect(notes.contains { $0.hasPrefix("the odd peer has 2 of ") })
  }

  @Test("is honest passes") func honest() async throws {
    #expect(try await verdict(Self.honest).verdict == .passed)
  }

  @Test(
    "answers ok to everything is rejected", arguments: ["ok", "ok pid=7", "error errno=ENOSYS", "invalid reason=x"])
  func liar(answer: String) async throws {
    await #expect(throws: RunError.self) { try await verdict("while read -r line; do echo '\(answer)'; done") }
  }

  @Test("echoes the request is rejected") func echo() async throws {
    await #expect(throws: RunError.self) { try await verdict("exec cat") }
  }

  @Test("does not support what it announces fails") func breaksItsWord() async throws {
    let result = try await verdict("while read -r line; do echo unsupported; done")
    #expect(result.verdict == .failed)
    #expect(result.outcome.reason?.contains("announces pid") == true)
  }

  @Test("closes its output and continues to run counts as crashed") func closesOutput() async throws {
    let result = try await verdict(
      "read -r line; echo unsupported; while read -r line; do case $line in pid*) exec >&- ; while read -r x; do :; done;; *) echo unsupported;; esac; done"
        .replacing("read -r line; echo unsupported; while", with: "while"))
    #expect(result.verdict == .crashed)
    #expect(result.outcome.reason?.contains("closed its output") == true)
  }

  @Test("exits instead of responding counts as crashed") func ends() async throws {
    let result = try await verdict(
      "while read -r line; do case $line in pid*) exit 3;; *) echo unsupported;; esac; done")
    #expect(result.verdict == .crashed)
    #expect(result.outcome.reason?.contains("exit 3") == true)
  }

  @Test("never responds times out, and its state is reported") func hangs() async throws {
    let result = try await verdict(
      "while read -r line; do case $line in pid*) kill -STOP $$;; *) echo unsupported;; esac; done",
      timeoutMultiplier: 0.05)
    #expect(result.verdict == .timedOut)
    #expect(result.outcome.reason?.contains("state T") == true)
  }

  @Test("floods its output is cut off", .timeLimit(.minutes(5))) func floods() async throws {
    let result = try await verdict(
      "while read -r line; do case $line in pid*) exec tr '\\\\0' x </dev/zero;; *) echo unsupported;; esac; done",
      timeoutMultiplier: 60)
    #expect(result.verdict == .crashed)
    #expect(result.outcome.reason?.contains("floods") == true)
  }

  @Test("responds twice fails") func chatters() async throws {
    let result = try await verdict(
      "while read -r line; do case $line in pid*) echo ok pid=7; echo ok pid=8;; *) echo unsupported;; esac; done")
    #expect(result.verdict == .failed)
    #expect(result.outcome.reason?.contains("without a request") == true)
  }

  @Test("responds before a request fails") func answersAhead() async throws {
    let result = try await verdict(
      "while read -r line; do case $line in pid*) [ $n ] || printf 'ok pid=7\\nok pid=8\\n'; n=1;; *) echo unsupported;; esac; done",
      steps: "    - a: pid -> pid>=1\n    - a: pid -> pid>=1")
    #expect(result.verdict == .failed)
    #expect(result.outcome.reason?.contains("without a request") == true)
  }

  @Test(
    "writes an additional incomplete line fails, even if a step waits for the peer to exit",
    arguments: ["", "\n    - end: a\n    - wait: a -> exit 0"])
  func mutters(end: String) async throws {
    let result = try await verdict(
      "while read -r line; do case $line in pid*) printf 'ok pid=7\\nmore';; *) echo unsupported;; esac; done",
      steps: "    - a: pid\(end)")
    #expect(result.verdict == .failed)
    #expect(result.outcome.evidence?.response?.text == "more")
  }

  @Test(
    "kills the sandbox init breaks the environment",
    .enabled(if: geteuid() != 0, "requires peers of the user of the sandbox init"))
  func killsSandboxInit() async throws {
    let result = try await verdict(
      "while read -r line; do case $line in pid*) rmdir \"$PWD\"; kill -9 $PPID;; *) echo unsupported;; esac; done",
      isolation: .none)
    #expect(result.verdict == .broken)
    #expect(result.outcome.reason?.contains("the sandbox init") == true)
  }

  @Test("leaves a process in a new session cannot keep it running, even without a sandbox")
  func leavesSession() async throws {
    let result = try await verdict(
      "while read -r line; do case $line in pid*) setsid sleep 1000 >/dev/null 2>&1 </dev/null & echo ok pid=7;; *) echo unsupported;; esac; done",
      isolation: .none)
    #expect(result.verdict == .leaked)
    let left = try #require(result.outcome.evidence?.leftBehind.first)
    let pid = try #require(left.id.map(pid_t.init))
    #expect(kill(pid, 0) == -1)
  }

  @Test("cannot be run does not make the run a success") func nothingRan() async throws {
    let (summary, results, _) = try await run(
      Self.honest, steps: "    - a: pid", needs: "[private-sandbox]", isolation: .none)
    #expect(results.allSatisfy { $0.verdict == .notRun })
    #expect(summary.exitStatus == .brokenEnvironment)
  }

  @Test("fails after its last response is detected") func endsBadly() async throws {
    let result = try await verdict(Self.honest + "\nexit 9")
    #expect(result.verdict == .failed)
    #expect(result.outcome.reason?.contains("exit 9") == true)
  }

  @Test("leaves a process behind leaks it") func leavesProcess() async throws {
    let result = try await verdict(
      "while read -r line; do case $line in pid*) sleep 1000 >/dev/null 2>&1 </dev/null & echo ok pid=7;; *) echo unsupported;; esac; done"
    )
    #expect(result.verdict == .leaked)
    #expect(result.outcome.evidence?.leftBehind.contains { $0.kind == .process && $0.name == "sleep" } == true)
  }

  @Test("leaves a file and a FIFO behind leaks them") func leavesFiles() async throws {
    let result = try await verdict(
      "while read -r line; do case $line in pid*) mkfifo left; echo ok pid=7;; *) echo unsupported;; esac; done")
    #expect(result.verdict == .leaked)
    #expect(result.outcome.reason?.contains("fifo /tmp/left") == true)
  }

  @Test("holds a descriptor without a handle leaks it") func leaksDescriptor() async throws {
    let result = try await verdict(
      "while read -r line; do case $line in pid*) exec 9</dev/null; echo ok pid=7;; *) echo unsupported;; esac; done")
    #expect(result.verdict == .leaked)
    #expect(result.outcome.reason?.contains("9 (/dev/null)") == true)
  }

  @Test("writes a line that violates the protocol fails") func breaksContract() async throws {
    let result = try await verdict(
      "while read -r line; do case $line in pid*) echo fine;; *) echo unsupported;; esac; done")
    #expect(result.verdict == .failed)
    #expect(result.outcome.reason?.contains("breaks the protocol") == true)
  }
}

/// Collects the results from the threads of a run.
private final class Results: Sendable {
  private let stored = Mutex<(results: [CellResult], notes: [String])>(([], []))
  var all: [CellResult] { stored.withLock { $0.results } }
  var notes: [String] { stored.withLock { $0.notes } }
  func take(_ event: Event) {
    switch event {
    case .runStarted(let run): stored.withLock { $0.notes = run.notes }
    case .cellEnded(let result): stored.withLock { $0.results.append(result) }
    default: break
    }
  }
}
