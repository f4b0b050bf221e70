public import ArgumentParser
import Foundation
public import Harness

/// The options for the commands that run a matrix of cells: `run` and `check`.
struct MatrixOptions: ParsableArguments {
  @Flag(help: "List the scenarios, and with --verbose their cells, without running them.")
  var list = false

  @Option(help: "Run only this mechanism. May be given more than once.", completion: Completion.mechanisms)
  var mechanism: [String] = []

  @Option(
    help: ArgumentHelp("Skip the cells whose names contain this. May be given more than once.", valueName: "text"),
    completion: Completion.scenarios)
  var skip: [String] = []

  @Option(
    help: ArgumentHelp(
      "Run only these languages, role by role: c:swift. May be given more than once.", valueName: "languages"))
  var pairs: [String] = []

  @Option(
    help: ArgumentHelp(
      "Run only the cells that failed in this JSON report, with its --scenarios and --peers files.", valueName: "file"),
    completion: .file())
  var rerunFailed: String?

  @Option(
    help: ArgumentHelp(
      "Run one part of the cells: slice:2/5 is the second of five. auto: the part that a CI service's environment variables name. 'ipc-interop report --merge' merges the reports.",
      valueName: "part"))
  var partition: PartitionOption?

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

  @Option(help: "Whether each cell has private namespaces. required: exit with 3 if unavailable; auto: if possible.")
  var isolation = IsolationRule.auto

  @OptionGroup var output: OutputOptions<RunReport>

  @Option(help: ArgumentHelp("Fail if fewer cells than this were run.", valueName: "cells"))
  var requireMin = 0

  @Option(
    help: ArgumentHelp(
      "Fail if a peer lacks one of these operations, or one of these mechanisms: mq_open,sysv-sem.", valueName: "list"))
  var requireOperations: [String] = []

  @OptionGroup var knownFailures: KnownFailureOptions

  @Flag(help: "Stop at the first unexpected verdict.")
  var failFast = false

  @Flag(name: .shortAndLong, help: "Print one line for each cell.")
  var verbose = false

  @Flag(help: "Print the cell times at the end.")
  var timings = false

  func validate() throws {
    if requireMin < 0 { throw ValidationError("--require-min must not be negative") }
    if repetitions < 1 { throw ValidationError("--repeat must be at least 1") }
    for (texts, name) in [
      (skip, "--skip"), (mechanism, "--mechanism"), (pairs, "--pairs"), (requireOperations, "--require-operations"),
    ] {
      try Self.rejectEmpty(texts, name)
    }
    if list { try output.check("--list", Listing.formats) }
  }

  static func rejectEmpty(_ texts: [String], _ name: String) throws {
    if texts.contains("") { throw ValidationError("\(name) must not be empty; leave it out to select every cell") }
  }

  /// Runs or lists the cells that the filters and options select.
  ///
  /// `more` contains the other options that are needed to repeat a cell.
  ///
  /// `defaultPairs` are the pairings to use without `--pairs`. `prepare` finishes configuring the runner before it
  /// starts.
  func run(
    _ configuration: RunConfiguration, scenarios: [Scenario], scope: LoadingScope = .everything,
    expectations: Expectations, pitfalls: [PitfallGroup], filters: [String], more: [(name: String, value: String)] = [],
    defaultPairs: [[String]] = [],
    prepare: (inout Runner, RunConfiguration, Expectations) throws -> Void = { _, _, _ in }
  ) throws {
    let known = try knownFailures.load()
    let expectations = known.map { expectations.adding($0.expectations) } ?? expectations
    let configuration = try configured(configuration, filters, more, defaultPairs)
    var runner = Runner(configuration, scenarios: scenarios, scope: scope, expectations: expectations)
    if let rerunFailed { runner.notes += try SavedRun(contentsOf: rerunFailed).rerunNotes(in: rerunFailed) }
    runner.rejectsStaleExpectations = !knownFailures.updateKnownFailures
    if let known, let file = knownFailures.knownFailures, !knownFailures.updateKnownFailures {
      runner.knownFailures = (file, known)
    }
    if let problem = runner.nameProblems.first { throw RunError(problem, status: .nothingSelected) }
    try prepare(&runner, configuration, expectations)
    // The fault-injection cells are not known yet.
    if runner.injection == nil {
      if let problem = runner.selectionProblems.first { throw RunError(problem, status: .nothingSelected) }
      if runner.isSelectionEmpty { throw runner.emptiness }
    }
    if list {
      let (cells, notes) = try runner.list()
      for line in notes.flatMap({ "note: \($0)".linesEscapedForDisplay }) {
        try? FileHandle.standardError.write(contentsOf: Data("\(line)\n".utf8))
      }
      if cells.isEmpty { throw runner.emptiness }
      let listing = Listing(cells: cells, pitfalls: pitfalls)
      guard let text = try listing.text(output.format, style: Style(verbose: verbose)) else { return }
      return try output.write(text)
    }
    let writer = try ReportWriter(output, verbose: verbose, timings: timings, root: configuration.root)
    let results = KnownFailureOptions.Results()
    Interruption.listen()
    let summary = try runner.run {
      results.receive($0)
      writer.receive($0)
    }
    try writer.finish()
    throw ExitCode(try knownFailures.finish(known, results, summary, allCells: runner.allKnownCells).rawValue)
  }

