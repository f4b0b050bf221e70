public import ArgumentParser
import Foundation
public import Harness
import SystemPackage

struct FaultInjection: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fault-injection",
    abstract: "Injects a fault into every system call of every operation, and reports the outcomes.",
    discussion: """
      First, each script in fixtures/fault-injection is recorded with strace(1), which shows the system calls for \
      every request in every language. Then the script runs once per call and fault: the peer is killed before or \
      after the call, the call fails with EINTR, EAGAIN, ENOMEM, EMFILE or ENOSPC, or it transfers only one byte. A \
      peer must report the error and the name of a failed call. The call must have no effect, and must succeed when \
      the request is repeated. After a peer's death, the other roles must behave as the manual page specifies. No \
      role may hang, and no object may be left behind.

      EXAMPLES
        ipc-interop fault-injection                 the whole table
        ipc-interop fault-injection --mechanism posix-mq --language swift
        ipc-interop fault-injection --operation mq_open --fault ENOSPC --fault EMFILE
        ipc-interop fault-injection killed-after    cells whose names contain it
        ipc-interop fault-injection --format json --output report.json

      EXIT STATUS
        0 all as expected   1 failures   2 usage
        3 strace, ptrace, a sandbox or a working C peer is missing
        4 nothing selected   5 only leaks   130 interrupted
      """)

  @Argument(help: "Run only cells whose names contain one of these; '*' matches any text.")
  var filter: [String] = []

  @Flag(help: "Record the scripts and list the cells, without running them.")
  var list = false

  @Option(help: "Run only this mechanism. May be given more than once.", completion: Completion.mechanisms)
  var mechanism: [String] = []

  @Option(help: "Run only the calls in this operation. May be given more than once.")
  var operation: [String] = []

  @Option(help: "Run only this language. May be given more than once.")
  var language: [String] = []

  @Option(help: "Inject only this fault. May be given more than once.")
  var fault: [InjectedFault] = []

  @OptionGroup var running: RunningOptions
  @OptionGroup var output: OutputOptions<RunReport>

  @Flag(help: "Stop at the first failure.")
  var failFast = false

  @Flag(name: .shortAndLong, help: "Print one line for each cell.")
  var verbose = false

  @Flag(help: "Print the cell times at the end.")
  var timings = false

  @Option(
    help: ArgumentHelp(
      "A file with more languages, formatted like fixtures/peers.yaml. May be given more than once.", valueName: "file")
  )
  var peers: [String] = []

  func validate() throws {
    if filter.contains("") { throw ValidationError("FILTER must not be empty; leave it out to select every cell") }
    try output.check("fault-injection", RunReport.formatsOfAnyRun)
    if list { try output.check("--list", [.console]) }
  }

  func run() throws {
    var configuration = try running.fixtures(peers: peers).configuration
    running.set(&configuration, more: peers.map { ("--peers", $0) })
    // A peer that is killed inside sem_open(3) leaves a file behind, whose name is unknown. The sandbox removes it.
    configuration.isolation = .required
    configuration.failFast = failFast
    var selection = InjectionSelection()
    selection.filters = filter
    selection.mechanisms = mechanism
    selection.operations = operation
    selection.languages = language
    selection.faults = fault
    let runner = try InjectionRunner(configuration, selection: selection)
    if list {
      let ids = try runner.list()
      if ids.isEmpty { throw RunError("nothing selected", status: .nothingSelected) }
      return try output.write(ids.map { $0 + "\n" }.joined())
    }
    let writer = try ReportWriter(
      output, verbose: verbose, timings: timings, root: configuration.root, console: InjectionConsoleReport.init)
    Interruption.listen()
    let summary = try runner.run { writer.receive($0) }
    try writer.finish()
    throw ExitCode(summary.exitStatus.rawValue)
  }
}

extension InjectedFault: ExpressibleByArgument {}
