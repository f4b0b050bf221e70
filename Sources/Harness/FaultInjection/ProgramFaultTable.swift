import SystemPackage

/// The failures to inject into programs' system calls, from `fixtures/program-faults.yaml`.
struct ProgramFaultTable: Sendable {
  private let calls: [String: SystemCall]

  subscript(name: String) -> SystemCall? { calls[name] }
  var names: [String] { Array(calls.keys) }

  struct SystemCall: Sendable {
    /// The objects for which this is an IPC call; nil for all objects.
    let target: Target?
    /// The programs in which a signal makes the call fail with EINTR; nil if signals never do.
    let interruption: Interruption?
    let errors: [InjectedFault]
    /// The errors that are possible only if the call creates an object.
    let creationErrors: [InjectedFault]
  }

  /// The objects on which an IPC call operates.
  enum Target: String, CaseIterable { case channel, path, mapping, wait, process }

  /// The programs in which a signal makes a call fail with EINTR.
  enum Interruption: String, CaseIterable {
    /// Programs that install a handler without SA_RESTART.
    case restarted
    /// Programs that install a handler.
    case interrupted
    /// All programs.
    case stopped
  }

  private static let file = "fixtures/program-faults.yaml"

  static func load(root: FilePath) throws(FixtureErrors) -> ProgramFaultTable {
    try DiagnosticLog.collect { log in
      let source = FixtureFile(at: root.appending(file).string, as: file, log: log)
      return ProgramFaultTable(source.flatMap { FixtureDocument($0, log: log) })
    }
  }

  private init(_ document: FixtureDocument?) {
    var calls: [String: SystemCall] = [:]
    let parts = document?.root.map("the table of failures", keys: ["calls"], required: ["calls"]) ?? [:]
    for (name, value) in parts["calls"]?.map("the calls") ?? [] {
      let facts = value.map("a call", keys: ["of", "eintr", "errors", "creating"]) ?? [:]
      if facts["eintr"] == nil, facts["errors"] == nil, facts["creating"] == nil {
        value.report("a call has 'eintr', 'errors' or 'creating'")
      }
      calls[name.text] = SystemCall(
        target: facts["of"]?.choice("a kind of object", Target.self),
        interruption: facts["eintr"]?.choice("a circumstance", Interruption.self),
        errors: Self.errors(facts["errors"]), creationErrors: Self.errors(facts["creating"]))
    }
    self.calls = calls
  }

  private static func errors(_ value: FixtureDocument.Value?) -> [InjectedFault] {
    value?.list("errors").compactMap {
      $0.choice("an error that can be injected", among: InjectedFault.allCases.filter { $0.errno != nil })
    } ?? []
  }
}
