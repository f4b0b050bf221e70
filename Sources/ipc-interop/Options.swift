public import ArgumentParser
public import Interop

/// How a command runs its cells.
struct RunningOptions: ParsableArguments {
  @Option(name: .shortAndLong, help: "How many run at a time.")
  var jobs = RunConfiguration.usualJobs

  @Option(help: "Multiply every time limit.")
  var timeoutMultiplier = 1.0

  func validate() throws {
    if jobs < 1 || jobs > 256 { throw ValidationError("--jobs must be from 1 to 256") }
    if !(timeoutMultiplier > 0 && timeoutMultiplier < 1e6) {
      throw ValidationError("--timeout-multiplier must be above 0")
    }
  }

  func set(_ configuration: inout RunConfiguration) {
    configuration.jobs = jobs
    configuration.timeoutMultiplier = timeoutMultiplier
  }
}

/// In which form a command tells what it has to tell, and where.
struct OutputOptions: ParsableArguments {
  @Option(help: "console, json, junit, tap or markdown.")
  var format = ReportFormat.console

  @Option(
    name: .shortAndLong, help: "Write the report or list to this file; the console's then goes to standard error.")
  var output: String?

  /// Refuses a form that a list does not have.
  func checkList(_ formats: [ReportFormat]) throws(ValidationError) {
    guard !formats.contains(format) else { return }
    let known = formats.map(\.rawValue).joined(separator: ", ")
    throw ValidationError("--list has no format \(format.rawValue); it is one of \(known)")
  }

  func write(_ list: String) throws(RunError) { try OutputFile.write(list, to: output) }
}

extension ReportFormat: ExpressibleByArgument {}
