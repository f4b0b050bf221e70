import ArgumentParser
import Harness

struct Mechanisms: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Lists every mechanism with its scenarios and cells.",
    discussion: """
      EXAMPLES
        ipc-interop mechanisms
        ipc-interop run --list pipe                  the scenarios of one mechanism
        ipc-interop run --list --format json         all scenarios, for programs
      """)

  @OptionGroup var location: LocationOptions

  func run() throws {
    let fixtures = try location.fixtures()
    let runner = Runner(fixtures.configuration, scenarios: fixtures.scenarios, expectations: fixtures.expectations)
    var table = TextTable()
    table.add([.init("mechanism"), .init("scenarios", isNumber: true), .init("cells", isNumber: true)])
    var total = (scenarios: 0, cells: 0)
    func add(_ name: String, _ scenarios: Int, _ cells: Int) {
      table.add([.init(name), .init("\(scenarios)", isNumber: true), .init("\(cells)", isNumber: true)])
    }
    for (mechanism, cells) in Dictionary(grouping: runner.cells, by: \.mechanism).sorted(by: { $0.key < $1.key }) {
      let scenarios = Set(cells.map(\.scenario)).count
      add(mechanism, scenarios, cells.count)
      total = (total.scenarios + scenarios, total.cells + cells.count)
    }
    add("all", total.scenarios, total.cells)
    try OutputFile.write(table.lines().map { $0 + "\n" }.joined(), to: nil)
  }
}
