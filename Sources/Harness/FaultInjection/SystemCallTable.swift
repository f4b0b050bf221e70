import SystemPackage

/// The IPC system calls listed in `fixtures/system-calls.yaml`.
///
/// No faults are injected into calls that the table does not list.
struct SystemCallTable: Sendable {
  private let calls: [String: SystemCall]
  /// Calls that no other process can observe.
  private let others: Set<String>
  /// Calls that transfer bytes or messages.
  let transfers: Set<String>
  /// Other calls whose effects cannot be undone.
  let irrevocable: Set<String>
  /// Operations that do not make IPC calls.
  let silentOperations: Set<String>
  /// Operations that are functions in a C header.
  ///
  /// An error response may name such a function instead of the call that failed.
  let operationsOfHeaders: Set<String>
  /// Operations that continue where they stopped if the request is repeated after a failure.
  let operationsThatGoOn: Set<String>

  subscript(name: String) -> SystemCall? { calls[name] }

  /// The call names.
  var names: [String] { Array(calls.keys) }

  struct SystemCall: Sendable {
    /// The C functions that make this system call.
    ///
    /// An error response must name one of these functions.
    let functions: [String]
    /// The operations in which this is an IPC call; nil for all operations.
    let within: [String]?
    /// The operations in which this is not an IPC call.
    let without: [String]
    /// The errors that are injected into this call; nil for all errors.
    let errnos: [String]?
    /// The operations in which errors are injected into this call; nil for all operations.
    let failsWithin: [String]?

    func allows(_ fault: InjectedFault, within operation: String) -> Bool {
      (errnos?.contains(fault.rawValue) ?? true) && (failsWithin?.contains(operation) ?? true)
    }
  }

  /// Returns whether `call` is an IPC call during `operation`.
  func holds(_ call: String, within operation: String) -> Bool {
    self[call].map { ($0.within?.contains(operation) ?? true) && !$0.without.contains(operation) } ?? false
  }

  /// Returns the C functions that an error response may name if `call` fails during `operation`.
  func functions(making call: String, within operation: String) -> [String] {
    (self[call]?.functions ?? [call]) + (operationsOfHeaders.contains(operation) ? [operation] : [])
  }

  /// Returns whether the table lists `call`, either as an IPC call or as another call.
  func knows(_ call: String) -> Bool { calls[call] != nil || others.contains(call) }

  // MARK: - Loading

  static let file = "fixtures/system-calls.yaml"

  static func load(root: FilePath, registry: OperationRegistry) throws(FixtureErrors) -> SystemCallTable {
    let log = DiagnosticLog()
    let document = FixtureFile(at: root.appending(file).string, as: file, log: log)
      .flatMap { FixtureDocument($0, log: log) }
    let table = document.map { SystemCallTable($0, registry) }
    guard let table, log.count == 0 else { throw FixtureErrors(diagnostics: log.sorted) }
    return table
  }

  private static let keys = [
    "calls", "transfers", "irrevocable", "others", "operations-of-headers", "operations-that-go-on",
    "operations-without-calls",
  ]

  private init(_ document: FixtureDocument, _ registry: OperationRegistry) {
    func names(_ value: FixtureDocument.Value?, among known: [String]?) -> [String]? {
      value?.list("names").compactMap { item in
        guard let name = item.text("a name") else { return nil }
        if let known, !known.contains(name.text) {
          document.log.add(
            name.location, "there is no '\(name.text)'\(Suggestion.clause(for: name.text, among: known))")
        }
        return name.text
      }
    }
    let parts = document.root.map("the table of calls", keys: Self.keys) ?? [:]
    let keys = ["functions", "within", "without", "errnos", "fails-within", "because"]
    var calls: [String: SystemCall] = [:]
    for (name, value) in parts["calls"]?.map("the calls") ?? [] {
      let facts = value.map("a call", keys: keys) ?? [:]
      if ["without", "errnos", "fails-within"].contains(where: { facts[$0] != nil }), facts["because"] == nil {
        value.report("a call without some faults must have a reason: 'because'")
      }
      calls[name.text] = SystemCall(
        functions: names(facts["functions"], among: nil) ?? [name.text],
        within: names(facts["within"], among: registry.names),
        without: names(facts["without"], among: registry.names) ?? [],
        errnos: names(facts["errnos"], among: InjectedFault.allCases.compactMap(\.errno)),
        failsWithin: names(facts["fails-within"], among: registry.names))
    }
    self.calls = calls
    func set(_ key: String, among known: [String]?) -> Set<String> { Set(names(parts[key], among: known) ?? []) }
    others = set("others", among: nil)
    transfers = set("transfers", among: nil)
    irrevocable = set("irrevocable", among: nil)
    operationsOfHeaders = set("operations-of-headers", among: registry.names)
    operationsThatGoOn = set("operations-that-go-on", among: registry.names)
    silentOperations = set("operations-without-calls", among: registry.names)
  }
}
