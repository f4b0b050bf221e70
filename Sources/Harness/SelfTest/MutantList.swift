/// The peer mutants and runner mutants, as a list or a Markdown page.
public struct MutantList {
  private let mutants: [Mutant]
  private let ofRunner: [RunnerMutant]

  /// Creates a list of the mutants with the given names, or of all mutants if there are no names.
  public init(_ mutants: [Mutant], _ ofRunner: [RunnerMutant], names: [String] = []) throws(RunError) {
    try MutantNames.check(names, mutants, ofRunner)
    self.mutants = mutants.named(names)
    self.ofRunner = ofRunner.named(names)
  }

  /// The names, in file order.
  public var names: [String] { mutants.map(\.name) + ofRunner.map(\.name) }

  /// The Markdown page, with each mutant's defect and the tests that must catch the mutant.
  public var markdown: String {
    var page = MarkdownWriter()
    page.heading(1, "Mutants")
    page.paragraph(
      """
      \(mutants.count) peers, each with one deliberate defect, are listed below. `ipc-interop self-test` runs them, and
      the suite must catch each of them in the listed cells, for the listed reason. The last section lists
      \(ofRunner.count) defects in the runner itself. Generated from `fixtures/mutants.yaml` and
      `fixtures/runner-mutants.yaml` by `make docs/mutants.md`.
      """)
    for mechanism in Set(mutants.map(\.mechanism)).sorted() {
      page.heading(2, mechanism)
      page.table(
        ["mutant", "peer", "defect", "caught by", "reason"],
        mutants.filter { $0.mechanism == mechanism }.map { mutant in
          let catchers = mutant.catchers.map { catcher in
            let row = catcher.parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
              .joined(separator: ",")
            return "`\(catcher.scenario)\(row.isEmpty ? "" : "[\(row)]")` as \(catcher.role)"
          }
          let verdict = mutant.verdict == .failed ? "" : "\(mutant.verdict.rawValue): "
          return [
            "`\(mutant.name)`", mutant.language, mutant.wrong.inMarkdownTable, catchers.joined(separator: ", "),
            "\(verdict)\(mutant.reason)".inMarkdownTable,
          ]
        })
    }
    page.heading(2, "the runner")
    page.paragraph(
      "Each of these tests must detect the defect: a peer mutant is not caught, or a command's result differs."
    )
    page.table(
      ["mutant", "defect", "detected by"],
      ofRunner.map { mutant in
        [
          "`\(mutant.name)`", mutant.wrong.inMarkdownTable,
          mutant.killers.map { "`\($0.name)`" }.joined(separator: ", "),
        ]
      })
    return page.text
  }
}
