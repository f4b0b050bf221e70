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
}

