import Foundation
import SystemPackage

@testable import Harness

/// The checkout that contains these tests, with the products of `make build`.
enum Checkout {
  static let root = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
    .removingLastComponent()
  static var sandboxInit: String { root.appending("build/bin/sandbox-init").string }

  /// The fixtures, loaded once for all tests, because loading them takes seconds in a debug build.
  static let everything = Result { try Fixtures(Installation(root: root.string)) }

  /// The scenarios and operations in the fixtures.
  static let fixtures = everything.map { (scenarios: $0.scenarios, registry: $0.registry) }

  /// The operations, loaded once for all tests.
  static let operations = Result { () throws(FixtureErrors) -> OperationRegistry in
    try DiagnosticLog.collect { ScenarioLoader.operations(root: root.string, log: $0) }
  }

  /// Whether this user can list the machine's message queues, which cells without a private sandbox require.
  static let listsQueues = geteuid() == 0 || FileManager.default.fileExists(atPath: "/dev/mqueue")

  /// Loads the scenarios in `files`.
  static func load(
    _ files: [FixtureFile], transcripts: [FixtureFile] = [], operations: FixtureFile
  ) throws(FixtureErrors) -> (scenarios: [Scenario], registry: OperationRegistry) {
    try DiagnosticLog.collect {
      ScenarioLoader.load(files, transcripts: transcripts, operations: operations, log: $0)
    }
  }

  /// Loads scenarios from text, with the project's operations.
  static func scenarios(_ yaml: String) throws -> (scenarios: [Scenario], registry: OperationRegistry) {
    let registry = try operations.get()
    let scenarios = try DiagnosticLog.collect {
      ScenarioLoader.load([FixtureFile(file: "test.yaml", bytes: Data(yaml.utf8))], registry, log: $0)
    }
    return (scenarios, registry)
  }
}

/// Runs `body`, which may block, in a separate thread.
func onThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
  try await withCheckedThrowingContinuation { continuation in
    Thread { continuation.resume(with: Swift.Result { try body() }) }.start()
  }
}
