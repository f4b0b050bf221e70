import ArgumentParser
import Foundation
import Interop

struct IPCInterop: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ipc-interop",
    abstract: "Checks that Swift and C speak with each other over every Linux IPC mechanism.",
    discussion: """
      EXAMPLES
        ipc-interop run                        the whole matrix
        ipc-interop run posix-mq/priority      cells with that in their names
        ipc-interop run --mechanism pipe --pairs c:swift
        ipc-interop run --format junit --output results.xml
        ipc-interop run --list                 what there is, without running it
        ipc-interop self-test                  does the gate catch deliberate faults?
        ipc-interop faults                     a fault in every system call
        ipc-interop mechanisms                 what there is, in one table

      EXIT STATUS
        0 all as expected   1 failures   2 usage   3 environment broken
        4 nothing selected   5 only leaks   130 interrupted
      """,
    subcommands: [Run.self, SelfTestCommand.self, Faults.self, Mechanisms.self], defaultSubcommand: Run.self)
}

/// Exit statuses are an interface of this command; those of the argument parser are not its own.
@main
enum Main {
  static func main() {
    StandardStreams.holdPlaces()
    do {
      var command = try IPCInterop.parseAsRoot()
      try command.run()
    } catch let error as RunError {
      complain("ipc-interop: \(error)")
      exit(error.status.rawValue)
    } catch  where IPCInterop.exitCode(for: error) == .validationFailure {
      complain(IPCInterop.fullMessage(for: error))
      exit(Interop.ExitStatus.usage.rawValue)
    } catch {
      IPCInterop.exit(withError: error)
    }
  }

  /// What a peer said may be part of it.
  private static func complain(_ text: String) {
    let lines = text.harmlessLines.joined(separator: "\n")
    try? FileHandle.standardError.write(contentsOf: Data("\(lines)\n".utf8))
  }
}
