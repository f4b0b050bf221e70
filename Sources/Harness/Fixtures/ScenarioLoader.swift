import Dispatch
import Foundation
import Synchronization
import SystemPackage

/// Reads scenarios, examples and golden transcripts, and the operations that they use.
enum ScenarioLoader {
  /// Loads the scenarios in `scope` from `fixtures/examples.yaml`, `fixtures/scenarios/*.yaml` and
  /// `fixtures/vectors/*.txt` below `root`, and adds errors to `log`.
  ///
  /// If a filter matches no scenario, all scenarios of its mechanism are loaded, so that the error message can suggest
  /// one of them.
  static func load(
    root: FilePath, scope: LoadingScope = .everything, log: DiagnosticLog
  ) -> (scenarios: [Scenario], registry: OperationRegistry) {
    let files = scenarioFiles(root: root, log).filter { scope.contains(mechanism(of: $0)) }
    let transcripts =
      scope.contains(TranscriptLoader.mechanism)
      ? list("fixtures/vectors", ending: ".txt", of: "golden transcripts", root, log) : []
    let loaded = load(
      read(files, root, log), transcripts: read(transcripts, root, log),
      operations: read([operations], root, log).first, scope: scope, log: log)
    if log.count == 0, scope.hasFilter(withoutAny: loaded.scenarios) {
      return load(root: root, scope: scope.ofWholeMechanisms, log: log)
    }
    rejectPeerDeaths(loaded.scenarios, log)
    return loaded
  }

  /// Loads a user's files of scenarios for peers, instead of the scenarios of the suite below `root`.
  static func load(
    ofUser files: [String], root: FilePath, log: DiagnosticLog
  ) -> (scenarios: [Scenario], registry: OperationRegistry) {
    let registry = operations(root: root.string, log: log)
    guard log.count == 0 else { return ([], registry) }
    let sources = files.withoutDuplicates.compactMap { FixtureFile(at: $0, as: $0, log: log) }
    let scenarios = parse(sources, registry, log, origin: .user)
    rejectDuplicates(scenarios, log)
    rejectPeerDeaths(scenarios, log)
    return (scenarios, registry)
  }

  /// Returns the mechanisms that have scenarios, without reading the files.
  static func mechanisms(root: FilePath, log: DiagnosticLog) -> [String] {
    scenarioFiles(root: root, log).map(mechanism) + [TranscriptLoader.mechanism]
  }

  private static func scenarioFiles(root: FilePath, _ log: DiagnosticLog) -> [String] {
    list("fixtures/scenarios", ending: ".yaml", of: "scenarios", root, log) + ["fixtures/examples.yaml"]
  }

  /// Returns the mechanism that a file's scenarios test: the name of the file.
  static func mechanism(of file: String) -> String { FilePath(file).stem ?? file }

  /// Loads `fixtures/fault-injection/*.yaml`: the scripts into which faults are injected.
  static func loadInjectionScripts(root: FilePath, registry: OperationRegistry) throws(FixtureErrors) -> [Scenario] {
    let log = DiagnosticLog()
    let files = list("fixtures/fault-injection", ending: ".yaml", of: "scripts", root, log)
    let scripts = parse(read(files, root, log), registry, log)
    try log.check()
    return scripts
  }

  /// Loads the scenarios in `files`, unless the operations have errors.
  ///
  /// Without the operations, every request in every scenario would be an error.
  static func load(
    _ files: [FixtureFile], transcripts: [FixtureFile] = [], operations: FixtureFile?,
    scope: LoadingScope = .everything, log: DiagnosticLog
  ) -> (scenarios: [Scenario], registry: OperationRegistry) {
    guard let document = operations.flatMap({ FixtureDocument($0, log: log) }) else {
      return ([], OperationRegistry([]))
    }
    let registry = OperationRegistry(document)
    return (load(files, transcripts: transcripts, registry, scope: scope, log: log), registry)
  }

