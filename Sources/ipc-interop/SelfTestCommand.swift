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
      """)

  @Argument(help: "Try only these faults.")
  var fault: [String] = []

  @Flag(help: "List the mutants, and run none.")
  var list = false

  @Option(name: .shortAndLong, help: "How many mutants run at a time.")
  var jobs = RunConfiguration.usualJobs

  @Option(help: "Multiply every time limit.")
  var timeoutMultiplier = 1.0

  @Option(help: "auto, required (a sandbox of its own for every cell, or exit 3) or none.")
  var isolation = IsolationRule.auto

  @Option(help: "console, json, junit, tap or markdown.")
  var format = ReportFormat.console

  @Option(name: .shortAndLong, help: "Write the report to this file; the console's then goes to standard error.")
  var output: String?

  @Option(help: "A file with the faulty builds, in the form of fixtures/peers.yaml.")
  var faulty: String?

  @Option(help: "The directory that has fixtures/ and build/.")
  var root: String?

  func validate() throws {
    if jobs < 1 || jobs > 256 { throw ValidationError("--jobs must be from 1 to 256") }
    if !(timeoutMultiplier > 0 && timeoutMultiplier < 1e6) {
      throw ValidationError("--timeout-multiplier must be above 0")
    }
  }

  func run() throws {
    let fixtures = try Fixtures(root: root)
    let build: FaultyBuild
    let mutants: [Mutant]
    do {
      let file = faulty ?? fixtures.root.appending("fixtures/faulty-peers.yaml")
      build = FaultyBuild(try PeerList.load(files: [file], root: fixtures.root.path))
      mutants = try MutantLoader.load(
        "fixtures/mutants.yaml", root: fixtures.root.path, scenarios: fixtures.scenarios,
        languages: build.peers.peers.map(\.language))
    } catch {
      throw Failure("\(error)", .usage)
    }
    if list {
      let text = format == .markdown ? mutants.markdown : mutants.map { $0.fault + "\n" }.joined()
      do { try FileDescriptor.standardOutput.writeAll(text.utf8) } catch {
        throw Failure("the list could not be written: \(error)", .brokenEnvironment)
      }
      return
    }
    var configuration = fixtures.configuration
    configuration.jobs = jobs
    configuration.timeoutMultiplier = timeoutMultiplier
    configuration.isolation = isolation
    let test: SelfTest
    do throws(RunError) {
      test = try SelfTest(
        configuration, scenarios: fixtures.scenarios, mutants: mutants, build: build, names: fault)
    } catch {
      throw Failure(error.description, error.status)
    }
    let outlet = try Outlet(format: format, file: output) { MutantTable(mutants, style: $0) }
    Interruption.listen()
    let summary: RunSummary
    do throws(RunError) { summary = try test.run { outlet.receive($0) } } catch {
      throw Failure(error.description, error.status)
    }
    try outlet.finish()
    throw ExitCode(summary.exitStatus)
  }
}
