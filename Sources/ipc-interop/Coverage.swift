import ArgumentParser
import Harness

struct Coverage: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Counts the assertions in public test suites that scenarios test.",
    usage: "ipc-interop coverage [<options>]",
    discussion: """
      fixtures/assertions.yaml lists each assertion with its scenarios, or with the reason why it has none.

      EXAMPLES
        ipc-interop coverage                         the totals of every suite
        ipc-interop coverage --format markdown       docs/coverage.md
      """)

  @OptionGroup var suite: SuiteOptions
  @OptionGroup var output: OutputOptions<AssertionLedger>

  func run() throws {
    let fixtures = try suite.fixtures()
    let ledger = try SuiteOptions.reporting { () throws(FixtureErrors) in try fixtures.assertions() }
    try output.write(ledger.text(output.format) ?? "")
  }
}
