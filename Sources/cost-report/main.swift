import Foundation

// cost-report C SWIFT OUTPUT: compares the measuring programs in C and Swift, prints tables, and writes them as JSON.

let arguments = CommandLine.arguments
guard arguments.count == 4 else {
  FileHandle.standardError.write(Data("usage: cost-report C SWIFT OUTPUT\n".utf8))
  exit(2)
}
let programs = Programs(c: arguments[1], swift: arguments[2])
var report = Report()

let measurements = try programs.list()
for name in measurements.filter({ $0.kind == "message" }).map(\.name) {
  report.messages[name] = MessageCost(
    c: try programs.message(name, in: .c), spans: try programs.message(name, in: .spans),
    arrays: try programs.message(name, in: .arrays))
  print(Report.row(name, report.messages[name]))
}
print()
for measurement in measurements where measurement.kind != "message" {
  report.times[measurement.name] = try programs.time(measurement)
  print(Report.row(measurement.name, report.times[measurement.name]))
}

let encoder = JSONEncoder()
encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
try encoder.encode(report).write(to: URL(fileURLWithPath: arguments[3]))
