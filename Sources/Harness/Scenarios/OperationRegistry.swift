import PeerProtocol

/// The operations of the peer protocol, as listed in `fixtures/operations.yaml`.
///
/// This is all that the runner knows about individual operations.
public struct OperationRegistry: Sendable {
  private let operations: [String: Operation]
  /// The parameters that name handles in any operation.
  let handleParameters: [String]
  /// The default values of omitted parameters: `["handle": "default"]`.
  let defaults: [String: String]
  /// The response fields that contain transferred bytes.
  let payloads: Set<String>
  /// The parameters that limit the time for which an operation waits.
  let timeouts: [String]
  /// The flags that make a call nonblocking.
  let nonblockingFlags: [String]
  /// The parameters that name state shared between requests, other than objects and handles.
  let sharedParameters: [String]
  /// The symbolic names that parameter values may contain, such as `O_EXCL`.
  let symbols: Set<String>
  private let mechanismOperations: [(name: String, operations: [String])]

  /// The operation with this name; nil if it is not in the registry.
  public subscript(operation: String) -> Operation? { operations[operation] }
  var names: [String] { operations.keys.sorted() }
  /// The mechanisms that operations belong to, in file order.
  var mechanisms: [String] { mechanismOperations.map(\.name) }
  /// The parameters that name kernel objects, such as `path` and `key`.
  var nameParameters: Set<String> { Set(operations.values.flatMap(\.makes)) }

  /// Returns the operations that belong to a mechanism; nil if there is no such mechanism.
  package func operations(of mechanism: String) -> [String]? {
    mechanismOperations.first { $0.name == mechanism }?.operations
  }

  /// Returns the mechanism that an operation belongs to; nil if it is not in the registry.
  package func mechanism(of operation: String) -> String? {
    mechanismOperations.first { $0.operations.contains(operation) }?.name
  }

  init(
    _ operations: [Operation], handleParameters: [String] = [], defaults: [String: String] = [:],
    payloads: Set<String> = [], timeouts: [String] = [], nonblockingFlags: [String] = [],
    sharedParameters: [String] = [], symbols: Set<String> = [], mechanisms: [(name: String, operations: [String])] = []
  ) {
    self.operations = Dictionary(operations.map { ($0.name, $0) }) { first, _ in first }
    self.handleParameters = handleParameters
    self.defaults = defaults
    self.payloads = payloads
    self.timeouts = timeouts
    self.nonblockingFlags = nonblockingFlags
    self.sharedParameters = sharedParameters
    self.symbols = symbols
    mechanismOperations = mechanisms
  }
}

/// The facts about one operation that the runner needs.
public struct Operation: Sendable, Hashable {
  /// The name of the operation's C function, such as `mq_send`.
  public let name: String
  /// The parameters that a request for the operation may have.
  public let takes: [String]
  /// The parameters that name the handles to create.
  public var opens: [String] = []
  /// The parameters that name the handles to the descriptors that the operation sends or receives.
  var shares: [String] = []
  /// The parameters that name the handles to the memory to map.
  var maps: [String] = []
  /// The parameter that names the handle to release if the operation succeeds.
  public var closes: String?
  /// Whether the operation releases the handle even if it fails.
  var releases = false
  /// The response field with an identifier that later requests use by default.
  var returns: String?
  /// The fields that a successful response may have; nil if they are not known.
  var responds: [String]?
  /// The kinds of objects that the operation creates and that snapshots cannot list on every machine.
  var creates: Set<ObjectKind> = []
  /// The machine features that the operation requires.
  var requires: Set<Feature> = []
  /// The features that only some parameter values require: `["MSG_COPY": .messageCopy]`.
  var requiresForWords: [String: Feature] = [:]
  /// The parameter that can request an object for which the kernel records no creator.
  var anonymous: String?
  /// The name of the parameter that identifies the process to signal.
  var signals: String?
  /// Whether the operation continues after a short transfer until all bytes are transferred.
  var completes = false
  /// The system calls in which a peer may sleep while it performs the operation.
  public var sleeps: [String] = []
  /// Whether a wait may consist of several sleeps, so that a signal that arrives between two sleeps does not interrupt
  /// the wait.
  public var sleepsInSlices = false
  /// The parameters that name the object that the operation creates.
  var makes: [String] = []
  /// The kinds of state that the operation may change, each with the condition under which it may do so.
  var changes: [StateKind: StateChange] = [:]
  /// How the operation responds when its timeout expires.
  var expiration = Expiration.error("ETIMEDOUT")
  /// Whether a negative timeout means waiting indefinitely; otherwise it counts as expired.
  var negativeTimeoutWaits = false
  /// Whether the operation must never wait: false if it may wait even after its timeout, nil if this depends on the
  /// request.
  var isImmediate: Bool?
  /// How many times per second a waiting peer may wake to check a condition; nil if only events may wake the peer.
  public var wakes: Int?

