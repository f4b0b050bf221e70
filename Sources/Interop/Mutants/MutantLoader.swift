import Foundation
import Yams

/// Reads `fixtures/mutants.yaml`, and says with file, line and column what is wrong in it.
public enum MutantLoader {
  /// - Throws: ``LoadErrors`` with all mistakes of the file.
  public static func load(
    _ file: String, root: String, scenarios: [Scenario], languages: [String]
  ) throws(LoadErrors) -> [Mutant] {
    let log = MistakeLog()
    guard let source = ScenarioLoader.Source(at: "\(root)/\(file)", as: file, log: log) else {
      throw LoadErrors(mistakes: log.sorted)
    }
    return try load(source, scenarios: scenarios, languages: languages)
  }

  static func load(
    _ source: ScenarioLoader.Source, scenarios: [Scenario], languages: [String]
  ) throws(LoadErrors) -> [Mutant] {
    let log = MistakeLog()
    var mutants: [Mutant] = []
    if let document = Document(file: source.file, bytes: source.bytes, log: log) {
      let parser = MutantParser(document: document, scenarios: scenarios, languages: languages)
      let nodes = document.list(document.root, of: "mutants")
      if nodes.isEmpty, document.root.sequence != nil { document.mistake(document.root, "there is no mutant here") }
      mutants = nodes.compactMap(parser.parse)
    }
    var first: [String: SourceLocation] = [:]
    for mutant in mutants {
      if let other = first[mutant.fault] {
        log.add(mutant.location, "the fault '\(mutant.fault)' stands already at \(other)")
      } else {
        first[mutant.fault] = mutant.location
      }
    }
    guard log.count == 0 else { throw LoadErrors(mistakes: log.sorted) }
    return mutants
  }
}

/// Reads one mutant.
private struct MutantParser {
  let document: Document
  let scenarios: [Scenario]
  let languages: [String]

  private static let keys = ["fault", "peer", "wrong", "caught-by", "verdict", "reason"]
  /// A shorter text is part of almost every reason.
  private static let shortestReason = 4
  private static let verdicts: [Verdict] = [.failed, .crashed, .leaked, .timedOut]

  func parse(_ node: Node) -> Mutant? {
    guard let keys = document.map(node, "a mutant", keys: Self.keys) else { return nil }
    for key in Self.keys where key != "verdict" && keys[key] == nil {
      document.mistake(node, "the mutant has no '\(key)'")
    }
    func text(_ key: String) -> SourceText? { keys[key].flatMap { document.text($0, for: "'\(key)'") } }
    let (fault, peer, wrong, reason) = (text("fault"), text("peer"), text("wrong"), text("reason"))
    if let fault { checkName(fault) }
    if let peer, !languages.contains(peer.text) {
      mistake(peer, "there is no faulty peer of '\(peer.text)'\(Suggestion.clause(for: peer.text, among: languages))")
    }
    if let reason, reason.count < Self.shortestReason {
      mistake(reason, "a reason of less than \(Self.shortestReason) letters is part of almost every other")
    }
    let catchers = keys["caught-by"].map(catchers) ?? []
    let verdict = text("verdict").map(verdict) ?? .failed
    guard let fault, let peer, let wrong, let reason, !catchers.isEmpty else { return nil }
    return Mutant(
      fault: fault.text, language: peer.text, wrong: wrong.text, catchers: catchers, verdict: verdict,
      reason: reason.text, location: document.location(of: node))
  }

  private func checkName(_ fault: SourceText) {
    let letters = "abcdefghijklmnopqrstuvwxyz0123456789-".utf8
    if !fault.text.utf8.allSatisfy(letters.contains) {
      mistake(fault, "a fault is named by small letters, digits and dashes, not '\(Document.abbreviated(fault.text))'")
    }
    if languages.contains(fault.text) { mistake(fault, "'\(fault.text)' is the name of a language") }
  }

  private func verdict(_ source: SourceText) -> Verdict {
    if let verdict = Self.verdicts.first(where: { $0.rawValue == source.text }) { return verdict }
    let clause = Suggestion.clause(for: source.text, among: Self.verdicts.map(\.rawValue))
    mistake(source, "'\(Document.abbreviated(source.text))' is no verdict on a mutant\(clause)")
    return .failed
  }

  /// `{posix-mq/delivery[bytes=8192]: sender}`
  private func catchers(_ node: Node) -> [Mutant.Catcher] {
    guard let entries = document.map(node, "'caught-by'") else { return [] }
    if entries.isEmpty { document.mistake(node, "no scenario is named that must catch it") }
    return entries.compactMap { key, value in
      guard let role = document.text(value, for: "a role") else { return nil }
      let id = String(key.text.prefix { $0 != "[" })
      let rows = scenarios.filter { $0.id == id }
      guard let scenario = rows.first else {
        let clause = Suggestion.clause(for: id, among: scenarios.map(\.id))
        mistake(key, "there is no scenario '\(Document.abbreviated(id))'\(clause)")
        return nil
      }
      let roles = scenario.roles.filter { $0.language == nil }.map(\.name)
      guard roles.contains(role.text) else {
        let clause = Suggestion.clause(for: role.text, among: roles)
        mistake(role, "'\(role.text)' is no role of \(id) that any language can play\(clause)")
        return nil
      }
      guard let parameters = parameters(key, from: id.count, rows: rows) else { return nil }
      return Mutant.Catcher(scenario: id, parameters: parameters, role: role.text)
    }
  }

  private func parameters(_ key: SourceText, from start: Int, rows: [Scenario]) -> [String: String]? {
    guard start < key.count else { return [:] }
    guard key.text.hasSuffix("]") else {
      mistake(key, "the parameters of a scenario stand in brackets: '\(rows[0].id)[bytes=1]'")
      return nil
    }
    var parameters: [String: String] = [:]
    for word in key.text.dropFirst(start + 1).dropLast().split(separator: ",", omittingEmptySubsequences: false) {
      let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
      parameters[parts.first ?? ""] = parts.count == 2 ? parts[1] : ""
    }
    let exists = rows.contains { row in
      parameters.allSatisfy { name, value in row.parameters.contains { $0.name == name && $0.value == value } }
    }
    if !exists { mistake(key, "no row of \(rows[0].id) has these parameters") }
    return exists ? parameters : nil
  }

  private func mistake(_ source: SourceText, _ message: String) { document.log.add(source.location, message) }
}
