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

  @OptionGroup var matrix: MatrixOptions

  @Option(
    help: ArgumentHelp(
      "A file with more languages, in the form of fixtures/peers.yaml. May be given more than once.", valueName: "file")
  )
  var peers: [String] = []

  func validate() throws { try MatrixOptions.rejectEmpty(filter, "FILTER") }

  func run() throws {
    let fixtures = try matrix.running.fixtures(peers: peers)
    try matrix.run(
      fixtures.configuration, scenarios: fixtures.scenarios, expectations: fixtures.expectations,
      pitfalls: fixtures.pitfalls, filters: filter, more: peers.map { ("--peers", $0) })
  }
}
