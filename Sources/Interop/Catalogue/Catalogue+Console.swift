extension Catalogue {
  /// For a person: each scenario with what it demands and where that is said; verbosely with its cells, a line each.
  func console(_ style: Style) -> String {
    let lines = scenarios.flatMap { entry in
      [style.painted(entry.id.harmless, .heading) + "  (\(entry.level), \(counted(entry.cells.count, "cell")))"]
        + indented(entry.title, style) + indented(entry.spec, style)
        + (style.verbose ? entry.cells.map { "    \($0.harmless)" } : [])
    }
    let cells = scenarios.reduce(0) { $0 + $1.cells.count }
    let end = ["", "\(counted(cells, "cell")) of \(counted(scenarios.count, "scenario"))"]
    return (lines + end).map { $0 + "\n" }.joined()
  }

  private func indented(_ text: String, _ style: Style) -> [String] {
    text.harmless.wrapped(to: style.width - 4).map { "    \($0)" }
  }
}
