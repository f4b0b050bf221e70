import Foundation
import Interop

/// What the cells cost: `run --timings`.
struct Timings: CustomStringConvertible {
  private var cells: [(id: String, mechanism: String, seconds: Double)] = []
  private var jobs = 1
  private var elapsed = 0.0

  mutating func receive(_ event: Event) {
    switch event {
    case .runStarted(let run): jobs = run.jobs
    case .cellEnded(let result): cells.append((result.cell.id, result.cell.mechanism, result.seconds))
    case .runEnded(let summary): elapsed = summary.seconds
    case .recording, .cellStarted, .timePassed: break
    }
  }

  var description: String {
    guard !cells.isEmpty else { return "" }
    var lines = ["", "mechanism         cells   mean ms    max ms   total s"]
    for (mechanism, costs) in Dictionary(grouping: cells, by: \.mechanism).sorted(by: { $0.key < $1.key }) {
      lines.append(line(mechanism, costs.map(\.seconds)))
    }
    lines.append(line("all", cells.map(\.seconds)))
    lines.append("")
    lines.append(
      "\(format(elapsed * 1000 / Double(cells.count), 1)) ms a cell of elapsed time with \(jobs) jobs; the dearest:")
    for cell in cells.sorted(by: { $0.seconds > $1.seconds }).prefix(10) {
      lines.append("\(padded(format(cell.seconds * 1000, 1), 9)) ms  \(cell.id)")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func line(_ name: String, _ seconds: [Double]) -> String {
    let total = seconds.reduce(0, +)
    return name.padding(toLength: 16, withPad: " ", startingAt: 0) + padded("\(seconds.count)", 7)
      + padded(format(total * 1000 / Double(seconds.count), 1), 10) + padded(format((seconds.max() ?? 0) * 1000, 1), 10)
      + padded(format(total, 2), 10)
  }

  private func format(_ value: Double, _ digits: Int) -> String {
    value.formatted(.number.precision(.fractionLength(digits)).grouping(.never).locale(Locale(identifier: "en_US")))
  }

  private func padded(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}
