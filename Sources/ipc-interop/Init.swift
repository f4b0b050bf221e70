import ArgumentParser
import Foundation
import Harness
import SystemPackage

struct Init: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Writes interop.yaml, the file of 'ipc-interop check'.",
    discussion: """
      Without commands, the file is an example with comments. With two commands, it has a scenario that starts the second \
      program when the first sleeps or has printed a line, and expects both to exit with 0. An existing file is never \
      overwritten.

      EXAMPLES
        ipc-interop init                                       an example to adapt
        ipc-interop init -- ./server /tmp/s ---- ./client /tmp/s hello
        ipc-interop init tests/interop.yaml -- build/reader ---- build/writer
      """)

  @Argument(help: "The file to write.")
  var file = ProjectFile.name

  @Argument(
    parsing: .postTerminator, help: "Two commands after --, with ---- between them.")
  var commands: [String] = []

  func run() throws {
    let here = FileManager.default.currentDirectoryPath
    let path = URL(fileURLWithPath: file).standardizedFileURL
    let template =
      commands.isEmpty
      ? ProjectTemplate()
      : try ProjectTemplate(
        commands: commands.split(separator: "----", omittingEmptySubsequences: false).map(Array.init), here: here,
        directory: path.deletingLastPathComponent().path)
    do {
      let descriptor = try FileDescriptor.open(
        FilePath(path.path), .writeOnly, options: [.create, .exclusiveCreate, .noFollow, .closeOnExec],
        permissions: FilePermissions(rawValue: 0o644))
      _ = try descriptor.closeAfter { try descriptor.writeAll(template.text.utf8) }
    } catch Errno.fileExists {
      throw RunError("\(file) already exists; remove it, or name another file", status: .usage)
    } catch {
      throw RunError("\(file) cannot be written: \(error)", status: .brokenEnvironment)
    }
    let name = file == ProjectFile.name ? "" : " \(RunningOptions.quoted(file))"
    let program = RunningOptions.quoted(CommandLine.arguments.first ?? "ipc-interop")
    print("\(file) was written. \(commands.isEmpty ? "Adapt it, and run" : "Run"): \(program) check\(name)")
    print("\(ProjectTemplate.recordingAdvice).")
  }
}
