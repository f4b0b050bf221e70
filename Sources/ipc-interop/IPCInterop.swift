import ArgumentParser
import Foundation
import Harness

struct IPCInterop: ParsableCommand {
  /// The version of the suite and the library; before a release, it is the next version followed by `-dev`.
  static let version = "0.2.0-dev"

  static let configuration = CommandConfiguration(
    commandName: "ipc-interop",
    abstract: "Checks that Swift and C interoperate over every Linux IPC mechanism.",
    discussion: """
      EXAMPLES
        ipc-interop doctor                           what this machine lacks
        ipc-interop run                              the whole matrix
        ipc-interop run posix-mq/priority            cells whose names contain this text
        ipc-interop run --mechanism pipe --pairs c:swift
        ipc-interop run --format junit --output results.xml
        ipc-interop run --list                       the scenarios, without a run
        ipc-interop init -- ./server ---- ./client   a file for your programs
        ipc-interop check                            your programs in ./interop.yaml
        ipc-interop check-peer python3 peer.py       everything that your peer supports
        ipc-interop record                           the bytes of the C programs
        ipc-interop self-test                        check that mutants are caught
        ipc-interop fault-injection                  make every system call fail
        ipc-interop report new.json --diff old.json  changes between two runs
        ipc-interop peers                            the peers and their operations
        ipc-interop abi                              sizes and offsets of every peer
        ipc-interop explain EPIPE                    what an error means
        ipc-interop mechanisms                       all mechanisms, in one table
        ipc-interop choose                           which mechanism a program needs
        ipc-interop coverage                         which assertions are tested

      EXIT STATUS
        0 all as expected   1 failures   2 usage   3 environment broken
        4 nothing selected, or nothing that the peers support
        5 only leaks   130 interrupted
      """,
    version: "ipc-interop \(version)",
    subcommands: [
      Run.self, Check.self, Init.self, Record.self, CheckPeer.self, SelfTestCommand.self, FaultInjection.self,
      ReportCommand.self, Doctor.self, Explain.self, Peers.self, ABI.self, Bench.self, Choose.self, Mechanisms.self,
      Coverage.self, Manual.self,
    ],
    defaultSubcommand: Run.self)
}

/// Runs a command, and exits with one of the suite's statuses instead of the argument parser's.
@main
enum Main {
  static func main() {
    StandardStreams.holdPlaces()
    do {
      let words = Array(CommandLine.arguments.dropFirst())
      try rejectMisspelledCommand(words.first)
      try rejectUnknownTopic(words)
      try rejectFilterOption(words)
      var command = try IPCInterop.parseAsRoot()
      try command.run()
    } catch let error as RunError {
      printError("ipc-interop: \(error)")
      exit(error.status.rawValue)
    } catch  where IPCInterop.exitCode(for: error) == .validationFailure {
      printError(IPCInterop.fullMessage(for: error))
      exit(Harness.ExitStatus.usage.rawValue)
    } catch {
      IPCInterop.exit(withError: error)
    }
  }

  /// Reports an error if the first word resembles the name of a command, because otherwise it would be a filter for
  /// `run`.
  private static func rejectMisspelledCommand(_ word: String?) throws(RunError) {
    guard let word, !names.contains(word), let name = Suggestion.misspelled(word, among: names) else { return }
    throw RunError(
      "there is no command '\(word)'; did you mean '\(name)'? As a filter: ipc-interop run \(word)", status: .usage)
  }

  private static let names = IPCInterop.configuration.subcommands.map { $0._commandName } + ["help"]

  /// Reports an error if the word after `help` is not a command.
  ///
  /// The parser would print the general help.
  private static func rejectUnknownTopic(_ words: [String]) throws(RunError) {
    guard words.first == "help", words.count > 1, !words[1].hasPrefix("-"), !names.contains(words[1]) else { return }
    let nearest = Suggestion.nearest(to: words[1], among: names).map { "did you mean '\($0)'?" }
    throw RunError(
      "there is no command '\(words[1])'; \(nearest ?? "'ipc-interop help' shows all")", status: .usage)
  }

  /// Reports an error for the option `--filter` of a command whose filters are arguments.
  private static func rejectFilterOption(_ words: [String]) throws(RunError) {
    let named = words.first.flatMap { names.contains($0) ? $0 : nil }
    let command = named ?? Run._commandName
    let options = words.prefix { $0 != "--" }
    guard [Run._commandName, Check._commandName, FaultInjection._commandName].contains(command),
      let index = options.firstIndex(where: { $0 == "--filter" || $0.hasPrefix("--filter=") })
    else { return }
    let next = options.indices.contains(index + 1) ? options[index + 1] : "FILTER"
    let filter = options[index] == "--filter" ? next : String(options[index].dropFirst("--filter=".count))
    throw RunError(
      "a filter of '\(command)' is an argument, not an option: ipc-interop \(command) \(RunningOptions.quoted(filter))",
      status: .usage)
  }

  /// Prints an error, escaped because it may contain output from a peer.
  private static func printError(_ text: String) {
    let lines = text.linesEscapedForDisplay.joined(separator: "\n")
    try? FileHandle.standardError.write(contentsOf: Data("\(lines)\n".utf8))
  }
}
