import Foundation
public import SystemPackage
import Yams

/// Reads the fixtures: every scenario, every example, and the vocabulary that they are written in.
public enum ScenarioLoader {
  /// Loads `fixtures/operations.yaml`, `fixtures/examples.yaml` and `fixtures/scenarios/*.yaml` below `root`.
  ///
  /// - Throws: ``LoadErrors`` with all mistakes of all files.
  public static func load(
    root: FilePath
  ) throws(LoadErrors) -> (scenarios: [Scenario], vocabulary: Vocabulary) {
    let log = MistakeLog()
    let folder = root.appending("fixtures/scenarios").string
    var files: [String] = []
    do {
      files = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".yaml") }.sorted()
      if files.isEmpty { log.add(whole("fixtures/scenarios"), "there is no scenario here") }
    } catch {
      log.add(whole("fixtures/scenarios"), "the folder cannot be read: \(error.localizedDescription)")
    }
    func source(_ file: String) -> Source? {
      do {
        return Source(file: file, bytes: try Data(contentsOf: URL(fileURLWithPath: root.appending(file).string)))
      } catch {
        log.add(whole(file), "the file cannot be read: \(error.localizedDescription)")
        return nil
      }
    }
    let vocabulary = source("fixtures/operations.yaml")
    let names = files.map { "fixtures/scenarios/\($0)" } + ["fixtures/examples.yaml"]
    return try load(names.compactMap(source), vocabulary: vocabulary, log: log)
  }

  /// A file's bytes, and the name that its mistakes are told by.
  struct Source {
    let file: String
    let bytes: Data
  }

  static func load(
    _ sources: [Source], vocabulary: Source?, log: MistakeLog = MistakeLog()
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
