import Foundation
import Testing

@testable import Interop

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

  @Test("are every assignment of languages to roles, the reference's own first")
  func all() throws {
    #expect(try pairings("a, b") == ["c>c", "c>swift", "swift>c", "swift>swift"])
    #expect(try pairings("a, b, d").count == 8)
    #expect(try pairings("a") == ["c", "swift"])
  }

  @Test("mix the others where roles are many")
  func mixed() throws {
    #expect(
      try pairings("a, b, d", rule: "mixed") == [
        "c>c>c", "c>swift>swift", "c>c>swift", "swift>c>c", "swift>swift>swift", "swift>c>swift",
      ])
  }

  @Test("leave a pinned role to its language")
  func pinned() throws {
    #expect(try pairings("a, wire", more: "pin: {wire: c}") == ["c>c", "swift>c"])
  }
}
