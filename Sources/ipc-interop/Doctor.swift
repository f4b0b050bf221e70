import ArgumentParser
import Foundation
import Harness

struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows what the suite needs from this machine, what is missing, and how to fix it.",
    usage: "ipc-interop doctor [<options>]",
    discussion: """
      The command probes namespaces, privileges, system calls, limits, programs and tools as 'run' does, counts the \
      cells that depend on each of these, and names the command that provides each missing one.

      EXAMPLES
        ipc-interop doctor                           the table, and what is missing
        ipc-interop doctor --verbose                 what each entry means
        ipc-interop doctor --isolation none          without namespaces
        ipc-interop doctor --format json             for programs

      EXIT STATUS
        0 cells can run   2 usage   3 no cell can run
      """)

  @Option(help: "Whether each cell has private namespaces. required: they must be available; auto: if possible.")
  var isolation = IsolationRule.auto

  @Flag(name: .shortAndLong, help: "Explain every entry in the table.")
  var verbose = false

  @OptionGroup var running: RunningOptions
  @OptionGroup var output: OutputOptions<Diagnosis>

  func run() throws {
    let fixtures = try running.fixtures()
    var configuration = fixtures.configuration
    running.set(&configuration, more: [])
    configuration.isolation = isolation
    let diagnosis = Diagnosis(configuration, scenarios: fixtures.scenarios)
    let style = output.output == nil ? Style(of: STDOUT_FILENO, verbose: verbose) : Style(verbose: verbose)
    try output.write(diagnosis.text(output.format, style: style) ?? "")
    throw ExitCode(diagnosis.status.rawValue)
  }
}
