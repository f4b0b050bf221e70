import Dispatch
import Foundation
import Synchronization
public import SystemPackage
import Yams

/// Reads the fixtures: every scenario, every example, and the vocabulary that they are written in.
public enum ScenarioLoader {
  /// Loads `fixtures/operations.yaml`, `fixtures/examples.yaml`, `fixtures/scenarios/*.yaml` and
  /// `fixtures/vectors/*.txt` below `root`.
  ///
  /// - Throws: ``LoadErrors`` with all mistakes of all files.
  public static func load(
    root: FilePath
  ) throws(LoadErrors) -> (scenarios: [Scenario], vocabulary: Vocabulary) {
    let log = MistakeLog()
    let vocabulary = try vocabulary(root, log)
    let scenarios =
      files(in: "fixtures/scenarios", ending: ".yaml", of: "scenario", root, log) + ["fixtures/examples.yaml"]
    let transcripts = files(in: "fixtures/vectors", ending: ".txt", of: "golden transcript", root, log)
    let loaded = try load(
      scenarios.compactMap { source($0, root, log) }, transcripts: transcripts.compactMap { source($0, root, log) },
      vocabulary: vocabulary, log: log)
    try refuseBereaved(loaded.scenarios, log)
    return loaded
  }

  /// Nobody dies there but by a step of the script, which knows what comes then: `~>` would be ignored in silence.
  static func refuseBereaved(_ scenarios: [Scenario], _ log: MistakeLog) throws(LoadErrors) {
    for step in scenarios.flatMap(\.steps) where !step.bereaved.isEmpty {
      log.add(step.location, "'~>' is for the scripts of fixtures/faults, into which deaths are put")
    }
    guard log.count == 0 else { throw LoadErrors(mistakes: log.sorted) }
  }

  /// Loads `fixtures/faults/*.yaml`: the scripts into which faults are put.
  ///
  /// - Throws: ``LoadErrors`` with all mistakes of all files.
  static func loadFaultScripts(root: FilePath) throws(LoadErrors) -> [Scenario] {
    let log = MistakeLog()
    let scripts = files(in: "fixtures/faults", ending: ".yaml", of: "script", root, log)
    return try load(scripts.compactMap { source($0, root, log) }, vocabulary: vocabulary(root, log), log: log).scenarios
  }

  private static func files(
    in folder: String, ending suffix: String, of what: String, _ root: FilePath, _ log: MistakeLog
  ) -> [String] {
    do {
      let all = try FileManager.default.contentsOfDirectory(atPath: root.appending(folder).string)
      let files = all.filter { $0.hasSuffix(suffix) }.sorted()
      if files.isEmpty { log.add(whole: folder, "there is no \(what) here") }
      return files.map { "\(folder)/\($0)" }
    } catch {
      log.add(whole: folder, "the folder cannot be read: \(error.localizedDescription)")
      return []
    }
  }

  private static func source(_ file: String, _ root: FilePath, _ log: MistakeLog) -> Source? {
    Source(at: root.appending(file).string, as: file, log: log)
  }

  private static func vocabulary(_ root: FilePath, _ log: MistakeLog) throws(LoadErrors) -> Source {
    guard let words = source("fixtures/operations.yaml", root, log) else { throw LoadErrors(mistakes: log.sorted) }
    return words
  }

  private static func parse(_ source: Source, vocabulary: Vocabulary) -> (scenarios: [Scenario], found: [Mistake]) {
    let log = MistakeLog()
    guard let document = Document(file: source.file, bytes: source.bytes, log: log) else { return ([], log.sorted) }
    let nodes = document.list(document.root, of: "scenarios")
    if nodes.isEmpty, document.root.sequence != nil { document.mistake(document.root, "there is no scenario here") }
    let parser = ScenarioParser(document: document, vocabulary: vocabulary)
    return (nodes.flatMap(parser.parse), log.sorted)
  }

  static func load(
    _ sources: [Source], transcripts: [Source] = [], vocabulary: Source, log: MistakeLog = MistakeLog()
  ) throws(LoadErrors) -> (scenarios: [Scenario], vocabulary: Vocabulary) {
    // Without it every operation of every scenario would be a mistake.
    guard let document = Document(file: vocabulary.file, bytes: vocabulary.bytes, log: log) else {
      throw LoadErrors(mistakes: log.sorted)
    }
    let words = Vocabulary(document)
    // Each file on its own, on every processor: this is most of what a run of a single cell has to do.
    var scenarios = sources.concurrentMap { parse($0, vocabulary: words) }.flatMap { scenarios, found in
      log.add(found)
      return scenarios
    }
    scenarios += transcripts.compactMap { source in
      source.text(log).flatMap { TranscriptLoader.scenario(file: source.file, text: $0, log: log) }
    }
    var first: [String: SourceLocation] = [:]
    for scenario in scenarios where !scenario.id.isEmpty {
      if let other = first[scenario.id], other != scenario.location {
        log.add(scenario.location, "the id '\(scenario.id)' is taken already at \(other)")
      } else {
        first[scenario.id] = scenario.location
      }
    }
    guard log.count == 0 else { throw LoadErrors(mistakes: log.sorted) }
    return (scenarios, words)
  }
}

extension Array where Element: Sendable {
  /// The same as `map`, on all processors.
  fileprivate func concurrentMap<Result: Sendable>(_ transform: @Sendable (Element) -> Result) -> [Result] {
    let results = Mutex<[Result?]>(Array<Result?>(repeating: nil, count: count))
    DispatchQueue.concurrentPerform(iterations: count) { index in
      let result = transform(self[index])
      results.withLock { $0[index] = result }
    }
    return results.withLock { $0.compactMap(\.self) }
  }
}
