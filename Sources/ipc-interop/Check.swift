import ArgumentParser
import Foundation
import Harness

struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tests your own programs: every scenario in interop.yaml with every mixture of languages.",
    discussion: """
      FILE is interop.yaml in this directory or the nearest one above, unless the first argument ends in .yaml or .yml. A \
      FILTER selects the cells whose names contain it; '*' matches any text.

      EXAMPLES
        ipc-interop init -- ./server ---- ./client   write interop.yaml
        ipc-interop check                            run all its cells
        ipc-interop check tests/interop.yaml jobs --verbose
        ipc-interop check --pairs c:swift --repeat 20
        ipc-interop check --fault-injection jobs     make system calls fail

      EXIT STATUS
        0 all as expected   1 failures   2 usage, or an error in FILE
        3 environment broken, or a program of the first language is missing
        4 nothing selected   5 only leaks   130 interrupted
      """)

  @Argument(
    help: ArgumentHelp(
      "A file, and filters: run only cells whose names contain one of these.", valueName: "file-or-filter"),
    completion: .file(extensions: ["yaml", "yml"]))
  var arguments: [String] = []

  @Flag(help: "Also make the programs' system calls fail, one at a time (requires strace).")
  var faultInjection = false

  @OptionGroup var matrix: MatrixOptions

  func validate() throws {
    try MatrixOptions.rejectEmpty(arguments, "FILTER")
    try matrix.output.check("check", RunReport.formatsOfAnyRun)
  }

  func run() throws {
    let (path, name, filters) = try ProjectLocation.find(arguments)
    let installation = try matrix.running.installation()
    let file: ProjectFile
    do throws(FixtureErrors) { file = try ProjectFile(at: path, as: name, installation) } catch {
      throw RunError("\(error)", status: .usage)
    }
    var configuration = file.configuration
    configuration.command = "check \(RunningOptions.quoted(name))"
    try matrix.run(
      configuration, scenarios: file.scenarios, expectations: .none, pitfalls: [], filters: filters,
      more: faultInjection ? [("--fault-injection", "")] : []
    ) { runner, configuration, expectations in
      guard faultInjection else { return }
      var injection = try ProgramInjectionRunner(configuration, scenarios: file.scenarios)
      injection.expectations = expectations
      runner.injection = .programs(injection)
    }
  }
}
