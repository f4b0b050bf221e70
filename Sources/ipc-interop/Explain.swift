import ArgumentParser
import Foundation
import Harness

struct Explain: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Explains a mechanism, scenario, script, verdict, errno, C function or mutant.",
    usage: "ipc-interop explain [<options>] <name> ...",
    discussion: """
      The explanation states the meaning, the usual causes, the section of the standard, and advice. For the name of \
      a cell, the command explains the cell's scenario.

      EXAMPLES
        ipc-interop explain posix-mq
        ipc-interop explain 'fifo/delivery[c>swift]'
        ipc-interop explain pipe/transfers           a fault-injection script
        ipc-interop explain timed out
        ipc-interop explain EPIPE
        ipc-interop explain mq_timedreceive --format json
        ipc-interop explain mq-priority-dropped      a mutant (in a checkout)

      EXIT STATUS
        0 explained   2 usage, or an unknown name
      """)

  @Argument(
    help: ArgumentHelp("What to explain. The words of a verdict need no quotes.", valueName: "name"),
    completion: Completion.names)
  var words: [String]

  @OptionGroup var suite: SuiteOptions
  @OptionGroup var output: OutputOptions<Explanations>

  func run() throws {
    let fixtures = try suite.fixtures()
    let explainer = try SuiteOptions.reporting { () throws(FixtureErrors) in try Explainer(fixtures) }
    let style = output.output == nil ? Style(of: STDOUT_FILENO) : Style()
    try output.write(explainer.explain(words.joined(separator: " ")).text(output.format, style: style) ?? "")
  }
}
