import Foundation
import Testing

@testable import Harness

@Suite("Runner mutants")
struct RunnerMutantTests {
  private static let good = """
    checks:
    - check: green
      run: "run pipe/broken"
      exit: 0
      shows: [passed]
    mutants:
    - mutant: always
      wrong: Everything is equal.
      file: Harness/Check.swift
      replace: "a == b"
      with: "{mutant} || a == b"
      killed-by: [lies, check green]
    """

  private func load(_ yaml: String) throws -> [RunnerMutant] {
    try DiagnosticLog.collect {
      RunnerMutantLoader.parse(
        FixtureFile(file: "runner-mutants.yaml", bytes: Data(yaml.utf8)), mutants: ["lies"], log: $0)
    }
  }

  @Test("are read with the tests that detect them") func read() throws {
    let mutant = try #require(try load(Self.good).first)
    #expect(mutant.mutants == ["lies"] && mutant.checks.map(\.name) == ["green"])
    #expect(mutant.verdict == .passed && !mutant.isShared)
  }

  @Test(
    "are rejected with the location of each error",
    arguments: [
      ("[lies, check green]", "[lies]", "at least 2 tests must catch"),
      ("[lies, check green]", "[lise, check green]", "there is no peer mutant 'lise'; did you mean 'lies'?"),
      ("[lies, check green]", "[lies, check gren]", "there is no check 'gren'; did you mean 'green'?"),
      ("{mutant} || a", "a", "must have the condition {mutant}"),
      ("mutant: always", "mutant: lies", "the name 'lies' is already taken"),
      ("shows: [passed]", "with: [never]", "switches on 'never', which is not a mutant of the runner"),
      ("exit: 0", "exit: zero", "'exit' must be a number"),
    ])
  func errors(text: String, wrong: String, message: String) {
    #expect { try load(Self.good.replacing(text, with: wrong)) } throws: { "\($0)".contains(message) }
  }

  @Test("replace text that occurs once in the source") func sources() throws {
    let root = FileManager.default.temporaryDirectory.appending(path: "sources-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: root) }
    for (name, text) in [
      ("Harness/Check.swift", "a == b\n"), ("ipc-interop/Main.swift", "import Harness\nHarness.run()\n"),
    ] {
      let file = root.appending(path: "Sources/\(name)")
      try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
    }
    let target = root.appending(path: "copies").path
    try RunnerMutantSources(root: root.path, mutants: try load(Self.good)).write(to: target)
    func copy(_ name: String) throws -> String { try String(contentsOfFile: "\(target)/\(name)", encoding: .utf8) }
    #expect(try copy("Harness/Check.swift") == "isMutant(\"always\") || a == b\n")
    #expect(try copy("ipc-interop/Main.swift") == "import HarnessWithMutants\nHarnessWithMutants.run()\n")
    let changed = try load(Self.good.replacing("\"a == b\"", with: "\"a != b\""))
    #expect { try RunnerMutantSources(root: root.path, mutants: changed).write(to: target) } throws: {
      "\($0)".contains("has the text of 'always' 0 times; change the mutant with the source")
    }
  }

  @Test("are detected by a check whose result differs") func checks() throws {
    let check = try #require(try load(Self.good).first?.checks.first)
    func problem(_ script: String) throws -> String? {
      check.problem(
        try ProgramRun(["/bin/sh", "-c", script], in: "/", environment: ["IT": "passed"], timeout: .seconds(60)))
    }
    #expect(try problem("echo 1 $IT") == nil)
    #expect(try problem("echo 1 $IT; exit 1") == "exit status 1 instead of 0")
    #expect(try problem("echo 1") == "the output lacks 'passed'")
    #expect(try problem("kill -9 $$") == "the command did not end")
  }
}

@Suite("Generated mutants")
struct GeneratedMutantTests {
  private func result(_ name: String, killed: Bool, note: String? = nil, seconds: Double = 0.1) -> CellResult {
    GeneratedMutant(language: "c", name: name).result(
      killedAt: killed ? "pipe/broken[] writer" : nil, note: note, isExpected: true, seconds: seconds,
      configuration: RunConfiguration(root: "/", peers: PeerList([]), registry: OperationRegistry([])),
      isolation: .private)
  }

  @Test("have a score that does not count equivalent ones") func score() {
    let results = [
      result("read:arg3:plus-1", killed: true), result("read:arg3:minus-1", killed: true),
      result("read:double", killed: true), result("write:skip", killed: false),
      result("close:double", killed: false, note: "The second call fails."),
    ]
    let score = GeneratedScore.all(results)
    #expect(score.map(\.percentage) == [75] && score.first?.equivalent == 1)
  }

  @Test("have a sample with the fastest kill of each kind of change") func sample() {
    var choice = GeneratedSample.Choice()
    choice.add(result("read:arg3:plus-1", killed: true, seconds: 0.3))
    choice.add(result("read:arg3:plus-1", killed: true, seconds: 0.2))
    choice.add(result("read:arg3:minus-1", killed: true, seconds: 20))
    choice.add(result("read:double", killed: true))
    choice.add(result("write:skip", killed: false))
    #expect(choice.text.split(separator: "\n").dropFirst() == ["c read:arg3:plus-1 pipe/broken[] writer"])
  }
}
