import PeerProtocol
import Testing

@testable import Harness

@Suite("Pairings with many languages")
struct PairingStrategyTests {
  private static let names = ["c", "a", "b", "d", "e"]

  private func plan(_ scenarios: [Scenario], named: [[String]] = []) -> Plan {
    let peers = PeerList(Self.names.map { PeerDescription(language: $0, peer: [$0], programs: nil) })
    return Plan(scenarios: scenarios, peers: peers, strategy: .covering(named: named))
  }

  private func scenarios(
    _ count: Int, roles: [String] = ["x", "y"], request: (Int) -> String = { _ in "pid" }
  ) throws -> [Scenario] {
    let texts = (1...count).map { number in
      """
      - id: test/test-\(number)
        title: A title.
        spec: pipe(2)
        level: must
        roles: [\(roles.joined(separator: ", "))]
        steps:
      \(roles.map { "    - \($0): \(request(number))" }.joined(separator: "\n"))
      """
    }
    return try Checkout.scenarios(texts.joined(separator: "\n")).scenarios
  }

  @Test("include each language with the reference and with itself in every scenario") func reference() throws {
    for group in plan(try scenarios(3)).groups {
      let found = Set(group.cells.map(\.pairing.description))
      #expect(group.control?.pairing.description == "c>c")
      for name in Self.names { #expect(found.isSuperset(of: ["c>\(name)", "\(name)>c", "\(name)>\(name)"])) }
    }
  }

  @Test("include each other pair once for a mechanism, not in every scenario", arguments: [1, 5, 12, 40])
  func others(count: Int) throws {
    let pairs: [[String]] = plan(try scenarios(count)).cells.map { cell in cell.pairing.map(\.language) }
    let others = pairs.filter { pair in !pair.contains("c") && pair[0] != pair[1] }
    #expect(Set(others).count == 4 * 3)
    // Each scenario gets the same number of pairs, so the last pairs may repeat the first ones.
    #expect(others.count < 12 + max(count, 12))
  }

  @Test("include no pairing twice, and only two languages for three roles") func manyRoles() throws {
    for group in plan(try scenarios(2, roles: ["x", "y", "z"])).groups {
      let found = group.cells.map(\.pairing.languages)
      #expect(Set(found).count == found.count)
      #expect(found.allSatisfy { Set($0).count <= 2 })
      #expect(found.contains(["a", "a", "a"]) && found.contains(["a", "c", "c"]) && found.contains(["c", "a", "a"]))
    }
  }

  @Test("cover a pair in a scenario that both languages can run") func capabilities() throws {
    let scenarios = try scenarios(9) { $0 == 7 ? "pid" : "umask mask=0" }
    let operations = ["c": ["pid", "umask"], "a": ["pid", "umask"], "b": ["pid"], "d": ["pid"], "e": []]
    let table = CapabilityTable(
      operations.mapValues { Greeting(language: "x", implementation: "x", operations: $0) },
      try Checkout.operations.get())
    let languages = Array(repeating: Self.names, count: scenarios.count)
    let coverage = try #require(
      PairingStrategy.covering(named: []).coverage(of: scenarios, languages: languages, reference: "c") {
        table.missing(for: $0, languages: $1.languages) == nil
      })
    let pairs = scenarios.enumerated().map { index, scenario in
      Set(coverage.pairings(of: scenario, at: index, languages: Self.names).map(\.description))
    }
    for pair in ["a>b", "b>a", "b>d", "d>b", "a>d"] {
      #expect(pairs.indices.filter { pairs[$0].contains(pair) } == [6], "\(pair)")
    }
    // If a pair cannot run any cell, one cell is still planned, so that the report contains the reason.
    for pair in ["a>e", "e>a", "b>e"] { #expect(pairs.count { $0.contains(pair) } == 1, "\(pair)") }
  }

  @Test("include a pairing that the user names") func named() throws {
    let cells = plan(try scenarios(12), named: [["d", "e"]]).groups.map { $0.cells.map(\.pairing.description) }
    #expect(cells.allSatisfy { $0.contains("d>e") })
  }

  @Test("are all pairings unless there are more than three languages") func automatic() throws {
    func notes(_ count: Int, _ name: PairingStrategy.Name? = nil) -> Int {
      let peers = PeerList(Self.names.prefix(count).map { PeerDescription(language: $0, peer: [$0], programs: nil) })
      var configuration = RunConfiguration(root: "/", peers: peers, registry: OperationRegistry([]))
      configuration.pairing = name
      return PairingStrategy(configuration).notes.count
    }
    #expect(notes(3) == 0 && notes(4) == 1)
    #expect(notes(5, .all) == 0 && notes(2, .covering) == 1)
  }
}
