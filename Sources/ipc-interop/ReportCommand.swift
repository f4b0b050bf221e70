import ArgumentParser
import Foundation
import Harness

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Converts, merges and compares the JSON reports of earlier runs.",
    usage: "ipc-interop report [<options>] <file> ...",
    discussion: """
      FILE is a report written by 'run --format json' or another command that runs cells.

      EXAMPLES
        ipc-interop report run.json                  the console report
        ipc-interop report run.json --format html -o run.html
        ipc-interop report run.json --diff main.json      changes since main.json
        ipc-interop report run.json --costs bench.json --format html -o run.html
        ipc-interop report --merge part-*.json --format json -o run.json
        ipc-interop run --rerun-failed run.json      the cells that failed

      EXIT STATUS
        The status of the run: 0 all as expected, 1 failures, 3 environment or
        control cell broken, 4 nothing selected, 5 only leaks, 130 interrupted.
        2 if a file is not a report. With --diff: 1 if a cell fails that did not
        fail before, or if a cell that passed before is missing or was not run;
        2 if the runs have no cell in common; otherwise 0.
      """)

  @Argument(help: "The JSON report; with --merge, the reports of all parts.", completion: .file())
  var file: [String]

  @Flag(help: "Merge the reports from all parts of a run split with '--partition'.")
  var merge = false

  @Option(
    help: ArgumentHelp("Compare with this earlier JSON report.", valueName: "old"), completion: .file())
  var diff: String?

  @Option(
    help: ArgumentHelp(
      "Show the costs from this 'ipc-interop bench' JSON report on a tab in the HTML report.", valueName: "file"))
  var costs: String?

  @Flag(name: .shortAndLong, help: "Print one line for each cell.")
  var verbose = false

  @OptionGroup var output: OutputOptions<RunReport>

  func validate() throws {
    if file.count > 1, !merge { throw ValidationError("several reports need --merge") }
    if costs != nil { try output.check("--costs", [.html]) }
    if diff != nil { try output.check("--diff", RunComparison.formats) }
  }

  func run() throws {
    let run =
      if merge { try SavedRun(merging: file.map { (file: $0, run: try SavedRun(contentsOf: $0)) }) } else {
        try SavedRun(contentsOf: file[0])
      }
    let costs = try costs.map(BenchmarkDocument.init(reading:))
    guard let diff else { return try convert(run, costs) }
    let comparison = RunComparison(of: run, with: try SavedRun(contentsOf: diff))
    if comparison.isUnrelated {
      throw RunError(
        "\(file[0]) and \(diff) have no cell in common; compare two runs of the same scenarios and peers",
        status: .usage)
    }
    let style = output.output == nil ? Style(of: STDOUT_FILENO) : Style()
    try output.write(try comparison.text(output.format, of: run, costs: costs, style: style))
    throw ExitCode((comparison.isWorse ? ExitStatus.failures : .asExpected).rawValue)
  }

  private func convert(_ run: SavedRun, _ costs: BenchmarkDocument?) throws {
    if let costs {
      try output.write(run.htmlReport(costs: costs))
      throw ExitCode(run.summary.exitStatus.rawValue)
    }
    let writer = try ReportWriter(
      output, verbose: verbose, showsProgress: false, root: Installation.find(given: nil)?.root)
    for event in run.events { writer.receive(event) }
    try writer.finish()
    throw ExitCode(run.summary.exitStatus.rawValue)
  }
}
