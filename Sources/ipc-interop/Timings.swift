import Harness

/// The table of cell times that `--timings` prints.
struct Timings: CustomStringConvertible {
  private var cells: [(id: String, mechanism: String, seconds: Double)] = []
  private var jobs = 1
  private var elapsed = 0.0

  mutating func receive(_ event: Event) {
    switch event {
    case .runStarted(let run): jobs = run.jobs
    case .cellEnded(let result): cells.append((result.cell.id, result.cell.mechanism, result.outcome.seconds))
    case .runEnded(let summary): elapsed = summary.seconds
    case .recording, .cellStarted, .timePassed: break
    }
  }

  var description: String {
    guard !cells.isEmpty else { return "" }
    var table = TextTable()
    table.add([.init("mechanism")] + ["cells", "mean ms", "max ms", "total s"].map { .init($0, isNumber: true) })
    func add(_ name: String, _ seconds: [Double]) {
      let total = seconds.reduce(0, +)
      let numbers = [
        "\(seconds.count)", decimal(total * 1000 / Double(seconds.count), places: 1),
        decimal((seconds.max() ?? 0) * 1000, places: 1), decimal(total, places: 2),
      ]
      table.add([.init(name)] + numbers.map { .init($0, isNumber: true) })
    }
    for (mechanism, costs) in Dictionary(grouping: cells, by: \.mechanism).sorted(by: { $0.key < $1.key }) {
      add(mechanism, costs.map(\.seconds))
    }
    add("all", cells.map(\.seconds))
    var slowest = TextTable()
    for cell in cells.sorted(by: { $0.seconds > $1.seconds }).prefix(10) {
      slowest.add([.init("\(decimal(cell.seconds * 1000, places: 1)) ms", isNumber: true), .init(cell.id)])
    }
    let mean = decimal(elapsed * 1000 / Double(cells.count), places: 1)
    let lines =
      [""] + table.lines() + ["", "\(mean) ms a cell of elapsed time with \(jobs) jobs; the slowest:"]
      + slowest.lines()
    return lines.joined(separator: "\n") + "\n"
  }
}
