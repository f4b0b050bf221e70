public import ArgumentParser
import Foundation
public import Interop
import SystemPackage

struct Faults: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Puts a fault into every system call of every operation, and tells what came of it.",
    discussion: """
      Each script of fixtures/faults is recorded below strace(1), which tells the system calls that every request \
      makes in every language. Then it is run once for every call and every fault: killed before and after the call, \
      a failure with EINTR, EAGAIN, ENOMEM, EMFILE or ENOSPC, and a transfer of one byte where more were asked for. A \
      call that failed must be told by its reason and its name, have had no effect, and succeed when it is asked for \
      again; whoever is left of a dead one must see what the manual page says. Nobody may hang, and nothing be left \
      behind.

      EXAMPLES
        ipc-interop faults                           the whole table
        ipc-interop faults --mechanism posix-mq --language swift
        ipc-interop faults --operation mq_open --fault ENOSPC --fault EMFILE
        ipc-interop faults 'killed-after' --verbose  cells with that in their names
        ipc-interop faults --format json --output faults.json

      EXIT STATUS
        0 all as they must be   1 failures   2 usage   4 nothing selected
        3 no strace, ptrace, sandbox or sound C peer here, so nothing was tried
        5 only leaks   130 interrupted
      """)

  @Argument(help: "Run only cells whose name contains one of these; '*' stands for any text.")
  var filter: [String] = []

  @Flag(help: "Record the scripts and list the cells, and run none.")
  var list = false

  @Option(help: "Only this mechanism. May be given more than once.")
  var mechanism: [String] = []

  @Option(help: "Only the calls of this operation. May be given more than once.")
  var operation: [String] = []

  @Option(help: "Only this language. May be given more than once.")
  var language: [String] = []

  @Option(help: "Only this fault: killed-before, killed-after, EINTR, EAGAIN, ENOMEM, EMFILE, ENOSPC, short.")
  var fault: [Fault] = []

  @OptionGroup var running: RunningOptions

  @OptionGroup var output: OutputOptions

  @Flag(help: "Stop at the first failure.")
  var failFast = false

  @Flag(name: .shortAndLong, help: "One line for each cell.")
  var verbose = false

  @Flag(help: "Show at the end what the cells cost.")
  var timings = false

  @Option(help: "A file with more languages, in the form of fixtures/peers.yaml. May be given more than once.")
  var peers: [String] = []

  func validate() throws {
    if list { try output.checkList([.console]) }
  }

  func run() throws {
    var configuration = try Fixtures(root: running.root, peers: peers).configuration
    running.set(&configuration, more: peers.map { ("--peers", $0) })
    // Who is killed inside of sem_open(3) leaves a draft of a name that nobody knows: it goes with its sandbox.
    configuration.isolation = .required
    configuration.failFast = failFast
    var selection = FaultSelection()
    selection.filters = filter
    selection.mechanisms = mechanism
    selection.operations = operation
    selection.languages = language
    selection.faults = fault
    let runner = try FaultRunner(configuration, selection: selection)
    if list {
      let ids = try runner.list()
      if ids.isEmpty { throw RunError("nothing selected", status: .nothingSelected) }
      return try output.write(ids.map { $0 + "\n" }.joined())
    }
    let outlet = try Outlet(
      output, verbose: verbose, timings: timings, console: FaultConsoleReport.init)
    Interruption.listen()
    let summary = try runner.run { outlet.receive($0) }
    try outlet.finish()
    throw ExitCode(summary.exitStatus)
  }
}

extension Fault: ExpressibleByArgument {}
