extension [Mutant] {
  /// Those with these faults; all when there are no names.
  public func named(_ names: [String]) throws(RunError) -> [Mutant] {
    for name in names where !contains(where: { $0.fault == name }) {
      let clause = Suggestion.nearest(to: name, among: map(\.fault)).map { "; did you mean '\($0)'?" } ?? ""
      throw RunError("there is no fault '\(name)'\(clause)", status: .nothingSelected)
    }
    return names.isEmpty ? self : filter { names.contains($0.fault) }
  }

  /// The gallery as a page: what each mutant gets wrong, and what the gate says of it.
  public var markdown: String {
    var lines = [
      "# Mutants", "",
      "\(count) peers with one deliberate fault each. `ipc-interop self-test` runs them, and the gate must catch every one",
      "in these cells, for this reason. This page is made of `fixtures/mutants.yaml` by `make docs/mutants.md`.",
    ]
    for mechanism in Set(map(\.mechanism)).sorted() {
      lines += [
        "", "## \(mechanism)", "", "| fault | peer | what is wrong | caught by | reason |", "|---|---|---|---|---|",
      ]
      for mutant in self where mutant.mechanism == mechanism {
        let catchers = mutant.catchers.map { catcher in
          let row = catcher.parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
          return "`\(catcher.scenario)\(row.isEmpty ? "" : "[\(row)]")` as \(catcher.role)"
        }
        let end = mutant.verdict == .failed ? "" : "\(mutant.verdict.rawValue): "
        let cells = [
          "`\(mutant.fault)`", mutant.language, mutant.wrong, catchers.joined(separator: ", "),
          "\(end)\(mutant.reason)",
        ]
        lines.append("| " + cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
