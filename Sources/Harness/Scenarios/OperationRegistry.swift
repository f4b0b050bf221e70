/// The operations of the peer protocol, as `fixtures/operations.yaml` lists them.
///
/// The runner knows individual operations only here.
public struct OperationRegistry: Sendable {
  private let operations: [String: Operation]
  /// Parameters, of any operation, that name handles.
  let handleParameters: [String]
  /// The default values of omitted parameters: `["handle": "default"]`.
  let defaults: [String: String]
  /// Response fields with the bytes that were transferred.
  let payloads: Set<String>

  /// The operation with this name; nil if there is none.
  public subscript(operation: String) -> Operation? { operations[operation] }
  var names: [String] { operations.keys.sorted() }

  init(
    _ operations: [Operation], handleParameters: [String] = [], defaults: [String: String] = [:],
    payloads: Set<String> = []
  ) {
    self.operations = Dictionary(operations.map { ($0.name, $0) }) { first, _ in first }
    self.handleParameters = handleParameters
    self.defaults = defaults
    self.payloads = payloads
  }
}

/// One operation of the peer protocol.
public struct Operation: Sendable, Hashable {
  /// The name of its C function, such as `mq_send`.
  public let name: String
  /// The names of its parameters.
  public let takes: [String]
  /// Those of its parameters that name the handles which it creates.
  public var opens: [String] = []
  /// Those of its parameters that name the handles of memory which it maps.
  var maps: [String] = []
  /// The parameter whose handle is released if it succeeds.
  public var closes: String?
  /// Whether its handle is released whatever the result.
  var releases = false
  /// The identifier that later operations use if they name none.
  var returns: String?
  /// The kinds of objects that it creates, as far as a snapshot may be unable to list them.
  var creates: Set<ObjectKind> = []
  /// The features of the machine without which no peer can perform it.
  var requires: Set<Feature> = []
  /// The features that words in the values of its parameters require: `["MSG_COPY": .messageCopy]`.
  var requiresForWords: [String: Feature] = [:]
  /// The parameter that may request an object without a known creator.
  var anonymous: String?
  /// The parameter with the process that it sends a signal to.
  var signals: String?
  /// Whether it transfers what a short transfer left.
  var completes = false
  /// The system calls in which a peer may sleep while it performs it.
  public var sleeps: [String] = []
  /// Whether one wait may be several sleeps: a signal that comes between two of them interrupts nothing.
  public var sleepsInSlices = false
  /// How often in a second a wait may wake that checks a condition in turns; nil for one that only an event wakes.
  public var wakes: Int?

  /// Whether its handle is released even if it fails.
  var releasesHandle: Bool { releases || closes != nil }
}

extension OperationRegistry {
  init(_ document: FixtureDocument) {
    var operations: [Operation] = []
    var parameters: [String: FixtureDocument.Value] = [:]
    for (key, value) in document.root.map("the operations") ?? [] {
      if key.text == "parameters" {
        parameters = value.map("'parameters'", keys: ["handles", "defaults", "payload"]) ?? [:]
      } else if let operation = Operation(key, value) {
        operations.append(operation)
      }
    }
    let defaults = parameters["defaults"]?.map("'defaults'") ?? []
    self.init(
      operations, handleParameters: parameters["handles"]?.texts("names") ?? [],
      defaults: Dictionary(defaults.map { ($0.text, $1.text("a name")?.text ?? "") }) { first, _ in first },
      payloads: Set(parameters["payload"]?.texts("names") ?? []))
  }
}

extension Operation {
  private static let keys = [
    "takes", "opens", "maps", "closes", "releases", "returns", "creates", "requires", "requires-for",
    "anonymous", "signals", "completes", "sleeps", "slices", "wakes",
  ]

  fileprivate init?(_ name: SourceText, _ value: FixtureDocument.Value) {
    guard let facts = value.map("an operation", keys: Self.keys) else { return nil }
    let takes = facts["takes"]?.texts("names") ?? []
    func parameters(_ key: String) -> [String] {
      let names = facts[key]?.texts("names") ?? []
      for parameter in names where !takes.contains(parameter) {
        value.log.add(
          name.location,
          "'\(name.text)' does not take '\(parameter)'\(Suggestion.clause(for: parameter, among: takes))")
      }
      return names
    }
    func parameter(_ key: String) -> String? {
      guard let parameter = facts[key]?.text("a name")?.text else { return nil }
      if !takes.contains(parameter) {
        value.log.add(
          name.location,
          "'\(name.text)' does not take '\(parameter)'\(Suggestion.clause(for: parameter, among: takes))")
      }
      return parameter
    }
    func isTrue(_ key: String) -> Bool { facts[key]?.boolean("'\(key)'") ?? false }
    self.init(
      name: name.text, takes: takes, opens: parameters("opens"), maps: parameters("maps"), closes: parameter("closes"),
      releases: isTrue("releases"), returns: facts["returns"]?.text("a name")?.text,
      creates: Set(facts["creates"]?.list("kinds").compactMap { $0.choice("a kind", ObjectKind.self) } ?? []),
      requires: Set(facts["requires"]?.list("features").compactMap { $0.choice("a feature", Feature.self) } ?? []),
      requiresForWords: Dictionary(
        (facts["requires-for"]?.map("'requires-for'") ?? []).compactMap { word, value in
          value.choice("a feature", Feature.self).map { (word.text, $0) }
        }
      ) { first, _ in first },
      anonymous: parameter("anonymous"), signals: parameter("signals"), completes: isTrue("completes"),
      sleeps: facts["sleeps"]?.texts("names") ?? [], sleepsInSlices: isTrue("slices"),
      wakes: facts["wakes"]?.number("'wakes'", in: 1...1000))
  }
}
