extension Catalogue {
  /// A page: `docs/scenarios.md` is that of all scenarios. It says nothing of languages, so that it is the same whoever
  /// takes part.
  var markdown: String {
    let page = ["# The scenarios", "", Self.introduction, ""] + pitfallSection + scenarios.mechanisms.flatMap(section)
    return page.joined(separator: "\n").trimmedLineEnds + "\n"
  }

  private static let introduction = """
    What every peer is held to, in every pairing of languages. Each scenario names the place where its demand is made, which
    is a *must* unless `should` or `may` stands behind it. How one is written: [scenario-format.md](scenario-format.md).

    Made by `make scenarios` from `fixtures`: that is where to change something.
    """

  private var pitfallSection: [String] {
    guard !pitfalls.isEmpty else { return [] }
    return ["## What a binding easily gets wrong, and what holds it to the right", ""]
      + pitfalls.flatMap { group in
        ["### \(group.title.inMarkdown)", "", "| demand | held by |", "|---|---|"]
          + group.pitfalls.map { row([$0.demand.inMarkdown, $0.scenarios.map { "`\($0)`" }.joined(separator: ", ")]) }
          + [""]
      }
  }

  private func section(_ mechanism: String) -> [String] {
    let entries = scenarios.filter { $0.mechanism == mechanism }
    return ["## \(mechanism)", "", "| scenario | demand | by |", "|---|---|---|"]
      + entries.map { entry in
        let level = entry.level == Scenario.Level.must.rawValue ? "" : " (`\(entry.level)`)"
        // The mechanism stands above the table.
        let name = entry.id.dropFirst(mechanism.count + 1)
        return row(["`\(name)`", entry.title.inMarkdown, entry.spec.inMarkdown + level])
      } + [""]
  }

  private func row(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }
}

extension [Catalogue.Entry] {
  /// In the order of the first scenario of each.
  fileprivate var mechanisms: [String] {
    var seen: Set<String> = []
    return map(\.mechanism).filter { seen.insert($0).inserted }
  }
}

extension String {
  /// In a table, whose marks are obeyed even there. An underscore inside a word is none.
  fileprivate var inMarkdown: String { harmless.withBackslash(before: ["\\", "`", "*", "[", "]", "<", "|"]) }

  fileprivate var trimmedLineEnds: String { String(reversed().drop { $0 == "\n" }.reversed()) }
}
