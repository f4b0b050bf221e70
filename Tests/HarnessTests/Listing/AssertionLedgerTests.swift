import Foundation
import SystemPackage
import Testing

@testable import Harness

@Suite("The assertion ledger")
struct AssertionLedgerTests {
  private static func load(_ text: String) throws(FixtureErrors) -> AssertionLedger {
    try DiagnosticLog.collect {
      AssertionLedger.parse(
        FixtureFile(file: "assertions.yaml", bytes: Data(text.utf8)), known: ["pipe/eof", "pipe/broken"], log: $0)
    }
  }

  /// Returns a ledger with one suite that has one group.
  private static func ledger(floor: Int = 0, _ assertions: String) throws(FixtureErrors) -> AssertionLedger {
    try load(
      """
      suites: [{suite: s, title: Some suite, at-least: \(floor), groups: [{group: read, assertions: [\(assertions)]}]}]
      mechanisms: []
      """)
  }

  private static let all = """
    {id: 1, asks: "it | ends", scenarios: [pipe/eof]}, \
    {id: 2, asks: it breaks, risk: high, scenarios: [pipe/eof, pipe/broken]}, \
    {id: 3, asks: it bends, risk: medium, scenarios: [pipe/broken], left-out: Half of it.}, \
    {id: 4, asks: it burns, risk: low, left-out: There is no fire.}, \
    {id: 5, asks: it lasts, not-applicable: It does not.}, \
    {id: 6, asks: it is odd, risk: low, not-expressible: It has a type.}, \
    {id: 7, asks: it is even, risk: low, scenarios: [pipe/eof], not-expressible: It is not odd.}
    """

  @Test("records how each assertion is covered")
  func sound() throws {
    let suite = try #require(try Self.ledger(floor: 2, Self.all).suites.first)
    #expect(suite.assertions.map(\.id) == ["1", "2", "3", "4", "5", "6", "7"])
    #expect(suite.assertions.map(\.risk) == [nil, .high, .medium, .low, nil, .low, .low])
    #expect(
      suite.assertions.map(\.coverage) == [
        .covered, .covered, .partial(reason: "Half of it."), .leftOut(reason: "There is no fire."),
        .notApplicable(reason: "It does not."), .notExpressible(reason: "It has a type."),
        .expressiblePart(reason: "It is not odd."),
      ])
  }

  @Test("counts by suite and risk, and lists omissions")
  func page() throws {
    let page = try #require(try Self.ledger(Self.all).text(.markdown))
    let counts = "2 | 1 | 1 | 1 | 1 | 1 | 7 | 60 % | 33 % |"
    #expect(page.contains("| Some suite | \(counts)\n| all | \(counts)\n"))
    #expect(page.contains("| Some suite | high | 1 | 0 | 0 |\n| Some suite | medium | 0 | 1 | 0 |\n"))
    #expect(page.contains("| Some suite | low | 1 | 0 | 1 |\n"))
    #expect(
      page.contains(
        """
        | read 3 | it bends | medium | Half of it. | `pipe/broken` |
        | read 4 | it burns | low | There is no fire. |  |

        ## Assertions that are not expressible
        """))
    #expect(
      page.hasSuffix(
        """
        | read 6 | it is odd | low | It has a type. |  |
        | read 7 | it is even | low | It is not odd. | `pipe/eof` |

        """))
    #expect(!page.contains("it \\| ends"))
    let totals = try #require(try Self.ledger(Self.all).text(.console))
    #expect(
      totals.split(separator: "\n").last?.split(separator: " ") == [
        "all", "2", "1", "1", "1", "1", "1", "7", "60", "%", "33", "%",
      ])
  }

  @Test("fails if fewer assertions are covered than the suite must have")
  func floor() {
    let error = #expect(throws: FixtureErrors.self) { try Self.ledger(floor: 3, Self.all) }
    #expect(
      error?.diagnostics.map(\.message) == ["s has 2 covered assertions, at least 3 expected"])
  }

  @Test(
    "is rejected if an assertion is not consistent",
    arguments: [
      ("{id: 1, asks: x, scenarios: [pipe/eoff]}", "there is no scenario 'pipe/eoff'; did you mean 'pipe/eof'?"),
      ("{id: 1, asks: x, scenarios: []}", "the list of scenarios is empty"),
      (
        "{id: 1, asks: x}",
        "an assertion has 'scenarios', and 'left-out' or 'not-expressible'; or 'not-applicable' alone"
      ),
      (
        "{id: 1, asks: x, scenarios: [pipe/eof], not-applicable: y}",
        "an assertion has 'scenarios', and 'left-out' or 'not-expressible'; or 'not-applicable' alone"
      ),
      ("{id: 1, asks: x, left-out: y}", "an assertion that is not covered must have the key 'risk'"),
      ("{id: 1, asks: x, risk: hihg, left-out: y}", "'hihg' is not a risk; did you mean 'high'?"),
      (
        "{id: 1, asks: x, scenarios: [pipe/eof]}, {id: 1, asks: y, scenarios: [pipe/eof]}",
        "the group has two assertions '1'"
      ),
      ("{id: 1, scenarios: [pipe/eof]}", "an assertion must have the key 'asks'"),
    ])
  func diagnostics(assertion: String, mistake: String) {
    let error = #expect(throws: FixtureErrors.self) { try Self.ledger(assertion) }
    #expect(error?.diagnostics.map(\.message) == [mistake])
  }

  @Test("of the project is docs/coverage.md, which 'make docs/coverage.md' rewrites")
  func projectPage() throws {
    let ledger = try Checkout.everything.get().assertions()
    let page = try String(contentsOfFile: Checkout.root.appending("docs/coverage.md").string, encoding: .utf8)
    #expect(page == ledger.text(.markdown))
  }
}
