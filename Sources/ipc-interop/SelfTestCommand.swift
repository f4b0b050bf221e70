import ArgumentParser
import Foundation
import Interop
import SystemPackage

struct SelfTestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "self-test",
    abstract: "Tests the gate: runs peers with deliberate faults, each of which it must catch for the right reason.",
    discussion: """
      fixtures/mutants.yaml says of each fault which cells must catch it, and with what reason. A fault that survives, \
      or is caught for another reason, fails; so does a faulty build that fails the same cells with no fault switched on.

      EXAMPLES
        ipc-interop self-test                           all of them
        ipc-interop self-test mq-priority-dropped       one
        ipc-interop self-test --list --format markdown  what there is, in a table
        ipc-interop self-test --format json --output self-test.json

      EXIT STATUS
        0 all are caught   1 one is not, or for another reason   2 usage
        3 environment broken   4 nothing selected   130 interrupted
      """)

  @Argument(help: "Only these faults.")
  var fault: [String] = []

  @Flag(help: "List the mutants, and run none.")
  var list = false

  @OptionGroup var running: RunningOptions

  @Option(help: "auto, required (a sandbox of its own for every cell, or exit 3) or none.")
  var isolation = IsolationRule.auto

  @OptionGroup var output: OutputOptions

  @Option(help: "A file with the faulty builds, in the form of fixtures/peers.yaml.")
  var faulty: String?

  func validate() throws {
    if list { try output.checkList([.console, .markdown]) }
  }

  func run() throws {
    let fixtures = try Fixtures(root: running.root)
    let build: FaultyBuild
    let mutants: [Mutant]
    do {
      let file = faulty ?? fixtures.root.appending("fixtures/faulty-peers.yaml")
      build = FaultyBuild(try PeerList.load(files: [file], root: fixtures.root.path))
      mutants = try MutantLoader.load(
        "fixtures/mutants.yaml", root: fixtures.root.path, scenarios: fixtures.scenarios,
        languages: build.peers.peers.map(\.language))
    } catch {
      throw RunError("\(error)", status: .usage)
    }
    if list {
      let mutants = try mutants.named(fault)
      return try output.write(output.format == .markdown ? mutants.markdown : mutants.map { $0.fault + "\n" }.joined())
    }
    var configuration = fixtures.configuration
    running.set(
      &configuration,
      more: (faulty.map { [("--faulty", $0)] } ?? [])
        + (isolation == .auto ? [] : [("--isolation", isolation.rawValue)]))
    configuration.isolation = isolation
    Interruption.listen()
    let test = try SelfTest(
      configuration, scenarios: fixtures.scenarios, mutants: mutants, build: build, names: fault)
    let outlet = try Outlet(output) { MutantTable(mutants, style: $0) }
    let summary = try test.run { outlet.receive($0) }
    try outlet.finish()
    throw ExitCode(summary.exitStatus)
  }
}
