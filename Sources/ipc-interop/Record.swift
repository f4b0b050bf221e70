import ArgumentParser
import Foundation
import Harness

struct Record: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Records the IPC of your programs, so that 'check' can compare all other pairings with it.",
    usage: "ipc-interop record [<options>] [<file-or-filter> ...] [-- <command> ...]",
    discussion: """
      The programs in the first language of interop.yaml run under a tracer. Their IPC objects, with modes and \
      limits, and the bytes, priorities and descriptors that they send are written to interop.recording.yaml beside \
      interop.yaml. 'ipc-interop check' finds that file, and explains each difference in one sentence. Each scenario \
      runs three times, and values that differ between the runs are marked. You may edit the file.

      After '--', commands replace interop.yaml, separated by '----'. Each command starts when the previous one \
      sleeps, prints a line or exits. The recording is written to standard output.

      EXAMPLES
        ipc-interop record                           every scenario in interop.yaml
        ipc-interop record tests/interop.yaml jobs   only matching scenarios
        ipc-interop record --output - jobs           print the recording
        ipc-interop record -- ./server ---- ./client --count 3

      EXIT STATUS
        0 recorded   1 a program failed, or the file cannot be written   2 usage
        3 environment broken   4 nothing selected   130 interrupted
      """)

  @Argument(
    help: ArgumentHelp(
      "A file, and filters: record only scenarios whose names contain one of these. After '--', commands.",
      valueName: "file-or-filter"),
    completion: .file(extensions: ["yaml", "yml"]))
  var arguments: [String] = []

  /// Whether the arguments follow `--`, which the parser does not report.
  private var areCommands: Bool { CommandLine.arguments.contains("--") }

  @Option(
    help: ArgumentHelp(
      "The number of times to record each scenario, to find what differs between runs.", valueName: "times"))
  var runs = 3

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Write the recording to this file instead, or to standard output for '-'.", valueName: "file"))
  var output: String?

  @OptionGroup var running: RunningOptions

  func validate() throws {
    if runs < 1 { throw ValidationError("--runs must be at least 1") }
  }

  func run() throws {
    let installation = try running.installation()
    let (result, target, name) =
      areCommands ? (try recordCommands(installation), "-", "-") : try recordProject(installation)
    for note in result.notes { report("note: \(note)") }
    for failure in result.failures { report("not recorded: \(failure)") }
    if !result.recordings.isEmpty {
      let path = output ?? target
      try OutputFile.write(result.text, to: path == "-" ? nil : path)
      if path != "-" { report("\(result.recordings.count) recorded in \(output ?? name)") }
    }
    if Interruption.isRequested { throw ExitCode(Harness.ExitStatus.interrupted.rawValue) }
    if !result.failures.isEmpty { throw ExitCode(Harness.ExitStatus.failures.rawValue) }
  }

  /// Records the project, and returns the path of the recording, also in the form to show in messages.
  private func recordProject(
    _ installation: Installation
  ) throws -> (RecordingRunner.Result, target: String, name: String) {
    let (path, name, filters) = try ProjectLocation.find(arguments)
    let file: ProjectFile
    do throws(FixtureErrors) { file = try ProjectFile(at: path, as: name, installation, readsRecordings: false) } catch
    {
      throw RunError("\(error)", status: .usage)
    }
    let scenarios = RecordingRunner.select(file.scenarios, filters)
    if scenarios.isEmpty { throw RunError("no scenario with programs is selected", status: .nothingSelected) }
    var result = try record(file.configuration, scenarios)
    if !filters.isEmpty, output == nil { try result.keepOthers(of: file) }
    return (result, ProjectFile.recordings(of: path), ProjectFile.recordings(of: name))
  }

  private func recordCommands(_ installation: Installation) throws -> RecordingRunner.Result {
    let words = arguments.split(separator: "----", omittingEmptySubsequences: false).map(Array.init)
    if words.contains(where: \.isEmpty) {
      throw RunError("a command is missing: write 'record -- COMMAND ---- COMMAND'", status: .usage)
    }
    let project = CommandProject(words, directory: FileManager.default.currentDirectoryPath, installation)
    return try record(project.configuration, [project.scenario])
  }

  private func record(_ configuration: RunConfiguration, _ scenarios: [Scenario]) throws -> RecordingRunner.Result {
    var configuration = configuration
    running.set(&configuration, more: [])
    Interruption.listen()
    return try RecordingRunner(configuration, scenarios: scenarios, runs: runs).record()
  }

  private func report(_ text: String) {
    for line in text.linesEscapedForDisplay {
      FileHandle.standardError.write(Data("\(line)\n".utf8))
    }
  }
}