  /// The requests for which the operation changes nothing.
  var inspects = Condition.never
  /// The parameters of later requests whose effect the operation changes.
  var affects: [String] = []
  /// The requests for which the operation removes the objects that its parameters name.
  var removes = Condition.never

  /// The requests to which a property applies.
  enum Condition: Hashable {
    case never, always
    /// The requests with one of these words in a parameter value.
    case words(Set<String>)

    func applies(to request: Request) -> Bool {
      switch self {
      case .never: false
      case .always: true
      case .words(let words):
        request.fields.entries.contains { entry in
          String(decoding: entry.value, as: UTF8.self).split(separator: "|").contains { words.contains(String($0)) }
        }
      }
    }
  }

  /// The response to an operation whose timeout has expired.
  enum Expiration: Hashable {
    case error(String)
    case field(String, String)
  }

  /// Whether the operation releases a handle.
  var releasesHandle: Bool { releases || closes != nil }
}

extension OperationRegistry {
  init(_ document: FixtureDocument) {
    var operations: [Operation] = []
    var parameters: [String: FixtureDocument.Value] = [:]
    var mechanisms: FixtureDocument.Value?
    for (key, value) in document.root.map("the operations") ?? [] {
      if key.text == "parameters" {
        parameters =
          value.map(
            "'parameters'", keys: ["handles", "defaults", "payload", "timeouts", "nonblocking", "shared", "symbols"])
          ?? [:]
      } else if key.text == "mechanisms" {
        mechanisms = value
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
      nonblockingFlags: parameters["nonblocking"]?.texts("flags") ?? [],
      sharedParameters: parameters["shared"]?.texts("names") ?? [],
      symbols: Set(parameters["symbols"]?.texts("symbols") ?? []),
      mechanisms: mechanisms.map { Self.mechanisms($0, of: operations.map(\.name)) } ?? [])
  }

  /// Parses the map of mechanisms; each operation must occur exactly once.
  private static func mechanisms(
    _ value: FixtureDocument.Value, of operations: [String]
  ) -> [(name: String, operations: [String])] {
    var mechanisms: [(name: String, operations: [String])] = []
    var homes: [String: String] = [:]
    for (key, list) in value.map("'mechanisms'") ?? [] {
      guard list.isList else {
        guard let other = list.text("a mechanism")?.text else { continue }
        let names = mechanisms.map(\.name)
        if !names.contains(other) {
          list.report("there is no mechanism '\(other)' above\(Suggestion.clause(for: other, among: names))")
        }
        mechanisms.append((key.text, mechanisms.first { $0.name == other }?.operations ?? []))
        continue
      }
      let names = list.texts("operations")
      for name in names {
        if !operations.contains(name) {
          list.report("there is no operation '\(name)'\(Suggestion.clause(for: name, among: operations))")
        }
        if let home = homes.updateValue(key.text, forKey: name) {
          list.report("'\(name)' belongs to '\(home)' already")
        }
      }
      mechanisms.append((key.text, names))
    }
    for name in operations where homes[name] == nil {
      value.report("'\(name)' is in no mechanism; add it to the one of its section in docs/peer-protocol.md")
    }
    return mechanisms
  }
}

extension Operation {
  private static let keys = [
    "takes", "opens", "shares", "maps", "closes", "releases", "responds", "returns", "creates", "requires",
    "requires-for",
    "anonymous", "signals", "completes", "sleeps", "slices", "wakes", "makes", "changes", "expires", "unlimited",
    "immediate", "inspects", "affects", "removes",
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
      returns: facts["returns"]?.text("a name")?.text, responds: facts["responds"]?.texts("fields"),
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
      wakes: facts["wakes"]?.number("'wakes'", in: 1...1000), inspects: Condition(facts["inspects"], "'inspects'"),
      affects: facts["affects"]?.texts("names") ?? [], removes: Condition(facts["removes"], "'removes'"))
  }
}

extension Operation.Condition {
  /// `true`, or a list of words.
  fileprivate init(_ value: FixtureDocument.Value?, _ what: String) {
    guard let value else {
      self = .never
      return
    }
    self = value.isList ? .words(Set(value.texts("words"))) : value.boolean(what) ? .always : .never
  }
}

extension Operation {
  /// Parses a map from kinds of state to conditions: `always`, a parameter value, or a parameter followed by `=`.
  private static func changes(_ value: FixtureDocument.Value?) -> [StateKind: StateChange] {
    var changes: [StateKind: StateChange] = [:]
    for (key, word) in value?.map("'changes'", keys: StateKind.allCases.map(\.rawValue)) ?? [:] {
      guard let kind = StateKind(rawValue: key) else { continue }
      let text = word.text("'always', a value, or a parameter")?.text ?? ""
      changes[kind] =
        text == "always"
        ? .always : text.hasSuffix("=") ? .parameter(String(text.dropLast())) : .value(Array(text.utf8))
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
