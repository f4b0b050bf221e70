public import ArgumentParser
import Foundation
public import Interop
import SystemPackage

struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Runs the gate: scenarios, each with every pairing of languages.",
    discussion: """
      A FILTER selects the cells that have it in their names; '*' stands for any text.

      EXAMPLES
        ipc-interop run 'fifo/*[swift>c' --verbose   Swift in the first role
        ipc-interop run --pairs c:swift --pairs swift:c
        ipc-interop run --repeat 20 --jobs 8 --seed 7  in an order that 7 makes again
        ipc-interop run --peers my-language.yaml --pairs c:mine
        ipc-interop run --list --format json fifo    what a run of these would do
      """)

  @Argument(help: "Run only cells whose name contains one of these.")
  var filter: [String] = []

  @Flag(help: "List the scenarios that would run, and run none; with --verbose their cells as well.")
  var list = false

  @Option(help: "Run only this mechanism. May be given more than once.")
  var mechanism: [String] = []

  @Option(help: "Leave out the cells whose name contains this. May be given more than once.")
  var skip: [String] = []

  @Option(help: "Run only these languages, role by role: c:swift. May be given more than once.")
  var pairs: [String] = []

  @Option(name: .shortAndLong, help: "How many cells run at a time.")
  var jobs = RunConfiguration.usualJobs

  @Option(help: "Shuffle the scenarios, the same for the same number. 0 keeps the order of the files.")
  var seed: UInt64 = 0

  @Option(
    name: .customLong("repeat"),
    help: "Run each cell so often. One that does not always end alike is flaky, which fails.")
  var repetitions = 1

  @Option(help: "Multiply every time limit.")
  var timeoutMultiplier = 1.0

  @Option(help: "auto, required (a sandbox of its own for every cell, or exit 3) or none.")
  var isolation = IsolationRule.auto

  @Option(help: "console, json, junit, tap or markdown.")
  var format = ReportFormat.console

  @Option(name: .shortAndLong, help: "Write the report to this file; the console's then goes to standard error.")
  var output: String?

  @Option(help: "Fail when fewer cells than this were really run: a selection that shrinks is not green.")
  var requireMin = 0

  @Flag(help: "Stop at the first unexpected verdict.")
  var failFast = false

  @Flag(name: .shortAndLong, help: "One line for each cell.")
  var verbose = false

  @Flag(help: "Show at the end what the cells cost.")
  var timings = false

  @Option(help: "A file with more languages, in the form of fixtures/peers.yaml. May be given more than once.")
  var peers: [String] = []

  @Option(help: "The directory that has fixtures/ and build/.")
  var root: String?

  func validate() throws {
    if jobs < 1 || jobs > 256 { throw ValidationError("--jobs must be from 1 to 256") }
    if requireMin < 0 { throw ValidationError("--require-min must not be negative") }
    if repetitions < 1 { throw ValidationError("--repeat must be at least 1") }
    if !(timeoutMultiplier > 0 && timeoutMultiplier < 1e6) {
      throw ValidationError("--timeout-multiplier must be above 0")
    }
    if list, !Catalogue.formats.contains(format) {
      let known = Catalogue.formats.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("--list has no format \(format.rawValue); it is one of \(known)")
    }
  }

  func run() throws {
    let fixtures = try Fixtures(root: root, peers: peers)
    let runner = try makeRunner(fixtures)
    if runner.cells.isEmpty { throw Failure("nothing selected", .nothingSelected) }
    if list { return try writeList(Catalogue(cells: runner.cells, pitfalls: fixtures.pitfalls)) }
    let outlet = try Outlet(format: format, file: output, verbose: verbose, timings: timings)
    Interruption.listen()
    let summary: RunSummary
    do throws(RunError) { summary = try runner.run { outlet.receive($0) } } catch {
      throw Failure(error.description, error.status)
    }
    try outlet.finish()
    throw ExitCode(summary.exitStatus)
  }

  /// To the file, or to standard output.
  private func writeList(_ catalogue: Catalogue) throws {
    guard let text = try catalogue.text(format, style: Style(verbose: verbose)) else { return }
    let file = if let output { try OutputFile.open(FilePath(output)) } else { FileDescriptor.standardOutput }
    do { _ = try file.closeAfter { try file.writeAll(text.utf8) } } catch {
      throw Failure("the list could not be written: \(error)", .brokenEnvironment)
    }
  }

  private func makeRunner(_ fixtures: Fixtures) throws -> Runner {
    var configuration = fixtures.configuration
    configuration.selection = Selection(
      filters: filter, skipped: skip, mechanisms: mechanism,
      pairs: pairs.map { $0.split(separator: ":", omittingEmptySubsequences: false).map(String.init) })
    configuration.jobs = jobs
    configuration.seed = seed
    configuration.repetitions = repetitions
    configuration.timeoutMultiplier = timeoutMultiplier
    configuration.isolation = isolation
    configuration.failFast = failFast
    configuration.requiredCells = requireMin
    let runner = Runner(configuration, scenarios: fixtures.scenarios, expectations: fixtures.expectations)
    if let complaint = runner.selectionComplaints.first { throw Failure(complaint, .nothingSelected) }
    return runner
  }
}

extension IsolationRule: ExpressibleByArgument {}
extension ReportFormat: ExpressibleByArgument {}
