public import ArgumentParser
import Foundation
public import Harness
import SystemPackage

struct FaultInjection: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fault-injection",
    abstract: "Injects a fault into every system call of every operation, and reports the outcomes.",
    discussion: """
      Each script of fixtures/fault-injection is recorded below strace(1), which shows the system calls that every \
      request makes in every language. Then it runs once for every call and every fault: killed before and after the \
      call, a failure with EINTR, EAGAIN, ENOMEM, EMFILE or ENOSPC, and a transfer of one byte where more were requested. \
      A peer must report a failed call by its error and name, the call must have had no effect, and succeed when it is \
      requested again. After a death the other roles must see what the manual page specifies. Nothing may hang, and \
      nothing be left behind.

      EXAMPLES
        ipc-interop fault-injection                  the whole table
        ipc-interop fault-injection --mechanism posix-mq --language swift
        ipc-interop fault-injection --operation mq_open --fault ENOSPC --fault EMFILE
        ipc-interop fault-injection killed-after --verbose   by the name of a cell
        ipc-interop fault-injection --format json --output report.json

      EXIT STATUS
        0 all as expected   1 failures   2 usage
        3 strace, ptrace, a sandbox or a working C peer is missing
        4 nothing selected   5 only leaks   130 interrupted
      """)

  @Argument(help: "Run only cells whose name contains one of these; '*' matches any text.")
  var filter: [String] = []

  @Flag(help: "Record the scripts and list the cells, and run none.")
  var list = false

  @Option(help: "Only this mechanism. May be given more than once.")
  var mechanism: [String] = []

  @Option(help: "Only the calls of this operation. May be given more than once.")
  var operation: [String] = []

  @Option(help: "Only this language. May be given more than once.")
  var language: [String] = []

  @Option(help: "Only this fault. May be given more than once.")
  var fault: [InjectedFault] = []

  @OptionGroup var running: RunningOptions
  @OptionGroup var output: OutputOptions

  @Flag(help: "Stop at the first failure.")
  var failFast = false

  @Flag(name: .shortAndLong, help: "One line for each cell.")
  var verbose = false

  @Flag(help: "Show at the end what the cells cost.")
  var timings = false

  @Option(
    help: ArgumentHelp(
      "A file with more languages, in the form of fixtures/peers.yaml. May be given more than once.", valueName: "file")
  )
  var peers: [String] = []

  func validate() throws {
    if filter.contains("") { throw ValidationError("FILTER must not be empty; leave it out to select every cell") }
    if list { try output.checkList([.console]) }
  }

  func run() throws {
    var configuration = try running.fixtures(peers: peers).configuration
    running.set(&configuration, more: peers.map { ("--peers", $0) })
    // A peer that is killed inside sem_open(3) leaves a draft with an unknown name, which disappears with its sandbox.
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
      output, verbose: verbose, timings: timings, console: InjectionConsoleReport.init)
    Interruption.listen()
    let summary = try runner.run { writer.receive($0) }
    try writer.finish()
    throw ExitCode(summary.exitStatus.rawValue)
  }
}

extension InjectedFault: ExpressibleByArgument {}
