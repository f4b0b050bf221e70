import Foundation
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
    let vocabulary = source("fixtures/operations.yaml", root, log)
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
    return try load(
      scripts.compactMap { source($0, root, log) }, vocabulary: source("fixtures/operations.yaml", root, log), log: log
    ).scenarios
  }

  private static func files(
    in folder: String, ending suffix: String, of what: String, _ root: FilePath, _ log: MistakeLog
  ) -> [String] {
    do {
      let all = try FileManager.default.contentsOfDirectory(atPath: root.appending(folder).string)
      let files = all.filter { $0.hasSuffix(suffix) }.sorted()
      if files.isEmpty { log.add(whole(folder), "there is no \(what) here") }
      return files.map { "\(folder)/\($0)" }
    } catch {
      log.add(whole(folder), "the folder cannot be read: \(error.localizedDescription)")
      return []
    }
  }

  private static func source(_ file: String, _ root: FilePath, _ log: MistakeLog) -> Source? {
    do {
      return Source(file: file, bytes: try Data(contentsOf: URL(fileURLWithPath: root.appending(file).string)))
    } catch {
      log.add(whole(file), "the file cannot be read: \(error.localizedDescription)")
      return nil
    }
  }

  /// A file's bytes, and the name that its mistakes are told by.
  struct Source {
    let file: String
    let bytes: Data
  }

  static func load(
    _ sources: [Source], transcripts: [Source] = [], vocabulary: Source?, log: MistakeLog = MistakeLog()
  ) throws(LoadErrors) -> (scenarios: [Scenario], vocabulary: Vocabulary) {
    let words =
      vocabulary.flatMap { Document(file: $0.file, bytes: $0.bytes, log: log) }.map { Vocabulary($0) } ?? Vocabulary([])
    var scenarios: [Scenario] = []
    for source in sources {
      guard let document = Document(file: source.file, bytes: source.bytes, log: log) else { continue }
      let nodes = document.list(document.root, of: "scenarios")
      if nodes.isEmpty, document.root.sequence != nil { document.mistake(document.root, "there is no scenario here") }
      let parser = ScenarioParser(document: document, vocabulary: words)
      scenarios += nodes.flatMap(parser.parse)
    }
    scenarios += transcripts.compactMap { source in
      TranscriptLoader.scenario(file: source.file, text: String(decoding: source.bytes, as: UTF8.self), log: log)
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

  private static func whole(_ file: String) -> SourceLocation { SourceLocation(file: file, line: 1, column: 1) }
}
