/// The scenarios of planned cells, and the pitfalls that they cover.
///
/// Creating a listing does not run the cells.
public struct Listing: Sendable, Encodable {
  /// The version of the JSON format.
  let format = 1
  let scenarios: [Entry]
  let pitfalls: [PitfallGroup]

  /// One scenario, with all rows of its parameters.
  struct Entry: Sendable, Encodable {
    let id: String
    let mechanism: String
    let title: String
    let spec: String
    let level: Scenario.Level
    let location: SourceLocation
    /// The ids of the scenario's cells, in plan order.
    var cells: [String]
  }

  /// Creates a listing of the scenarios that these cells belong to.
  ///
  /// - Parameters:
  ///   - cells: The cells in plan order, as ``Runner/list()`` returns them.
  ///   - pitfalls: All pitfalls. The listing contains those that the cells' scenarios cover.
  public init(cells: [Cell], pitfalls: [PitfallGroup]) {
    var scenarios: [Entry] = []
    var places: [String: Int] = [:]
    for cell in cells {
      if let place = places[cell.scenario] {
        scenarios[place].cells.append(cell.id)
      } else {
        places[cell.scenario] = scenarios.count
        scenarios.append(
          Entry(
            id: cell.scenario, mechanism: cell.mechanism, title: cell.title, spec: cell.spec, level: cell.level,
            location: cell.location, cells: [cell.id]))
      }
    }
    self.scenarios = scenarios
    self.pitfalls = pitfalls.compactMap { $0.keeping { places[$0] != nil } }
  }

  /// The formats of a listing, with the names that `--format` accepts.
  public static let formats: [ReportFormat] = [.console, .json, .markdown]

  /// Returns the listing in one of the ``formats``; nil for any other format.
  public func text(_ format: ReportFormat, style: Style = Style()) throws -> String? {
    switch format {
    case .console: console(style)
    case .json: try json(self)
    case .markdown: markdown
    default: nil
    }
  }

  /// Returns the listing for the console: each scenario with its title, the section of the standard and, in verbose
  /// style, its cells.
  func console(_ style: Style) -> String {
    func indented(_ text: String) -> [String] {
      text.escapedForDisplay.wrapped(to: style.width - 4).map { "    \($0)" }
    }
    let lines = scenarios.flatMap { entry in
      [
        style.painted(entry.id.escapedForDisplay, .heading)
          + "  (\(entry.level.rawValue), \(counted(entry.cells.count, "cell")))"
      ]
        + indented(entry.title) + indented(entry.spec)
        + (style.verbose ? entry.cells.map { "    \($0.escapedForDisplay)" } : [])
    }
    let cells = scenarios.reduce(0) { $0 + $1.cells.count }
    let end = ["", "\(counted(cells, "cell")) of \(counted(scenarios.count, "scenario"))"]
    return (lines + end).map { $0 + "\n" }.joined()
  }

  /// The listing as a Markdown page, such as `docs/scenarios.md` for all scenarios.
  ///
  /// The page lists no cells, so it does not depend on the languages.
  var markdown: String {
    var page = MarkdownWriter()
    page.heading(1, "Scenarios")
    page.paragraph(
      """
      The requirements for every peer, in every pairing of languages. Each scenario names the section of the standard,
      and the requirement is a *must* unless `should` or `may` follows. [scenario-format.md](scenario-format.md) explains
      how to write one. Generated from `fixtures` by `make scenarios`; change the fixtures, not this page.
      """)
    if !pitfalls.isEmpty {
      page.heading(2, "Pitfalls")
      for group in pitfalls {
        page.heading(3, group.title.inMarkdownTable)
        page.table(
          ["requirement", "detected by"],
          group.pitfalls.map {
            [$0.requirement.inMarkdownTable, $0.scenarios.map { "`\($0)`" }.joined(separator: ", ")]
          })
      }
    }
    for mechanism in scenarios.map(\.mechanism).withoutDuplicates {
      page.heading(2, mechanism)
      page.table(
        ["scenario", "requirement", "standard"],
        scenarios.filter { $0.mechanism == mechanism }.map { entry in
          let level = entry.level == .must ? "" : " (`\(entry.level.rawValue)`)"
          // The heading contains the mechanism, so the row omits it.
          let name = entry.id.dropFirst(mechanism.count + 1)
          return ["`\(name)`", entry.title.inMarkdownTable, entry.spec.inMarkdownTable + level]
        })
    }
    return page.text
  }
}
