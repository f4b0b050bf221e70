/// The operations of the peer contract, as `fixtures/operations.yaml` lists them.
public struct Vocabulary: Sendable {
  private let operations: [String: Operation]

  public subscript(operation: String) -> Operation? { operations[operation] }

  var names: [String] { operations.keys.sorted() }

  init(_ operations: [Operation]) {
    self.operations = Dictionary(operations.map { ($0.name, $0) }) { first, _ in first }
  }
}

/// One operation of the peer contract.
public struct Operation: Sendable, Hashable {
  public let name: String
  /// The parameters that it knows.
  public let takes: [String]
  /// Those of its parameters that name handles which it makes.
  public let opens: [String]
  /// That of its parameters which names a handle that is gone afterwards.
  public let closes: String?
  /// The system calls in which a peer may be seen asleep while it performs it.
  public let sleeps: [String]
  /// Whether a wait of it may be several sleeps: a signal that comes between two of them interrupts nothing.
  public let sleepsInSlices: Bool
}

extension Vocabulary {
  init(_ document: Document) {
    let entries = document.map(document.root, "the vocabulary") ?? []
    self.init(
      entries.compactMap { key, value in
        guard let facts = document.map(value, "an operation", keys: ["takes", "opens", "closes", "sleeps", "slices"])
        else {
          return nil
        }
        func names(_ key: String) -> [String] {
          facts[key].map { document.list($0, of: "names").compactMap { document.text($0, for: "a name")?.text } } ?? []
        }
        let takes = names("takes")
        let opens = names("opens")
        let closes = facts["closes"].flatMap { document.text($0, for: "a name")?.text }
        for parameter in opens + (closes.map { [$0] } ?? []) where !takes.contains(parameter) {
          document.log.add(
            key.location,
            "'\(key.text)' does not take '\(parameter)'\(Suggestion.clause(for: parameter, among: takes))")
        }
        return Operation(
          name: key.text, takes: takes, opens: opens, closes: closes, sleeps: names("sleeps"),
          sleepsInSlices: document.isTrue(facts["slices"], "slices"))
      })
  }
}
