import Foundation
import Testing

@testable import Harness

@Suite("The self-test", .serialized)
struct SelfTestTests {
  /// A build with three mutants: `lies` responds with a wrong pid, `liar` responds `ok` to every request, and `gone`
  /// exits.
  private static let faulty =
    """
    mutant=none
    case $1 in --mutants) printf 'lies\\nliar\\ngone\\n'; exit ;; --mutant) mutant=$2 ;; esac
    """ + "\n"
    + ShellPeers.script(
      "odd", "lies:pid*) echo ok pid=0 ;; liar:*) echo ok pid=7 ;; gone:pid*) exit 3 ;; @CONTROL@")

  private static func mutant(_ name: String, verdict: String? = nil, reason: String = "pid=0, expected pid>=1")
    -> String
  {
    """
    - mutant: \(name)
      peer: odd
      wrong: It is wrong.
      caught-by: {test/test: a}
      reason: "\(reason)"
      \(verdict.map { "verdict: \($0)" } ?? "")

    """
  }

  /// A build with these mutants and an additional mutant that behaves correctly.
  private static let withHarmless = faulty.replacing("gone\\n", with: "gone\\nharmless\\n")

  private static let others =
    mutant("gone", verdict: "crashed", reason: "exit 3")
    + mutant("liar", reason: "is not trusted")

  /// Runs only the mutants in `mutants`, although the build contains others.
  private func run(
    _ mutants: String, names: [String] = [], control: String = "", scenarios more: [Scenario] = [],
    faulty: String = faulty, timeoutMultiplier: Double = 1, leftOut: [MissingPeer] = []
  ) async throws -> (summary: RunSummary, results: [CellResult]) {
    try await onThread {
      let scripts = [ShellPeers.script("reference"), faulty.replacing("@CONTROL@", with: control)]
      return try ShellPeers.withScripts(scripts) { root, commands in
        let (scenarios, registry) = try Checkout.scenarios(ShellPeers.scenario())
        let reference = PeerDescription(language: "reference", peer: commands[0], programs: nil)
        let odd = PeerDescription(language: "odd", peer: commands[1], programs: nil)
        let source = FixtureFile(file: "mutants.yaml", bytes: Data(mutants.utf8))
        let loaded = try DiagnosticLog.collect {
          MutantLoader.parse(
            source, scenarios: scenarios, languages: ["odd"] + leftOut.map(\.language), log: $0)
        }
        var configuration = RunConfiguration(
          root: root, sandboxInit: Checkout.sandboxInit, peers: PeerList([reference]), registry: registry)
        configuration.timeoutMultiplier = timeoutMultiplier
        let results = GatheredResults()
        let test = try SelfTest(
          configuration, scenarios: scenarios + more, mutants: loaded,
          build: MutantBuild(PeerList([odd], leftOut: leftOut)), names: names)
        return (try test.run { results.take($0) }, results.all)
      }
    }
  }

  private func status(_ run: (summary: RunSummary, results: [CellResult])) -> Harness.ExitStatus {
    run.summary.exitStatus
  }

  @Test("succeeds if each mutant is caught as specified, even if by a crash or by the probe")
  func killed() async throws {
    let run = try await run(Self.mutant("lies") + Self.others)
    #expect(status(run) == .asExpected)
    #expect(run.results.count == 4)
    #expect(run.results.contains { $0.cell.id == "test/test[odd-without-mutant]" && $0.verdict == .passed })
  }

