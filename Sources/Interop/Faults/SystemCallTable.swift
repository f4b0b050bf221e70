import Foundation
import SystemPackage
import Yams

/// The system calls of IPC, as `fixtures/system-calls.yaml` lists them: what is not in it gets no fault.
struct SystemCallTable: Sendable {
  private let calls: [String: SystemCall]
  /// Calls of a process's own, which concern nobody else.
  private let others: Set<String>
  /// Operations that make none of the calls of IPC.
  let silentOperations: Set<String>
  /// Operations that are functions of a header of C: an error may name them, whatever call failed.
  let operationsOfHeaders: Set<String>
  /// Operations that keep their place when they fail: to perform one again goes on where it stopped.
  let operationsThatGoOn: Set<String>

  subscript(name: String) -> SystemCall? { calls[name] }

  struct SystemCall: Sendable {
    /// The C functions that make it: an error must name one of them.
    let functions: [String]
    /// The operations within which it is a call of IPC; nil for all of them.
    let within: [String]?
    /// The operations within which it is none.
    let without: [String]
    /// The reasons with which it is made to fail; nil for all of them.
    let faults: [String]?
    /// The operations within which it is made to fail; nil for all of them.
    let failsWithin: [String]?

    func allows(_ fault: Fault, within operation: String) -> Bool {
      (faults?.contains(fault.rawValue) ?? true) && (failsWithin?.contains(operation) ?? true)
    }
  }

  /// Whether `call` is one of IPC while `operation` is performed.
  func holds(_ call: String, within operation: String) -> Bool {
    self[call].map { ($0.within?.contains(operation) ?? true) && !$0.without.contains(operation) } ?? false
  }

  /// The C functions that an error may name when `call` failed while `operation` was performed.
  func functions(making call: String, within operation: String) -> [String] {
    (self[call]?.functions ?? [call]) + (operationsOfHeaders.contains(operation) ? [operation] : [])
  }

  /// Whether somebody has decided about `call`.
  func knows(_ call: String) -> Bool { calls[call] != nil || others.contains(call) }

  static let file = "fixtures/system-calls.yaml"

  static func load(root: FilePath, vocabulary: Vocabulary) throws(LoadErrors) -> SystemCallTable {
    let log = MistakeLog()
    let table = ScenarioLoader.Source(at: root.appending(file).string, as: file, log: log)
      .flatMap { Document(file: file, bytes: $0.bytes, log: log) }
      .map { SystemCallTable($0, vocabulary) }
    guard let table, log.count == 0 else { throw LoadErrors(mistakes: log.sorted) }
    return table
  }

  private init(_ document: Document, _ vocabulary: Vocabulary) {
    func texts(_ node: Node?, among known: [String]?) -> [String]? {
      node.map { node in
        document.list(node, of: "names").compactMap { item in
          guard let name = document.text(item, for: "a name") else { return nil }
          if let known, !known.contains(name.text) {
            document.log.add(
              name.location, "there is no '\(name.text)'\(Suggestion.clause(for: name.text, among: known))")
          }
          return name.text
        }
      }
    }
    let parts =
      document.map(
        document.root, "the table of calls",
        keys: ["calls", "others", "operations-of-headers", "operations-that-go-on", "operations-without-calls"])
      ?? [:]
    let entries = parts["calls"].flatMap { document.map($0, "the calls") } ?? []
    var calls: [String: SystemCall] = [:]
    for (name, value) in entries {
      let facts =
        document.map(value, "a call", keys: ["functions", "within", "without", "faults", "fails-within", "because"])
        ?? [:]
      if ["without", "faults", "fails-within"].contains(where: { facts[$0] != nil }), facts["because"] == nil {
        document.mistake(value, "a call that is spared faults says why: 'because'")
      }
      calls[name.text] = SystemCall(
        functions: texts(facts["functions"], among: nil) ?? [name.text],
        within: texts(facts["within"], among: vocabulary.names),
        without: texts(facts["without"], among: vocabulary.names) ?? [],
        faults: texts(facts["faults"], among: Fault.allCases.compactMap(\.errno)),
        failsWithin: texts(facts["fails-within"], among: vocabulary.names))
    }
    self.calls = calls
    others = Set(texts(parts["others"], among: nil) ?? [])
    operationsOfHeaders = Set(texts(parts["operations-of-headers"], among: vocabulary.names) ?? [])
    operationsThatGoOn = Set(texts(parts["operations-that-go-on"], among: vocabulary.names) ?? [])
    silentOperations = Set(texts(parts["operations-without-calls"], among: vocabulary.names) ?? [])
  }
}
