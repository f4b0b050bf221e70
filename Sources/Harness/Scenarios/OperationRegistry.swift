/// The operations of the peer protocol, as `fixtures/operations.yaml` lists them.
///
/// The runner has no other information on individual operations.
public struct OperationRegistry: Sendable {
  private let operations: [String: Operation]
  /// The parameters that name handles, in all operations.
  let handleParameters: [String]
  /// The default values of omitted parameters: `["handle": "default"]`.
  let defaults: [String: String]
  /// The response fields that contain transferred bytes.
  let payloads: Set<String>
  /// Parameters with the longest time that an operation waits.
  let timeouts: [String]
  /// Flags with which a call fails instead of waiting.
  let nonblockingFlags: [String]

  /// The operation with this name; nil if the registry does not have it.
  public subscript(operation: String) -> Operation? { operations[operation] }
  var names: [String] { operations.keys.sorted() }

  init(
    _ operations: [Operation], handleParameters: [String] = [], defaults: [String: String] = [:],
    payloads: Set<String> = [], timeouts: [String] = [], nonblockingFlags: [String] = []
  ) {
    self.operations = Dictionary(operations.map { ($0.name, $0) }) { first, _ in first }
    self.handleParameters = handleParameters
    self.defaults = defaults
    self.payloads = payloads
    self.timeouts = timeouts
    self.nonblockingFlags = nonblockingFlags
  }
}

/// The facts about one operation that the runner needs.
public struct Operation: Sendable, Hashable {
  /// The name of its C function, such as `mq_send`.
  public let name: String
  /// The parameters that a request for it may have.
  public let takes: [String]
  /// The parameters that name the handles to create.
  public var opens: [String] = []
  /// The parameters that name the handles of descriptors that it passes to another process or receives.
  var shares: [String] = []
  /// The parameters that name the handles of memory to map.
  var maps: [String] = []
  /// The parameter with the handle that is released if the operation succeeds.
  public var closes: String?
  /// Whether the handle is released even if the operation fails.
  var releases = false
  /// The field of the response with an identifier that later requests use by default.
  var returns: String?
  /// The kinds of objects that it creates and that snapshots cannot list on every machine.
  var creates: Set<ObjectKind> = []
  /// The features of the machine that the operation requires.
  var requires: Set<Feature> = []
  /// The features that only some values of its parameters require: `["MSG_COPY": .messageCopy]`.
  var requiresForWords: [String: Feature] = [:]
  /// The parameter that may request an object whose creator the kernel does not record.
  var anonymous: String?
  /// The name of the parameter that identifies the process to signal.
  var signals: String?
  /// Whether it transfers the rest of the bytes after a short transfer.
  var completes = false
  /// The system calls in which a peer may sleep while it performs it.
  public var sleeps: [String] = []
  /// Whether a wait may consist of several sleeps, so that a signal between two of them does not interrupt it.
  public var sleepsInSlices = false
  /// The parameters that name the object that the operation creates.
  var makes: [String] = []
  /// The state that it changes, and the parameter value that causes the change; empty if it always changes it.
  var changes: [StateKind: [UInt8]] = [:]
  /// How the operation responds when its timeout passes.
  var expiration = Expiration.error("ETIMEDOUT")
  /// Whether a negative timeout means no limit; otherwise it counts as expired.
  var negativeTimeoutWaits = false
  /// Whether it must never wait; false if it may wait even after its timeout; nil if that depends on the request.
  var isImmediate: Bool?
  /// How many times per second a wait may wake to check a condition; nil if only an event may wake it.
  public var wakes: Int?

  /// The response of an operation whose timeout has passed.
  enum Expiration: Hashable {
    case error(String)
    case field(String, String)
  }

  /// Whether its handle is released even if it fails.
  var releasesHandle: Bool { releases || closes != nil }
}

extension OperationRegistry {
  init(_ document: FixtureDocument) {
    var operations: [Operation] = []
    var parameters: [String: FixtureDocument.Value] = [:]
    for (key, value) in document.root.map("the operations") ?? [] {
      if key.text == "parameters" {
        parameters =
          value.map("'parameters'", keys: ["handles", "defaults", "payload", "timeouts", "nonblocking"]) ?? [:]
      } else if let operation = Operation(key, value) {
        operations.append(operation)
      }
    }
    let defaults = parameters["defaults"]?.map("'defaults'") ?? []
    self.init(
      operations, handleParameters: parameters["handles"]?.texts("names") ?? [],
      defaults: Dictionary(defaults.map { ($0.text, $1.text("a name")?.text ?? "") }) { first, _ in first },
      payloads: Set(parameters["payload"]?.texts("names") ?? []),
      timeouts: parameters["timeouts"]?.texts("names") ?? [],
      nonblockingFlags: parameters["nonblocking"]?.texts("flags") ?? [])
  }
}

extension Operation {
  private static let keys = [
    "takes", "opens", "shares", "maps", "closes", "releases", "returns", "creates", "requires", "requires-for",
    "anonymous", "signals", "completes", "sleeps", "slices", "wakes", "makes", "changes", "expires", "unlimited",
    "immediate",
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
      name: name.text, takes: takes, opens: parameters("opens"), shares: parameters("shares"),
      maps: parameters("maps"), closes: parameter("closes"), releases: isTrue("releases"),
      returns: facts["returns"]?.text("a name")?.text,
      creates: Set(facts["creates"]?.list("kinds").compactMap { $0.choice("a kind", ObjectKind.self) } ?? []),
      requires: Set(facts["requires"]?.list("features").compactMap { $0.choice("a feature", Feature.self) } ?? []),
      requiresForWords: Dictionary(
        (facts["requires-for"]?.map("'requires-for'") ?? []).compactMap { word, value in
          value.choice("a feature", Feature.self).map { (word.text, $0) }
        }
      ) { first, _ in first },
      anonymous: parameter("anonymous"), signals: parameter("signals"), completes: isTrue("completes"),
      sleeps: facts["sleeps"]?.texts("names") ?? [], sleepsInSlices: isTrue("slices"),
      makes: parameters("makes"), changes: Self.changes(facts["changes"]),
      expiration: facts["expires"]?.text("a response").map { Expiration($0.text) } ?? .error("ETIMEDOUT"),
      negativeTimeoutWaits: isTrue("unlimited"), isImmediate: facts["immediate"]?.boolean("'immediate'"),
      wakes: facts["wakes"]?.number("'wakes'", in: 1...1000))
  }
}

extension Operation {
  /// A list of states, or a map to the values of a parameter.
  private static func changes(_ value: FixtureDocument.Value?) -> [StateKind: [UInt8]] {
    var changes: [StateKind: [UInt8]] = [:]
    for (key, word) in value?.map("'changes'", keys: StateKind.allCases.map(\.rawValue)) ?? [:] {
      guard let kind = StateKind(rawValue: key) else { continue }
      let text = word.text("'always' or a value")?.text ?? ""
      changes[kind] = text == "always" ? [] : Array(text.utf8)
    }
    return changes
  }
}

extension Operation.Expiration {
  /// An error number, or `key=value`.
  fileprivate init(_ text: String) {
    let words = text.split(separator: "=", maxSplits: 1).map(String.init)
    self = words.count == 2 ? .field(words[0], words[1]) : .error(text)
  }
}