  /// Returns the user's scenario files and peer lists: those in the options or else, with `--rerun-failed`, those of the
  /// saved run.
  func files(
    scenarios: [String], peers: [String] = []
  ) throws(RunError) -> (scenarios: [String], peers: [String]) {
    guard let rerunFailed else { return (scenarios, peers) }
    let run = try SavedRun(contentsOf: rerunFailed).run
    return (
      scenarios.isEmpty ? run?.scenarioFiles ?? [] : scenarios, peers.isEmpty ? run?.peerFiles ?? [] : peers
    )
  }

  /// Returns the selection that determines which scenarios to load.
  ///
  /// A list for a file or a program shows the pitfalls of all mechanisms, and an update of the known failures needs the
  /// ids of all cells.
  func selectionToLoad(_ filters: [String]) -> Selection {
    (list && output.format != .console) || knownFailures.updateKnownFailures
      ? Selection() : Selection(filters: withTestFilter(filters), skipped: skip, mechanisms: mechanism)
  }

  /// Returns the filters, including the filter that Bazel's `--test_filter` sets.
  private func withTestFilter(_ filters: [String]) -> [String] {
    guard let only = ProcessInfo.processInfo.environment["TESTBRIDGE_TEST_ONLY"], !only.isEmpty else { return filters }
    return filters + [only]
  }

  private func configured(
    _ base: RunConfiguration, _ filters: [String], _ more: [(name: String, value: String)], _ defaultPairs: [[String]]
  ) throws -> RunConfiguration {
    var configuration = base
    configuration.selection = Selection(
      filters: withTestFilter(filters), skipped: skip, mechanisms: mechanism,
      pairs: pairs.isEmpty
        ? defaultPairs : pairs.map { $0.split(separator: ":", omittingEmptySubsequences: false).map(String.init) })
    configuration.selection.involved = configuration.checkedPeer?.language
    if let rerunFailed {
      let saved = try SavedRun(contentsOf: rerunFailed)
      if let error = saved.nothingToRerun(in: rerunFailed) { throw error }
      configuration.selection.cells = saved.failedCells
    }
    let environment = ProcessInfo.processInfo.environment
    configuration.partition = try PartitionOption.partition(partition, environment)
    if configuration.partition != nil { try CIServiceFiles.confirmShards(environment) }
    running.set(
      &configuration,
      more: more + (isolation == .auto ? [] : [("--isolation", isolation.rawValue)]) + knownFailures.rerun)
    configuration.seed = seed
    configuration.repetitions = repetitions
    configuration.isolation = isolation
    configuration.failFast = failFast
    configuration.requiredCells = requireMin
    for name in requireOperations.flatMap({ $0.split(separator: ",") }) {
      configuration.requiredOperations.append(try RequiredOperations(String(name), in: configuration.registry))
    }
    return configuration
  }
}

extension IsolationRule: ExpressibleByArgument {}
extension PairingStrategy.Name: ExpressibleByArgument {}
