import ArgumentParser
import Harness

struct Coverage: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Counts the assertions of public test suites that scenarios test.",
    discussion: """
      fixtures/assertions.yaml lists the assertions, and for each its scenarios or the reason why it has none.

      EXAMPLES
        ipc-interop coverage                         the totals of every suite
        ipc-interop coverage --format markdown       docs/coverage.md
      """)

  @OptionGroup var location: LocationOptions
  @OptionGroup var output: OutputOptions

  func validate() throws { try output.check("coverage", AssertionLedger.formats) }

  func run() throws {
    let fixtures = try location.fixtures()
    let ledger: AssertionLedger
    do throws(FixtureErrors) { ledger = try fixtures.assertions() } catch {
      throw RunError("\(error)", status: .usage)
    }
    try output.write(ledger.text(output.format) ?? "")
  }
}
