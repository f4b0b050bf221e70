public import ArgumentParser
import Foundation
public import Harness
import SystemPackage

struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measures the latency and throughput of every mechanism in every pairing of languages.",
    usage: "ipc-interop bench [<options>]",
    discussion: """
      The peers themselves take the measurements. In each round, the pairings take turns, and the command compares \
      each of them with the reference in the same round.

      EXAMPLES
        ipc-interop bench                          everything: less than five minutes
        ipc-interop bench --quick                  small messages only: about a minute
        ipc-interop bench --mechanism pipe --mechanism ring/sleeping
        ipc-interop bench --pairs swift:swift      Swift in both roles, and C
        ipc-interop bench --format html -o costs.html
        ipc-interop bench --format json -o now.json --compare before.json
        ipc-interop bench --from now.json --format markdown

      EXIT STATUS
        0 measured   1 a benchmark failed, or is slower than the baseline
        2 usage   3 environment broken   4 nothing selected   130 interrupted
      """)

  @Flag(help: "Measure only messages of at most 64 bytes, on two processors.")
  var quick = false

  @Option(help: "Measure only this mechanism or benchmark. May be given more than once.")
  var mechanism: [String] = []

  @Option(
    help: ArgumentHelp(
      "Measure only these languages, role by role, and the reference: c:swift. May be given more than once.",
      valueName: "languages"))
  var pairs: [String] = []

  @Option(help: ArgumentHelp("The number of times each pairing is measured; at least 5.", valueName: "n"))
  var rounds = 5

  @Option(help: ArgumentHelp("The seed for the order of the pairings in each round.", valueName: "number"))
  var seed: UInt64 = 1

  @Option(
    help: ArgumentHelp(
      "The duration of one measurement (default: 30, or less if the run would otherwise take more than five minutes).",
      valueName: "milliseconds"))
  var budget: Double?

  @Option(
    help: ArgumentHelp(
      "A file with more languages, formatted like fixtures/peers.yaml. May be given more than once.", valueName: "file")
  )
  var peers: [String] = []

  @Option(help: "The format of the report.")
  var format = BenchmarkFormat.console

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Write the report to this file; the tables then go to standard error.", valueName: "file"))
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Compare with an earlier JSON report, and exit with 1 if a measurement is slower by more than the noise.",
      valueName: "file"))
  var compare: String?

  @Option(
    help: ArgumentHelp(
      "Read an earlier run from this JSON report, instead of measuring.", valueName: "file"))
  var from: String?

  @OptionGroup var running: RunningOptions

  func validate() throws {
    if rounds < 5 { throw ValidationError("--rounds must be at least 5") }
    if let budget, !(budget >= 1 && budget <= 10_000) { throw ValidationError("--budget must be from 1 to 10000") }
    for (texts, name) in [(mechanism, "--mechanism"), (pairs, "--pairs"), (peers, "--peers")] where texts.contains("") {
      throw ValidationError("\(name) must not be empty")
    }
  }

  func run() throws {
    let baseline = try compare.map(BenchmarkDocument.init(reading:))
    let earlier = try from.map(BenchmarkDocument.init(reading:))
    // Open the file first, so that a wrong path is reported before the run.
    let file = try output.map { try OutputFile.open(FilePath($0)) }
    let document = try earlier ?? measure()
    let report = try document.report(format, style: file == nil ? Style(of: STDOUT_FILENO) : Style())
    try (file ?? .standardOutput).writeAll(report.utf8)
    try file?.close()
    if file != nil, format != .console {
      let tables = try document.report(.console, style: Style(of: STDERR_FILENO))
      try FileDescriptor.standardError.writeAll(tables.utf8)
    }
    var status = document.status
    if let baseline {
      let comparison = BaselineComparison(document, baseline: baseline)
      try FileDescriptor.standardError.writeAll(comparison.lines.map { $0 + "\n" }.joined().utf8)
      if !comparison.regressions.isEmpty, status == .asExpected { status = .failures }
    }
    throw ExitCode(status.rawValue)
  }
}

/// Shows the current measurement on standard error: on a terminal, in a line that is overwritten; otherwise, in one
/// line for each benchmark.
private final class ProgressLine {
  private let style = Style(of: STDERR_FILENO)
  private var last = ""

  func show(_ progress: BenchmarkProgress) {
    if style.isTerminal { return write("\r\u{1B}[K\(progress.description.prefix(style.width - 1))") }
    if progress.name != last { write("\(progress.description)\n") }
    last = progress.name
  }

  func end() { if style.isTerminal { write("\r\u{1B}[K") } }

  private func write(_ text: String) { _ = try? FileDescriptor.standardError.writeAll(text.utf8) }
}

extension Bench {
  private func measure() throws -> BenchmarkDocument {
    let fixtures = try running.fixtures(peers: peers)
    var configuration = fixtures.configuration
    running.set(&configuration, more: [])
    var options = BenchmarkOptions()
    options.mechanisms = mechanism
    options.pairs = pairs.map { $0.split(separator: ":", omittingEmptySubsequences: false).map(String.init) }
    options.rounds = rounds
    options.seed = seed
    options.budget = budget.map { $0 / 1000 }
    options.isQuick = quick
    let runner = try BenchmarkRunner(configuration, fixtures.installation, options: options)
    Interruption.listen()
    let progress = ProgressLine()
    defer { progress.end() }
    return try runner.run { progress.show($0) }
  }
}

extension BenchmarkFormat: ExpressibleByArgument {}
