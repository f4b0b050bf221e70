import ArgumentParser
import Interop

struct Mechanisms: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Lists every mechanism with its scenarios and cells.",
    discussion: """
      EXAMPLES
        ipc-interop mechanisms
        ipc-interop run --list pipe                  the scenarios of one
        ipc-interop run --list --format json         all of it, for programs
      """)

  @Option(help: "The directory that has fixtures/ and build/.")
  var root: String?

  func run() throws {
    let fixtures = try Fixtures(root: root)
    let runner = Runner(fixtures.configuration, scenarios: fixtures.scenarios, expectations: fixtures.expectations)
    var lines = ["mechanism      scenarios  cells"]
    var total = (scenarios: 0, cells: 0)
    for (mechanism, cells) in Dictionary(grouping: runner.cells, by: \.mechanism).sorted(by: { $0.key < $1.key }) {
      let scenarios = Set(cells.map(\.scenario)).count
      lines.append(line(mechanism, scenarios, cells.count))
      total = (total.scenarios + scenarios, total.cells + cells.count)
    }
    lines.append(line("all", total.scenarios, total.cells))
    try OutputFile.write(lines.map { $0 + "\n" }.joined(), to: nil)
  }

  private func line(_ name: String, _ scenarios: Int, _ cells: Int) -> String {
    func padded(_ text: String, _ width: Int) -> String { String(repeating: " ", count: width - text.count) + text }
    return name + padded("\(scenarios)", 24 - name.count) + padded("\(cells)", 7)
  }
}
