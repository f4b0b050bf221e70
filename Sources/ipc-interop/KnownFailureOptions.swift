import ArgumentParser
import Foundation
import Harness
import Synchronization

/// The options for known failures: failures that must not fail a run.
struct KnownFailureOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A file that lists cells that are known to fail. They still run, and a listed cell that passes is an error.",
      valueName: "file"),
    completion: .file())
  var knownFailures: String?

  @Flag(help: "After the run, add its failures to the --known-failures file, and remove fixed ones.")
  var updateKnownFailures = false

  func validate() throws {
    if updateKnownFailures, knownFailures == nil {
      throw ValidationError("--update-known-failures needs --known-failures FILE, the file to write")
    }
  }

  var rerun: [(name: String, value: String)] { knownFailures.map { [("--known-failures", $0)] } ?? [] }

  /// Reads the file; nil without the option.
  func load() throws(RunError) -> KnownFailures? {
    guard let knownFailures else { return nil }
    return try KnownFailures(path: knownFailures, mayBeMissing: updateKnownFailures)
  }

  /// Collects the results from the threads of a run.
  final class Results: Sendable {
    private let stored = Mutex<[CellResult]>([])
    var all: [CellResult] { stored.withLock { $0 } }
    func receive(_ event: Event) {
      if case .cellEnded(let result) = event { stored.withLock { $0.append(result) } }
    }
  }

  /// Updates the file if requested, and returns the exit status of the command.
  func finish(
    _ known: KnownFailures?, _ results: Results, _ summary: RunSummary, allCells: [String]
  ) throws -> Harness.ExitStatus {
    guard updateKnownFailures, let known, let knownFailures, !summary.interrupted else { return summary.exitStatus }
    let today = String(Date.now.ISO8601Format().prefix(10))
    let update = known.updated(results.all.sorted { $0.cell.id < $1.cell.id }, allCells: allCells, today: today)
    try OutputFile.write(update.text, to: knownFailures)
    let text = "\(knownFailures): \(update.added) added, \(update.removed) removed\n"
    try FileHandle.standardError.write(contentsOf: Data(text.utf8))
    return summary.problems.isEmpty && update.coversAll && [.failures, .onlyLeaks].contains(summary.exitStatus)
      ? .asExpected : summary.exitStatus
  }
}
