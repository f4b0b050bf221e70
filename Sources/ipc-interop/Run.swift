import ArgumentParser
import Harness

struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Runs the suite: every scenario with every pairing of languages.",
    discussion: """
      A FILTER selects the cells whose names contain it; '*' matches any text.

      EXAMPLES
        ipc-interop run 'fifo/*[swift>c' --verbose   Swift in the first role
        ipc-interop run --pairs c:swift --pairs swift:c
        ipc-interop run --repeat 20 --seed 7         shuffled by the seed
        ipc-interop run --peers my-language.yaml --pairs c:mine
        ipc-interop run --peers my-language.yaml --scenarios my-scenarios.yaml
        ipc-interop run --peers all                  every compiler, C library and ABI
        ipc-interop run --list --format json fifo    the cells, without a run

      EXIT STATUS
        0 all as expected   1 failures, or cells that a peer does not support
        2 usage   3 environment broken, or a control cell failed   4 nothing selected
        5 only leaks   130 interrupted
      """)

  @Argument(help: "Run only cells whose names contain one of these.", completion: Completion.scenarios)
  var filter: [String] = []

  @OptionGroup var matrix: MatrixOptions
  @OptionGroup var own: ScenarioOptions

  @Option(
    help: ArgumentHelp(
      "A file with more languages, formatted like fixtures/peers.yaml, or 'all' for those that 'make peers' has built. May be given more than once.",
      valueName: "file")
  )
  var peers: [String] = []

  @Option(
    help:
      "The pairings to run. covering: with many languages, each language with the reference and with itself, and each other pair once per mechanism."
  )
  var pairing: PairingStrategy.Name?

  @Flag(help: "Also run the cells that cannot work across their peers' ABIs, listed in fixtures/abi.yaml.")
  var incompatible = false

  func validate() throws { try MatrixOptions.rejectEmpty(filter, "FILTER") }

  func run() throws {
    let (scenarios, peers) = try matrix.files(scenarios: own.scenarios, peers: peers)
    let fixtures = try matrix.running.fixtures(
      peers: peers, scenarios: scenarios, for: matrix.selectionToLoad(filter))
    var configuration = fixtures.configuration
    configuration.scenarioFiles = scenarios
    configuration.peerFiles = peers
    configuration.pairing = pairing
    configuration.runsIncompatible = incompatible
    try matrix.run(
      configuration, scenarios: fixtures.scenarios, scope: fixtures.scope, expectations: fixtures.expectations,
      pitfalls: fixtures.pitfalls, filters: filter,
      more: ScenarioOptions.rerun(scenarios) + peers.map { ("--peers", $0) }
        + (pairing.map { [("--pairing", $0.rawValue)] } ?? [])
        + (incompatible ? [("--incompatible", "")] : []))
  }
}
