import Foundation
import SystemPackage
import Testing

@testable import Harness

/// Tests of `--scenarios` with a user's file of scenarios, and a peer that is a shell script.
@Suite("A user's file of scenarios", .serialized)
struct OwnScenariosTests {
  private static let scenario = """
    - id: pair
      title: Both roles have a process ID.
      roles: [first, second]
      steps:
        - first: pid -> pid>=1
        - second: pid -> pid>=1

    """

  private func run(
    _ command: [String], _ arguments: [String] = [], scenario: String = scenario
  ) async throws -> (status: Int32, text: String) {
    try await onThread {
      let project = try TestProject()
      try project.addScript("peer", ShellPeers.script("mine"))
      try project.write("mine: {peer: ./peer}\n", to: "peers.yaml")
      try project.write(scenario, to: "own.yaml")
      return try project.run(command + ["--scenarios", "own.yaml"], ["--jobs", "2"] + arguments)
    }
  }

  @Test("runs in every pairing of the user's peers and those of the suite") func pairings() async throws {
    let run = try await run(["run", "--peers", "peers.yaml", "--verbose"])
    #expect(run.status == ExitStatus.asExpected.rawValue, "\(run.text)")
    #expect(run.text.contains("pair[mine>swift]") && run.text.contains("pair[c>mine]"), "\(run.text)")
    #expect(run.text.hasSuffix("9 passed, 0 failed"))
  }

  @Test("runs with a peer that is checked, without the golden transcripts and faults of the suite")
  func checkPeer() async throws {
    let run = try await run(["check-peer"], ["./peer"])
    #expect(run.status == ExitStatus.asExpected.rawValue, "\(run.text)")
    #expect(run.text.hasSuffix("3 passed, 0 failed") && !run.text.contains("fault"), "\(run.text)")
  }

  @Test("is named in the command that repeats a failed cell") func rerun() async throws {
    let wrong = Self.scenario.replacing("second: pid -> pid>=1", with: "second: pid -> pid<1")
    let run = try await run(["check-peer", "--format", "tap"], ["./peer"], scenario: wrong)
    #expect(run.status == ExitStatus.brokenEnvironment.rawValue)
    #expect(run.text.contains("check-peer --scenarios own.yaml"), "\(run.text)")
  }

  /// The project with a scenario that fails, after a run that saved its report.
  private func failedProject() throws -> TestProject {
    let project = try TestProject()
    try project.addScript("peer", ShellPeers.script("mine"))
    try project.write("mine: {peer: ./peer}\n", to: "peers.yaml")
    try project.write(Self.scenario.replacing("second: pid -> pid>=1", with: "second: pid -> pid<1"), to: "own.yaml")
    let run = try project.run(
      ["run", "--scenarios", "own.yaml", "--peers", "peers.yaml", "--pairs", "c:mine"],
      ["--format", "json", "--output", "run.json"])
    #expect(run.status == ExitStatus.brokenEnvironment.rawValue, "\(run.text)")
    return project
  }

  @Test("is read again, with the peers, to repeat the failed cells of a saved run") func rerunFailed() async throws {
    try await onThread {
      let project = try failedProject()
      let saved = try SavedRun(contentsOf: "\(project.path)/run.json")
      #expect(saved.run?.scenarioFiles == ["own.yaml"] && saved.run?.peerFiles == ["peers.yaml"])
      let again = try project.run(["run", "--rerun-failed", "run.json"])
      #expect(again.status == ExitStatus.brokenEnvironment.rawValue, "\(again.text)")
      #expect(again.text.contains("run 'pair[c>mine]' --scenarios own.yaml --peers peers.yaml"), "\(again.text)")
      try project.write(Self.scenario.replacing("id: pair", with: "id: other"), to: "other.yaml")
      let other = try project.run(["run", "--rerun-failed", "run.json", "--scenarios", "other.yaml"])
      #expect(other.status == ExitStatus.nothingSelected.rawValue)
      #expect(other.text.contains("no failed cell of the report exists in other.yaml"), "\(other.text)")
      let unrelated = try project.shell(
        #""$1" run --scenarios other.yaml --pairs c --format json --output other.json; "#
          + #"exec "$1" report run.json --diff other.json"#)
      #expect(unrelated.status == ExitStatus.usage.rawValue, "\(unrelated.text)")
      #expect(unrelated.text.contains("run.json and other.json have no cell in common"), "\(unrelated.text)")
    }
  }

  @Test("is named if a filter matches none of its cells") func selection() async throws {
    let filtered = try await run(["run"], ["nothing"])
    #expect(filtered.status == ExitStatus.nothingSelected.rawValue)
    #expect(filtered.text.contains("no cell in own.yaml matches 'nothing'"), "\(filtered.text)")
    let mechanism = try await run(["run"], ["--mechanism", "pipe"])
    #expect(mechanism.text.contains("there is no mechanism 'pipe' in own.yaml"), "\(mechanism.text)")
  }

  @Test("is annotated relative to the workspace of GitHub") func annotations() async throws {
    try await onThread {
      let project = try failedProject()
      let report = try project.shell(
        #"mkdir sub && cp run.json sub && cd sub && sed -i 's|own.yaml|../own.yaml|' run.json && "#
          + #"GITHUB_WORKSPACE="$PWD/.." exec "$1" report run.json --format github"#)
      #expect(report.text.contains("::error file=own.yaml,line=6,"), "\(report.text)")
    }
  }

  @Test(
    "passes with the skeleton, as docs/your-peer.md shows it",
    .enabled(if: FileManager.default.fileExists(atPath: "/usr/bin/python3")))
  func documented() async throws {
    let page = try String(contentsOfFile: Checkout.root.appending("docs/your-peer.md").string, encoding: .utf8)
    let example = try #require(page.firstMatch(of: /```yaml\n(# my-scenarios.yaml\n(?:.*\n)*?)```/))
    let skeleton = Checkout.root.appending("docs/skeleton-peer.py").string
    let run = try await run(["check-peer"], ["/usr/bin/python3", skeleton], scenario: String(example.1))
    #expect(run.status == ExitStatus.asExpected.rawValue, "\(run.text)")
    #expect(run.text.hasSuffix("3 passed, 0 failed"), "\(run.text)")
  }

  @Test("is read with its errors, whose locations are reported") func diagnostics() async throws {
    for command in [["run"], ["check-peer"]] {
      let run = try await run(command, ["./peer"], scenario: Self.scenario.replacing("first: pid", with: "first: pidd"))
      #expect(run.status == ExitStatus.usage.rawValue)
      #expect(run.text.contains("own.yaml:5:14: unknown operation 'pidd'; did you mean 'pid'?"), "\(run.text)")
    }
  }
}
