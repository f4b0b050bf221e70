import Foundation

// cost-report C SWIFT OUTPUT: compares the measurement programs in C and Swift, prints tables, and writes the results
// as JSON. The exit status is 0 if all programs ran, even if a value exceeds its target.

var hasFailed = false

/// Prints a line and flushes it, because seconds may pass before the next line.
func show(_ line: String) {
  FileHandle.standardOutput.write(Data("\(line)\n".utf8))
}

func report(_ line: String) {
  FileHandle.standardError.write(Data("\(line)\n".utf8))
}

/// Performs one measurement.
///
/// If it fails, reports the failure and continues.
@MainActor
func reporting(_ name: String, _ body: () throws -> Void) {
  do {
    try body()
  } catch {
    report("cost-report: \(name): \(error)")
    hasFailed = true
  }
}

let arguments = CommandLine.arguments
guard arguments.count == 4 else {
  report("usage: cost-report C SWIFT OUTPUT")
  exit(2)
}
let programs = Programs(c: arguments[1], swift: arguments[2])
var figures = Report()
var table = Table(figures.targets)

do {
  let measurements = try programs.list()
  show(Table.messageHeader)
  for measurement in measurements where !measurement.isTimed {
    reporting(measurement.name) {
      let cost = try programs.message(measurement)
      figures.messages[measurement.name] = cost
      show(table.row(measurement.name, cost))
    }
  }
  show("\n\(table.footer)\n\n\(Table.timeHeader)")
  for measurement in measurements where measurement.isTimed {
    reporting(measurement.name) {
      let cost = try programs.time(measurement)
      figures.times[measurement.name] = cost
      show(Table.row(measurement.name, cost))
    }
  }
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
  try encoder.encode(figures).write(to: URL(fileURLWithPath: arguments[3]))
  show("\nAll figures are in \(arguments[3]).")
} catch {
  report("cost-report: \(error)")
  hasFailed = true
}
exit(hasFailed ? 1 : 0)
