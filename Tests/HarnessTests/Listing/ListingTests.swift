import Foundation
import SystemPackage
import Testing

@testable import Harness

@Suite("The listing")
struct ListingTests {
  private static func cell(_ scenario: String, _ pairing: String, level: Scenario.Level = .must) -> Cell {
    Cell(
      id: "\(scenario)[\(pairing)]", scenario: scenario, mechanism: String(scenario.prefix { $0 != "/" }),
      title: "What \(scenario) | demands.", spec: "pipe(7)", level: level, pairing: [], parameters: [:],
      location: SourceLocation(file: "fixtures/scenarios/x.yaml", line: 1, column: 3))
  }

  private static let listing = Listing(
    cells: [cell("pipe/eof", "c>c"), cell("fifo/order", "c", level: .should), cell("pipe/eof", "c>swift")],
    pitfalls: [
      PitfallGroup(
        title: "Ends",
        pitfalls: [
          Pitfall(requirement: "Files *end*.", scenarios: ["pipe/eof", "pipe/gone"]),
          Pitfall(requirement: "Not selected.", scenarios: ["pipe/gone"]),
        ])
    ])

  @Test("lists each scenario once, with its cells")
  func console() throws {
    #expect(
      try Self.listing.text(.console, style: Style(verbose: true)) == """
        pipe/eof  (must, 2 cells)
            What pipe/eof | demands.
            pipe(7)
            pipe/eof[c>c]
            pipe/eof[c>swift]
        fifo/order  (should, 1 cell)
            What fifo/order | demands.
            pipe(7)
            fifo/order[c]

        3 cells of 2 scenarios

        """)
    #expect(try Self.listing.text(.console)?.contains("[c>swift]") == false)
  }

  @Test("has a table for each mechanism, and for the selected pitfalls")
  func markdown() throws {
    let page = try #require(try Self.listing.text(.markdown))
    let end = page.components(separatedBy: "### Ends\n\n").last
    #expect(
      end == """
        | requirement | detected by |
        |---|---|
        | Files \\*end\\*. | `pipe/eof` |

        ## pipe

        | scenario | requirement | standard |
        |---|---|---|
        | `eof` | What pipe/eof \\| demands. | pipe(7) |

        ## fifo

        | scenario | requirement | standard |
        |---|---|---|
        | `order` | What fifo/order \\| demands. | pipe(7) (`should`) |

        """)
  }

  @Test("contains everything in its JSON format")
  func json() throws {
    let text = try #require(try Self.listing.text(.json))
    let document = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    let scenarios = try #require(document["scenarios"] as? [[String: Any]])
    #expect(document["format"] as? Int == 1)
    #expect(scenarios.map { $0["id"] as? String } == ["pipe/eof", "fifo/order"])
    #expect(scenarios[0]["cells"] as? [String] == ["pipe/eof[c>c]", "pipe/eof[c>swift]"])
    #expect(scenarios[0]["spec"] as? String == "pipe(7)")
  }

  @Test("has no format that is only for results", arguments: ReportFormat.allCases)
  func formats(format: ReportFormat) throws {
    #expect(try (Self.listing.text(format) != nil) == Listing.formats.contains(format))
  }

  @Test("of everything is docs/scenarios.md, which 'make scenarios' rewrites")
  func page() throws {
    let fixtures = try Checkout.everything.get()
    let runner = Runner(fixtures.configuration, scenarios: fixtures.scenarios, expectations: .none)
    let listing = Listing(cells: runner.cells, pitfalls: fixtures.pitfalls)
    let page = try String(contentsOfFile: Checkout.root.appending("docs/scenarios.md").string, encoding: .utf8)
    #expect(page == listing.markdown, "it is stale: make scenarios")
  }
}
