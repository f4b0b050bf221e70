import ArgumentParser
import Foundation
import Harness
import Synchronization
import SystemPackage

struct SelfTestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "self-test",
    abstract: "Tests the suite with mutants: the suite must catch each mutant for the right reason.",
    usage: "ipc-interop self-test [<options>] [<mutant> ...]",
    discussion: """
      A mutant is a peer with one deliberate defect. fixtures/mutants.yaml lists the cells that must catch it, and the \
      reason that they must report. The self-test fails if a mutant survives or is caught for another reason, or if a \
      build without a mutant fails the same cells. fixtures/runner-mutants.yaml has runner mutants, \
      and the tests that must catch each. --generated changes one argument or result of one call at a time, and reports \
      the changes that no scenario detects.

      EXAMPLES
        ipc-interop self-test                           all mutants
        ipc-interop self-test mq-priority-dropped -v    one mutant, with its reports
        ipc-interop self-test --list --format markdown  a table of all mutants
        ipc-interop self-test --format json --output self-test.json

      EXIT STATUS
        0 all mutants caught   1 a mutant survived, or the reason was wrong
        2 usage   3 environment broken   4 nothing selected   130 interrupted
      """)

  @Argument(help: "Run only these mutants.", completion: Completion.mutants)
  var mutant: [String] = []

  @Flag(help: "List the mutants, without running them.")
  var list = false

  @Option(
    help: ArgumentHelp(
      "Write the runner sources with their mutants to this directory, and run nothing.", valueName: "directory"))
  var writeRunner: String?

  @Flag(help: "Run the generated mutants whose names contain one of the arguments; all of them without arguments.")
  var generated = false

  @Option(
    help: ArgumentHelp(
      "With --generated: write a sample of the killed mutants to this file.", valueName: "file"))
  var writeSample: String?

  @Flag(name: .shortAndLong, help: "Describe each cell that catches a mutant, with its step and its messages.")
  var verbose = false

  @OptionGroup var running: RunningOptions

  @Option(help: "Whether each cell has private namespaces. required: exit with 3 if unavailable; auto: if possible.")
  var isolation = IsolationRule.auto

  @OptionGroup var output: OutputOptions<RunReport>

  @Option(help: ArgumentHelp("A file with the mutant builds, formatted like fixtures/peers.yaml.", valueName: "file"))
  var mutantPeers: String?

  func validate() throws {
    try output.check("self-test", RunReport.formatsOfAnyRun)
    if list { try output.check("--list", [.console, .markdown]) }
  }

  func run() throws {
    let installation = try running.installation()
    guard Fixtures.hasMutants(installation) else {
      throw RunError(
        "self-test requires a checkout, because mutants are not installed: pass its directory with --root",
        status: .usage)
    }
    // Loading all scenarios takes longer than running one mutant.
    let selection =
      list || generated || writeRunner != nil ? Selection() : Fixtures.selection(catching: mutant, installation)
    let fixtures = try running.fixtures(for: selection)
    let build: MutantBuild
    let (mutants, ofRunner, ofCalls): ([Mutant], [RunnerMutant], GeneratedMutantList)
    do throws(FixtureErrors) { (build, mutants, ofRunner, ofCalls) = try fixtures.mutants(builds: mutantPeers) } catch {
      throw RunError("\(error)", status: .usage)
    }
    if let writeRunner {
      return try RunnerMutantSources(root: fixtures.root, mutants: ofRunner).write(to: writeRunner)
    }
    if list {
      let list = try MutantList(mutants, ofRunner, names: mutant)
      return try output.write(output.format == .markdown ? list.markdown : list.names.map { $0 + "\n" }.joined())
    }
    var configuration = fixtures.configuration
    running.set(
      &configuration,
      more: (mutantPeers.map { [("--mutant-peers", $0)] } ?? [])
        + (isolation == .auto ? [] : [("--isolation", isolation.rawValue)])
        + (verbose && !generated ? [("--verbose", "")] : []))
    configuration.isolation = isolation
    Interruption.listen()
    if generated { return try runGenerated(configuration, fixtures.scenarios, ofCalls) }
    let test = try SelfTest(
      configuration, scenarios: fixtures.scenarios, mutants: mutants, build: build, runnerMutants: ofRunner,
      generated: ofCalls, names: mutant)
    let writer = try ReportWriter(output, verbose: verbose, root: fixtures.root) {
      MutantTable(mutants, ofRunner, style: $0)
    }
    let summary = try test.run { writer.receive($0) }
    try writer.finish()
    throw ExitCode(summary.exitStatus.rawValue)
  }

  private func runGenerated(
    _ configuration: RunConfiguration, _ scenarios: [Scenario], _ list: GeneratedMutantList
  ) throws {
    let test = try GeneratedTest(configuration, scenarios: scenarios, list: list, filters: mutant)
    let writer = try ReportWriter(output, root: configuration.root) { GeneratedTable(style: $0) }
    let sample = Mutex(GeneratedSample.Choice())
    let summary = try test.run { event in
      if case .cellEnded(let result) = event { sample.withLock { $0.add(result) } }
      writer.receive(event)
    }
    try writer.finish()
    if let writeSample { try OutputFile.write(sample.withLock { $0.text }, to: writeSample) }
    throw ExitCode(summary.exitStatus.rawValue)
  }
}
