extension AssertionLedger: FormattedDocument {
  /// The formats of the ledger, with the names that `--format` accepts.
  public static let formats: [ReportFormat] = [.console, .markdown]

  /// Returns the ledger in one of the ``formats``; nil for any other format.
  public func text(_ format: ReportFormat) -> String? {
    switch format {
    case .console: console
    case .markdown: markdown
    default: nil
    }
  }

  /// The totals for the console.
  private var console: String {
    var table = TextTable()
    for row in [Self.totalsHeading] + totals {
      table.add(row.enumerated().map { .init($0.element, isNumber: $0.offset > 0) })
    }
    return table.lines().map { $0 + "\n" }.joined()
  }

  private static let totalsHeading = [
    "suite", "covered", "expressible part", "partly", "left out", "not expressible", "not applicable", "all",
    "of expressible", "of applicable",
  ]

  /// The numbers of assertions in each suite and in all suites, and the percentages that are covered.
  private var totals: [[String]] {
    func row(_ title: String, _ assertions: [Assertion]) -> [String] {
      func count(_ kinds: Assertion.Kind...) -> Int { assertions.count { kinds.contains($0.coverage.kind) } }
      func percentage(_ part: Int, _ whole: Int) -> String { whole == 0 ? "" : "\(part * 100 / whole) %" }
      return [title] + (Assertion.Kind.allCases.map { count($0) } + [assertions.count]).map(String.init) + [
        percentage(
          count(.covered, .expressiblePart), assertions.count - count(.notExpressible, .notApplicable)),
        percentage(count(.covered), assertions.count - count(.notApplicable)),
      ]
    }
    return suites.map { row($0.title, $0.assertions) } + [row("all", suites.flatMap(\.assertions))]
  }

  /// The ledger as a Markdown page: `docs/coverage.md`.
  private var markdown: String {
    var page = MarkdownWriter()
    page.heading(1, "Coverage of public test suites")
    page.paragraph(
      """
      This page compares the scenarios with the assertions in public test suites. The suites' code and text are not
      used. An assertion is

      - *covered* if scenarios test all of it,
      - *partly* covered if scenarios test a part of it, and an operation could express the rest,
      - *left out* if no scenario tests it, although an operation could express it,
      - *not expressible* if no reasonable operation could express it, and a port built on a typed library cannot
        violate it,
      - covered in its *expressible part* if scenarios test all of it except a part that is not expressible,
      - *not applicable* if it does not apply to a peer, for example because the behavior is undefined.

      Generated from `fixtures/assertions.yaml` by `make docs/coverage.md`; change the fixtures, not this page.
      """)
    page.heading(2, "Totals")
    page.table(Self.totalsHeading, totals, alignedRight: 1..<Self.totalsHeading.count)
    page.paragraph(
      """
      *Of expressible* is a percentage of the assertions that operations can express, at least in part: those whose
      expressible part is covered. *Of applicable* is a percentage of the assertions that apply to a peer: those that are
      covered completely.

      The *risk* is the likelihood that a port violates an assertion. It is stated for the assertions that no scenario
      tested when the suites were first compared.
      """)
    page.table(
      ["suite", "risk", "covered", "partly", "left out"],
      suites.flatMap { suite in
        Assertion.Risk.allCases.map { risk in
          [suite.title, risk.rawValue]
            + [[Assertion.Kind.covered, .expressiblePart], [.partial], [.leftOut]].map { kinds in
              "\(suite.count { $0.risk == risk && kinds.contains($0.coverage.kind) })"
            }
        }
      }, alignedRight: 2..<5)
    page.heading(2, "Mechanisms without scenarios")
    page.table(
      ["mechanism", "calls", "needed by a port", "reason"],
      mechanisms.map {
        [$0.name.inMarkdownTable, $0.calls.inMarkdownTable, $0.needed.rawValue, $0.reason.inMarkdownTable]
      })
    page.heading(2, "Assertions that are left out")
    page.paragraph("If scenarios test a part of an assertion, the last column names them.")
    addTables(of: [.partial, .leftOut], to: &page)
    page.heading(2, "Assertions that are not expressible")
    page.paragraph("If scenarios test the expressible part of an assertion, the last column names them.")
    addTables(of: [.expressiblePart, .notExpressible], to: &page)
    return page.text
  }

  /// Adds a table for each suite that has assertions of these kinds.
  private func addTables(of kinds: [Assertion.Kind], to page: inout MarkdownWriter) {
    for suite in suites {
      let rows = Assertion.Risk.allCases.flatMap { risk in
        suite.groups.flatMap { group in
          group.assertions.compactMap { assertion -> [String]? in
            guard assertion.risk == risk, kinds.contains(assertion.coverage.kind),
              let reason = assertion.coverage.reasonOfOmission
            else { return nil }
            return [
              "\(group.title) \(assertion.id)".inMarkdownTable, assertion.requirement.inMarkdownTable, risk.rawValue,
              reason.inMarkdownTable, assertion.scenarios.map { "`\($0)`" }.joined(separator: ", "),
            ]
          }
        }
      }
      if rows.isEmpty { continue }
      page.heading(3, suite.title)
      page.table(["function or file", "assertion", "risk", "reason", "partly tested by"], rows)
    }
  }
}

extension Assertion.Coverage {
  /// Why the assertion, or a part of it, is not tested; nil if it is covered or not applicable.
  fileprivate var reasonOfOmission: String? {
    switch self {
    case .partial(let reason), .leftOut(let reason), .expressiblePart(let reason), .notExpressible(let reason): reason
    case .covered, .notApplicable: nil
    }
  }
}
