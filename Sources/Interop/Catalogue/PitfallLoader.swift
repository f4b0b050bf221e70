import Foundation
public import SystemPackage
import Yams

/// Reads `fixtures/pitfalls.yaml`, and holds it to the scenarios that there are.
public enum PitfallLoader {
  /// - Throws: ``LoadErrors`` with every mistake; an unknown scenario is one, and so is a pitfall that has none.
  public static func load(root: FilePath, scenarios: [Scenario]) throws(LoadErrors) -> [PitfallGroup] {
    let file = "fixtures/pitfalls.yaml"
    let log = MistakeLog()
    guard let source = ScenarioLoader.Source(at: root.appending(file).string, as: file, log: log) else {
      throw LoadErrors(mistakes: log.sorted)
    }
    return try load(file: file, bytes: source.bytes, known: Set(scenarios.map(\.id)))
  }

  static func load(file: String, bytes: Data, known: Set<String>) throws(LoadErrors) -> [PitfallGroup] {
    let log = MistakeLog()
    var groups: [PitfallGroup] = []
    if let document = Document(file: file, bytes: bytes, log: log) {
      let nodes = document.list(document.root, of: "groups")
      if nodes.isEmpty, document.root.sequence != nil { document.mistake(document.root, "there is no group here") }
      groups = nodes.compactMap { group($0, document, known) }
    }
    guard log.count == 0 else { throw LoadErrors(mistakes: log.sorted) }
    return groups
  }

  private static func group(_ node: Node, _ document: Document, _ known: Set<String>) -> PitfallGroup? {
    guard let facts = document.map(node, "a group", keys: ["group", "pitfalls"]) else { return nil }
    guard let title = text("group", of: "the group", facts, node, document) else { return nil }
    let nodes = facts["pitfalls"].map { document.list($0, of: "pitfalls") } ?? []
    if nodes.isEmpty { document.mistake(node, "the group '\(title)' has no pitfalls") }
    return PitfallGroup(title: title, pitfalls: nodes.compactMap { pitfall($0, document, known) })
  }

  private static func pitfall(_ node: Node, _ document: Document, _ known: Set<String>) -> Pitfall? {
    guard let facts = document.map(node, "a pitfall", keys: ["demand", "scenarios"]) else { return nil }
    guard let demand = text("demand", of: "the pitfall", facts, node, document) else { return nil }
    let names = facts["scenarios"].map { document.list($0, of: "scenarios") } ?? []
    if names.isEmpty { document.mistake(node, "no scenario holds anybody to this") }
    let scenarios = names.compactMap { document.text($0, for: "the id of a scenario") }
    for name in scenarios where !known.contains(name.text) {
      let suggestion = Suggestion.nearest(to: name.text, among: known).map { "; did you mean '\($0)'?" } ?? ""
      document.log.add(name.location, "there is no scenario '\(name.text)'\(suggestion)")
    }
    return Pitfall(demand: demand, scenarios: scenarios.map(\.text))
  }

  private static func text(
    _ key: String, of what: String, _ facts: [String: Node], _ node: Node, _ document: Document
  ) -> String? {
    guard let value = facts[key] else {
      document.mistake(node, "\(what) has no '\(key)'")
      return nil
    }
    return document.text(value, for: "'\(key)'")?.text
  }
}
