import ArgumentParser
import Harness

/// Completions for names that the fixtures define.
enum Completion {
  /// The mechanisms.
  static let mechanisms = CompletionKind.custom { _, _, _ in
    fixtures.map { Set($0.scenarios.map(\.mechanism)).sorted() } ?? []
  }

  /// The scenarios.
  static let scenarios = CompletionKind.custom { _, _, _ in fixtures.map { Set($0.scenarios.map(\.id)).sorted() } ?? []
  }

  /// The names that `explain` knows.
  static let names = CompletionKind.custom { _, _, _ in
    fixtures.flatMap { try? Explainer($0) }.map { Set($0.names).sorted() } ?? []
  }

  /// The peer mutants and runner mutants.
  static let mutants = CompletionKind.custom { _, _, _ in
    guard let loaded = try? fixtures?.mutants(builds: nil) else { return [] }
    return (loaded.mutants.map(\.name) + loaded.ofRunner.map(\.name)).sorted()
  }

  /// This program's fixtures; nil if there are none, or if they have errors.
  private static var fixtures: Fixtures? { Installation.find(given: nil).flatMap { try? Fixtures($0) } }
}
