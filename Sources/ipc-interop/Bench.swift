import ArgumentParser
import Foundation
import Harness

struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measures latency and throughput of every mechanism in every pairing of languages.",
    discussion: """
      The peers measure the messages themselves. The pairings take turns in rounds, and each is compared with the
      reference of the same round.

      EXAMPLES
        ipc-interop bench                          everything: about five minutes on two processors
        ipc-interop bench --quick                  small messages only: about a minute
        ipc-interop bench --mechanism pipe --mechanism ring/sleeping
        ipc-interop bench --pairs swift:swift      Swift in both roles, and C to compare with

      EXIT STATUS
        0 measured   1 a benchmark failed
        2 usage   3 environment broken   4 nothing selected   130 interrupted
      """)

  @Flag(help: "Measure messages of at most 64 bytes on two processors only.")
  var quick = false

  @Option(help: "Measure only this mechanism or benchmark. May be given more than once.")
  var mechanism: [String] = []

  @Option(
    help: ArgumentHelp(
      "Measure only these languages, role by role, and the reference: c:swift. May be given more than once.",
      valueName: "languages"))
  var pairs: [String] = []

  @Option(help: ArgumentHelp("How often each pairing is measured: at least 5.", valueName: "n"))
  var rounds = 5

  @Option(help: ArgumentHelp("The order of the pairings in each round.", valueName: "number"))
  var seed: UInt64 = 1

  @Option(help: ArgumentHelp("The duration of one measurement.", valueName: "milliseconds"))
  var budget = 30.0

  @Option(
    help: ArgumentHelp(
      "A file with more languages, in the form of fixtures/peers.yaml. May be given more than once.", valueName: "file")
  )
  var peers: [String] = []

  @OptionGroup var running: RunningOptions

  func validate() throws {
    if rounds < 5 { throw ValidationError("--rounds must be at least 5") }
    if !(budget >= 1 && budget <= 10_000) { throw ValidationError("--budget must be from 1 to 10000") }
    for (texts, name) in [(mechanism, "--mechanism"), (pairs, "--pairs"), (peers, "--peers")] where texts.contains("") {
      throw ValidationError("\(name) must not be empty")
    }
  }

  func run() throws {
    let fixtures = try running.fixtures(peers: peers)
    var configuration = fixtures.configuration
    running.set(&configuration, more: [])
    var options = BenchmarkOptions()
    options.mechanisms = mechanism
    options.pairs = pairs.map { $0.split(separator: ":", omittingEmptySubsequences: false).map(String.init) }
    options.rounds = rounds
    options.seed = seed
    options.budget = budget / 1000
    options.isQuick = quick
    let runner = try BenchmarkRunner(configuration, fixtures.installation, options: options)
    Interruption.listen()
    let document = try runner.run { _ in }
    try OutputFile.write(document.report(.console, style: Style()), to: nil)
    throw ExitCode(document.status.rawValue)
  }
}
