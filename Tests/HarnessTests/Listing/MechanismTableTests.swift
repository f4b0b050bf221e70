import Foundation
import SystemPackage
import Testing

@testable import Harness

@Suite("The table of mechanisms")
struct MechanismTableTests {
  @Test("has the correct numbers of scenarios and cells")
  func counts() throws {
    let page = try String(contentsOfFile: Checkout.root.appending("docs/mechanisms.md").string, encoding: .utf8)
    let fixtures = try Checkout.everything.get()
    let cells = Plan(scenarios: fixtures.scenarios, peers: fixtures.peers).cells
    for (mechanism, cells) in Dictionary(grouping: cells, by: \.mechanism) {
      let row = page.split(separator: "\n").first { $0.hasPrefix("|") && $0.contains("`\(mechanism)`") }
      let counts = "| \(Set(cells.map(\.scenario)).count) | \(cells.count) |"
      #expect(row?.hasSuffix(counts) == true, "the row of \(mechanism) must end with \(counts)")
    }
  }
}