  /// Loads the scenarios in `files` with the operations in `registry`.
  static func load(
    _ files: [FixtureFile], transcripts: [FixtureFile] = [], _ registry: OperationRegistry,
    scope: LoadingScope = .everything, log: DiagnosticLog
  ) -> [Scenario] {
    var scenarios = parse(files, registry, log, scope: scope)
    scenarios += transcripts.compactMap { file in
      file.text(log).flatMap { TranscriptLoader.scenario(file: file.file, text: $0, log: log) }
    }
    rejectDuplicates(scenarios, log)
    return scenarios
  }

  /// Reports an error for any response after `~>` in a scenario.
  ///
  /// Such responses are valid only in fault-injection scripts.
  static func rejectPeerDeaths(_ scenarios: [Scenario], _ log: DiagnosticLog) {
    for step in scenarios.flatMap(\.steps) where !step.expectedAfterPeerDeath.isEmpty {
      log.add(step.location, "'~>' is only for the scripts of fixtures/fault-injection")
    }
  }

  private static let operations = "fixtures/operations.yaml"

  /// Loads the operations from a checkout or an installed suite.
  static func operations(root: String, log: DiagnosticLog) -> OperationRegistry {
    let document = FixtureFile(at: "\(root)/\(operations)", as: operations, log: log).flatMap {
      FixtureDocument($0, log: log)
    }
    return document.map { OperationRegistry($0) } ?? OperationRegistry([])
  }

  static func rejectDuplicates(_ scenarios: [Scenario], _ log: DiagnosticLog) {
    var first: [String: SourceLocation] = [:]
    for scenario in scenarios where !scenario.id.isEmpty {
      if let other = first[scenario.id], other != scenario.location {
        log.add(scenario.location, "the id '\(scenario.id)' is already used at \(other)")
      } else {
        first[scenario.id] = scenario.location
      }
    }
  }

  /// Parses the files in parallel, because parsing dominates the time of a single-cell run.
  private static func parse(
    _ files: [FixtureFile], _ registry: OperationRegistry, _ log: DiagnosticLog,
    scope: LoadingScope = .everything, origin: ScenarioParser.Origin = .suite
  ) -> [Scenario] {
    files.concurrentMap { file -> (scenarios: [Scenario], found: [Diagnostic]) in
      let log = DiagnosticLog()
      guard let document = FixtureDocument(file, log: log) else { return ([], log.sorted) }
      let parser = ScenarioParser(document: document, registry: registry, origin: origin, scope: scope)
      return (document.root.nonEmptyList("scenarios").flatMap(parser.parse), log.sorted)
    }.flatMap { scenarios, found in
      log.add(found)
      return scenarios
    }
  }

  private static func list(
    _ folder: String, ending suffix: String, of what: String, _ root: FilePath, _ log: DiagnosticLog
  ) -> [String] {
    do {
      let all = try FileManager.default.contentsOfDirectory(atPath: root.appending(folder).string)
      let files = all.filter { $0.hasSuffix(suffix) }.sorted()
      if files.isEmpty { log.add(whole: folder, "the folder has no \(what)") }
      return files.map { "\(folder)/\($0)" }
    } catch {
      log.add(whole: folder, "the folder cannot be read: \(error.localizedDescription)")
      return []
    }
  }

  private static func read(_ files: [String], _ root: FilePath, _ log: DiagnosticLog) -> [FixtureFile] {
    files.compactMap { FixtureFile(at: root.appending($0).string, as: $0, log: log) }
  }
}

extension Array where Element: Sendable {
  /// Returns the same result as `map`, but computes it on all processors.
  fileprivate func concurrentMap<Result: Sendable>(_ transform: @Sendable (Element) -> Result) -> [Result] {
    let results = Mutex<[Result?]>(Array<Result?>(repeating: nil, count: count))
    DispatchQueue.concurrentPerform(iterations: count) { index in
      let result = transform(self[index])
      results.withLock { $0[index] = result }
    }
    return results.withLock { $0.compactMap(\.self) }
  }
}
