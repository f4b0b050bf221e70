import Foundation
import Testing

@testable import Harness

@Suite("The pairings of a scenario")
struct PairingTests {
  private func pairings(_ roles: String, rule: String = "all", more: String = "") throws -> [String] {
    let (scenarios, _) = try Checkout.scenarios(
      """
      - id: test/test
        title: A title.
        spec: pipe(2)
        level: must
        roles: [\(roles)]
        pairings: \(rule)
        \(more)
        steps:
      \(roles.split(separator: ",").map { "    - \($0.trimmingCharacters(in: .whitespaces)): pid" }.joined(separator: "\n"))
      """)
    return Pairing.all(of: try #require(scenarios.first), languages: ["c", "swift"]).map(\.description)
  }

  @Test("are all assignments of languages to roles, beginning with the reference in every role")
  func all() throws {
    #expect(try pairings("a, b") == ["c>c", "c>swift", "swift>c", "swift>swift"])
    #expect(try pairings("a, b, d").count == 8)
    #expect(try pairings("a") == ["c", "swift"])
  }

  @Test("alternate the languages of the other roles if there are many")
  func mixed() throws {
    #expect(
      try pairings("a, b, d", rule: "mixed") == [
        "c>c>c", "c>swift>swift", "c>c>swift", "swift>c>c", "swift>swift>swift", "swift>c>swift",
      ])
  }

  @Test("give a pinned role its language")
  func pinned() throws {
    #expect(try pairings("a, wire", more: "pin: {wire: c}") == ["c>c", "swift>c"])
  }

  @Test("include a control cell only if the reference plays a role")
  func control() throws {
    let (scenarios, _) = try Checkout.scenarios(ShellPeers.scenario())
    func control(of reference: PeerDescription) throws -> String? {
      let peers = PeerList([reference, PeerDescription(language: "odd", peer: ["odd"], programs: nil)])
      let plan = Plan(scenarios: scenarios, peers: peers)
      #expect(plan.cells.contains { $0.id == "test/test[odd]" })
      return try #require(plan.groups.first).control?.cell.id
    }
    #expect(try control(of: PeerDescription(language: "c", peer: ["c"], programs: nil)) == "test/test[c]")
    #expect(try control(of: PeerDescription(language: "c", peer: nil, programs: ["c"])) == nil)
  }
}