  @Test("omits the mutants in a missing build, unless the user selects one")
  func missingBuild() async throws {
    let absent = MissingPeer(language: "absent", program: "build/absent")
    let mutants =
      Self.mutant("lies") + Self.others + Self.mutant("elsewhere").replacing("peer: odd", with: "peer: absent")
    let run = try await run(mutants, leftOut: [absent])
    #expect(status(run) == .asExpected && run.results.count == 4)
    let error = await #expect(throws: RunError.self) {
      try await self.run(mutants, names: ["elsewhere"], leftOut: [absent])
    }
    #expect(error?.description == "absent is left out: there is no build/absent, so 1 mutant cannot be run")
  }

  @Test("fails when a mutant survives") func survivor() async throws {
    let run = try await run(
      Self.mutant("lies") + Self.others + Self.mutant("harmless"), faulty: Self.withHarmless)
    #expect(status(run) == .failures)
    #expect(run.results.filter { !$0.isExpected }.map(\.verdict) == [.passed])
    #expect(run.summary.problems.isEmpty)
  }

  @Test(
    "describes a mutant by its defect, and a survivor also by what was expected", arguments: [Verdict.failed, .passed])
  func description(verdict: Verdict) throws {
    let (scenarios, _) = try Checkout.scenarios(ShellPeers.scenario())
    let source = FixtureFile(file: "mutants.yaml", bytes: Data(Self.mutant("lies").utf8))
    let mutants = try DiagnosticLog.collect {
      MutantLoader.parse(source, scenarios: scenarios, languages: ["odd"], log: $0)
    }
    let cell = Cell(
      id: "test/test[lies]", scenario: "test/test", mechanism: "test", title: "T.", spec: "s", level: .must,
      pairing: [.init(role: "a", language: "lies")], parameters: [:], location: scenarios[0].location)
    let outcome = CellOutcome(verdict: verdict, reason: verdict == .failed ? mutants[0].reason : nil, evidence: nil)
    let (isExpected, note) = Expectations.caught(mutants[0]).assess(cell.id, outcome)
    let result = CellResult(
      cell: cell, outcome: outcome, isExpected: isExpected, expectation: note, isolation: .private, rerun: "again")
    var table = MutantTable(mutants, style: Style(verbose: true))
    let summary = RunSummary([result], planned: [cell.id], problems: [], rules: .init(), seconds: 1, interrupted: false)
    let text = [Event.cellEnded(result), .runEnded(summary)].map { table.receive($0) }.joined()
    #expect(text.contains("  defect      It is wrong.\n"), "\(text)")
    #expect(text.contains("  expectation mutants.yaml") == (verdict == .passed), "\(text)")
  }

  @Test("fails when a mutant is caught for another reason") func anotherReason() async throws {
    let run = try await run(Self.mutant("lies", reason: "something else") + Self.others, names: ["lies"])
    #expect(status(run) == .failures)
    #expect(run.results.first { !$0.isExpected }?.expectation?.contains("something else") == true)
  }

  @Test("fails when a mutant is caught with a different verdict") func anotherVerdict() async throws {
    let run = try await run(Self.mutant("lies", verdict: "leaked") + Self.others, names: ["lies"])
    #expect(status(run) == .failures)
    #expect(run.summary.problems.isEmpty)
  }

  @Test("fails for a mutant of the build without an entry") func unlisted() async throws {
    let run = try await run(Self.mutant("lies") + Self.others, faulty: Self.withHarmless)
    #expect(status(run) == .failures)
    #expect(run.summary.problems == ["no entry says which cells must catch the mutant 'harmless' of the odd build"])
  }

  @Test("fails when the build without an enabled mutant fails") func faultyControl() async throws {
    let run = try await run(Self.mutant("lies") + Self.others, control: "none:pid*) echo ok pid=0 ;;")
    #expect(status(run) == .failures)
    #expect(run.results.contains { $0.cell.id == "test/test[odd-without-mutant]" && !$0.isExpected })
  }

  @Test("fails for a mutant that the build does not have, with a suggestion") func unknownFault() async throws {
    let run = try await run(Self.mutant("lise") + Self.mutant("lies") + Self.others)
    #expect(status(run) == .failures)
    #expect(run.summary.problems.contains { $0.contains("mutants.yaml:1:3") && $0.contains("did you mean 'lies'?") })
  }

  @Test("fails when a mechanism has no mutant") func uncovered() async throws {
    let other = Scenario(
      id: "other/test", title: "", spec: "", level: .must, roles: [], steps: [], needs: [], parameters: [],
      pairings: .all, isNegativeControl: false, location: SourceLocation(file: "other.yaml", line: 1, column: 1))
    let run = try await run(Self.mutant("lies") + Self.others, scenarios: [other])
    #expect(status(run) == .failures)
    #expect(run.summary.problems == ["no mutant shows that the suite catches defects in other"])
  }

  @Test("does not wait forever for a build that does not list its mutants", .timeLimit(.minutes(1)))
  func silentBuild() async throws {
    await #expect { try await run(Self.mutant("lies"), faulty: "exec sleep 3600", timeoutMultiplier: 0.01) } throws: {
      ($0 as? RunError)?.status == .brokenEnvironment && "\($0)".hasSuffix(" --mutants did not end within 0.2 seconds")
    }
  }

  @Test("does not begin for an unknown mutant, or without its build") func cannotBegin() async throws {
    await #expect { try await run(Self.mutant("lies"), names: ["lise"]) } throws: {
      ($0 as? RunError)?.status == .nothingSelected && "\($0)".contains("did you mean 'lies'?")
    }
    await #expect { try await run(Self.mutant("lies"), faulty: "echo why >&2; exit 7") } throws: {
      ($0 as? RunError)?.status == .brokenEnvironment && "\($0)".hasSuffix(" --mutants ended (exit 7): why")
    }
  }
}
