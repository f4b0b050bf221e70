import Foundation
import SystemPackage
import Testing

@testable import Harness

@Suite("The mutant list")
struct MutantLoaderTests {
  private static let good = """
    - mutant: lies
      peer: c
      wrong: It answers another number.
      caught-by: {'test/rows[bytes=4]': writer, test/rows: reader}
      verdict: leaked
      reason: pid=0
    """

  private func load(_ yaml: String) throws -> [Mutant] {
    let (scenarios, _) = try Checkout.scenarios(
      """
      - id: test/rows
        title: A title.
        spec: getpid(2)
        level: must
        roles: [reader, writer, wire]
        pin: {wire: c}
        with: {bytes: [4, 8]}
        steps:
          - reader: poll events=POLLIN timeout={bytes}
          - writer: pid
          - wire: pid
      """)
    let source = FixtureFile(file: "mutants.yaml", bytes: Data(yaml.utf8))
    return try DiagnosticLog.collect {
      MutantLoader.parse(source, scenarios: scenarios, languages: ["c", "swift"], log: $0)
    }
  }

  @Test("has the cells that must catch each mutant, with verdict and reason") func good() throws {
    let mutant = try #require(try load(Self.good).first)
    #expect(mutant.name == "lies" && mutant.verdict == .leaked && mutant.mechanism == "test")
    #expect(mutant.catchers.map(\.role) == ["writer", "reader"])
    #expect(mutant.catchers[0].parameters == ["bytes": "4"])
  }

  @Test(
    "is rejected with file, line, column and suggestion",
    arguments: [
      ("test/rows: reader", "test/row: reader", ":4:45: there is no scenario 'test/row'; did you mean 'test/rows'?"),
      ("rows: reader", "rows: raeder", ":4:56: test/rows has no role 'raeder' that any language can play; did you"),
      ("rows: reader", "rows: wire", ":4:56: test/rows has no role 'wire'"),
      ("bytes=4", "bytes=5", ":4:16: no row of test/rows has these parameters"),
      ("peer: c", "peer: swfit", ":2:9: 'swfit' has no mutant build; did you mean 'swift'?"),
      ("mutant: lies", "mutant: Lies!", ":1:11: 'Lies!' cannot be a mutant"),
      ("mutant: lies", "mutant: swift", ":1:11: 'swift' is the name of a language"),
      ("verdict: leaked", "verdict: laeked", ":5:12: 'laeked' is not a verdict on a mutant; did you mean 'leaked'?"),
      ("verdict: leaked", "verdict: passed", ":5:12: 'passed' is not a verdict on a mutant"),
      ("reason: pid=0", "reason: pid", ":6:11: a reason of fewer than 4 letters"),
      ("  reason: pid=0", "", ":1:3: a mutant must have the key 'reason'"),
      ("  wrong: It answers another number.", "  wrnog: x", ":3:3: a mutant has no key 'wrnog'; did you mean 'wrong'?"),
      ("{'test/rows[bytes=4]': writer, test/rows: reader}", "{}", ":4:14: 'caught-by' must name a scenario"),
    ])
  func refused(original: String, replacement: String, message: String) {
    #expect { try load(Self.good.replacing(original, with: replacement)) } throws: {
      "\($0)".contains("mutants.yaml" + message)
    }
  }

  @Test("rejects a repeated name") func twice() {
    #expect { try load(Self.good + "\n" + Self.good) } throws: {
      "\($0)".contains("mutants.yaml:7:3: the mutant 'lies' is already defined at mutants.yaml:1:3")
    }
  }

  @Test("is not empty", arguments: ["", "[]", "# later\n"]) func empty(yaml: String) {
    #expect(throws: FixtureErrors.self) { try load(yaml) }
  }

  @Test("loads only the scenarios that must catch the selected mutants, unless a name is unknown")
  func selected() throws {
    let installation = Installation(root: Checkout.root.string)
    func mechanisms(_ names: [String]) -> [String] {
      Fixtures.selection(catching: names, installation).mechanisms
    }
    #expect(mechanisms(["mq-priority-dropped"]) == ["posix-mq"])
    #expect(mechanisms(["mq-priority-dropped", "newline-stripped"]) == ["buffered", "posix-mq"])
    for names in [[], ["no-such-mutant"], ["mq-priority-dropped", "no-such-mutant"]] {
      #expect(mechanisms(names) == [])
    }
    let fixtures = try Fixtures(
      installation, for: Fixtures.selection(catching: ["mq-priority-dropped"], installation))
    #expect(Set(fixtures.scenarios.map(\.mechanism)) == ["posix-mq"])
    let loaded = try fixtures.mutants(builds: nil)
    #expect(loaded.mutants.contains { $0.name == "mq-priority-dropped" })
    #expect(Set(loaded.mutants.flatMap(\.mechanisms)) == ["posix-mq"] && loaded.ofRunner.isEmpty)
  }

  @Test("of the project loads, and matches the documentation") func fixture() throws {
    let root = Checkout.root
    let (scenarios, _) = try Checkout.fixtures.get()
    let mutants = try DiagnosticLog.collect {
      MutantLoader.load(
        root: root.string, scenarios: scenarios, languages: ["c", "swift", "python", "perl", "rust"], log: $0)
    }
    let ofRunner = try DiagnosticLog.collect {
      RunnerMutantLoader.load(root: root.string, mutants: mutants.map(\.name), log: $0)
    }
    let page = try String(contentsOfFile: root.appending("docs/mutants.md").string, encoding: .utf8)
    #expect(page == (try MutantList(mutants, ofRunner).markdown), "'make docs/mutants.md' rewrites it")
    #expect(ofRunner.count >= 30)
    let readme = try String(contentsOfFile: root.appending("README.md").string, encoding: .utf8)
    #expect(readme.contains("killed \(mutants.count) of \(mutants.count)"))
    #expect(mutants.count { $0.language == "swift" } >= 20)
  }
}
