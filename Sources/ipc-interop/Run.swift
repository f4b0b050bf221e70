public import ArgumentParser
import Foundation
public import Harness
import SystemPackage

struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Runs the suite: every scenario with every pairing of languages.",
    discussion: """
      A FILTER selects the cells whose names contain it; '*' matches any text.

      EXAMPLES
        ipc-interop run 'fifo/*[swift>c' --verbose   Swift in the first role
        ipc-interop run --pairs c:swift --pairs swift:c
        ipc-interop run --repeat 20 --jobs 8 --seed 7  shuffled; the same seed gives the same order
        ipc-interop run --peers my-language.yaml --pairs c:mine
        ipc-interop run --list --format json fifo    the scenarios and cells, without running them

      EXIT STATUS
        0 all as expected   1 failures, or cells that a peer does not support
        2 usage   3 environment broken   4 nothing selected   5 only leaks
        130 interrupted
      """)

  @Argument(help: "Run only cells whose name contains one of these.")
  var filter: [String] = []

  @Flag(help: "List the scenarios, and with --verbose their cells, without running them.")
  var list = false

  @Option(help: "Run only this mechanism. May be given more than once.")
  var mechanism: [String] = []

  @Option(
    help: ArgumentHelp("Leave out the cells whose name contains this. May be given more than once.", valueName: "text"))
  var skip: [String] = []

  @Option(
    help: ArgumentHelp(
      "Run only these languages, role by role: c:swift. May be given more than once.", valueName: "languages"))
  var pairs: [String] = []

  @OptionGroup var running: RunningOptions

  @Option(
    help: ArgumentHelp(
      "Shuffle the scenarios reproducibly. 0 keeps the order of the files.", valueName: "number"))
  var seed: UInt64 = 0

  @Option(
    name: .customLong("repeat"),
    help: ArgumentHelp(
      "Run each cell this many times. A cell whose verdicts differ is flaky, which is a failure.", valueName: "times")
  )
  var repetitions = 1

  @Option(help: "Whether each cell has private namespaces. required: exit with 3 without them; auto: if possible.")
  var isolation = IsolationRule.auto

  @OptionGroup var output: OutputOptions

  @Option(help: ArgumentHelp("Fail if fewer cells than this were run.", valueName: "cells"))
  var requireMin = 0

  @Flag(help: "Stop at the first unexpected verdict.")
  var failFast = false

  @Flag(name: .shortAndLong, help: "Print one line for each cell.")
  var verbose = false

  @Flag(help: "Print the times of the cells at the end.")
  var timings = false

  @Option(
    help: ArgumentHelp(
      "A file with more languages, in the form of fixtures/peers.yaml. May be given more than once.", valueName: "file")
  )
  var peers: [String] = []

  func validate() throws {
    if requireMin < 0 { throw ValidationError("--require-min must not be negative") }
    if repetitions < 1 { throw ValidationError("--repeat must be at least 1") }
    for (texts, name) in [(filter, "FILTER"), (skip, "--skip"), (mechanism, "--mechanism"), (pairs, "--pairs")]
    where texts.contains("") {
      throw ValidationError("\(name) must not be empty; leave it out to select every cell")
    }
    if list { try output.checkList(Listing.formats) }
  }

  func run() throws {
    let fixtures = try running.fixtures(peers: peers)
    let runner = try makeRunner(fixtures)
    if runner.cells.isEmpty { throw RunError("nothing selected", status: .nothingSelected) }
    if list {
      let listing = Listing(cells: runner.cells, pitfalls: fixtures.pitfalls)
      guard let text = try listing.text(output.format, style: Style(verbose: verbose)) else { return }
      return try output.write(text)
    }
    let writer = try ReportWriter(output, verbose: verbose, timings: timings)
    Interruption.listen()
    let summary = try runner.run { writer.receive($0) }
    try writer.finish()
    throw ExitCode(summary.exitStatus.rawValue)
  }

  private func makeRunner(_ fixtures: Fixtures) throws -> Runner {
    var configuration = fixtures.configuration
    configuration.selection = Selection(
      filters: filter, skipped: skip, mechanisms: mechanism,
      pairs: pairs.map { $0.split(separator: ":", omittingEmptySubsequences: false).map(String.init) })
    running.set(
      &configuration,
      more: peers.map { ("--peers", $0) } + (isolation == .auto ? [] : [("--isolation", isolation.rawValue)]))
    configuration.seed = seed
    configuration.repetitions = repetitions
    configuration.isolation = isolation
    configuration.failFast = failFast
    configuration.requiredCells = requireMin
    let runner = Runner(configuration, scenarios: fixtures.scenarios, expectations: fixtures.expectations)
    if let problem = runner.selectionProblems.first { throw RunError(problem, status: .nothingSelected) }
    return runner
  }
}

extension IsolationRule: ExpressibleByArgument {}
