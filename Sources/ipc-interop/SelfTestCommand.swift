import ArgumentParser
import Foundation
import Harness
import SystemPackage

struct SelfTestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "self-test",
    abstract: "Tests the suite: runs mutants, each of which it must catch for the right reason.",
    discussion: """
      A mutant is a peer with one deliberate defect. fixtures/mutants.yaml lists the cells that must catch it, and the \
      reason that they must report. The self-test fails if a mutant survives or is caught for another reason, or if a \
      build without a mutant fails the same cells.

      EXAMPLES
        ipc-interop self-test                           all mutants
        ipc-interop self-test mq-priority-dropped       one mutant
        ipc-interop self-test --list --format markdown  a table of all mutants
        ipc-interop self-test --format json --output self-test.json

      EXIT STATUS
        0 all mutants caught   1 a mutant is not caught, or for another reason   2 usage
        3 environment broken   4 nothing selected   130 interrupted
      """)

  @Argument(help: "Run only these mutants.")
  var mutant: [String] = []

  @Flag(help: "List the mutants, without running them.")
  var list = false

  @OptionGroup var running: RunningOptions

  @Option(help: "Whether each cell has private namespaces. required: exit with 3 without them; auto: if possible.")
  var isolation = IsolationRule.auto

  @OptionGroup var output: OutputOptions

  @Option(help: ArgumentHelp("A file with the mutant builds, in the form of fixtures/peers.yaml.", valueName: "file"))
  var mutantPeers: String?

  func validate() throws {
    if list { try output.checkList([.console, .markdown]) }
  }

  func run() throws {
    let fixtures = try running.fixtures()
    let build: MutantBuild
    let mutants: [Mutant]
    do throws(FixtureErrors) { (build, mutants) = try fixtures.mutants(builds: mutantPeers) } catch {
      throw RunError("\(error)", status: .usage)
    }
    if list {
      let mutants = try mutants.named(mutant)
      return try output.write(output.format == .markdown ? mutants.markdown : mutants.map { $0.name + "\n" }.joined())
    }
    var configuration = fixtures.configuration
    running.set(
      &configuration,
      more: (mutantPeers.map { [("--mutant-peers", $0)] } ?? [])
        + (isolation == .auto ? [] : [("--isolation", isolation.rawValue)]))
    configuration.isolation = isolation
    Interruption.listen()
    let test = try SelfTest(
      configuration, scenarios: fixtures.scenarios, mutants: mutants, build: build, names: mutant)
    let writer = try ReportWriter(output) { MutantTable(mutants, style: $0) }
    let summary = try test.run { writer.receive($0) }
    try writer.finish()
    throw ExitCode(summary.exitStatus.rawValue)
  }
}
