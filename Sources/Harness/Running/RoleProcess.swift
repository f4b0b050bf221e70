import PeerProtocol

/// A role of a running cell: its process, the messages to and from it, and the descriptors that it should have open.
final class RoleProcess {
  let role: Role
  let index: Int
  let language: String
  let command: [String]
  /// The working directory of the process; nil for that of the sandbox.
  let directory: String?
  /// The only processor that the process may use; nil for all of them.
  var processor: Int?
  /// The process ID within the sandbox; nil until the process is started.
  var pid: Int?
  /// How the program is traced; nil for a peer, and for a program that is not traced.
  var tracing: ProgramTracing?
  /// The tracer of the process, if it is traced; the tracer ends after the process.
  var tracer: Int?
  var greeting: Greeting?
  /// The request that has no response yet.
  var pending: Request? {
    didSet {
      isInterrupted = false
      sleep = nil
      deadline = DeadlineCheck()
    }
  }
  /// The sleep that the last step observed; nil if the role has received a request or responded since.
  var sleep: Sleep?
  /// The deadline of the pending request, as far as steps have observed it.
  var deadline = DeadlineCheck()
  /// When the runner began to write the last request.
  var requestedAt = Moment.now
  /// Whether the signal of `interrupt:` was sent during the pending request.
  var isInterrupted = false
  /// Descriptors to inherit, by their numbers in the sandbox init, and the names of their handles in this role.
  var inherits: [(token: Int, handle: String)] = []
  var inputEnded = false
  /// Whether a step ended the process, or expected its end.
  var endIsKnown = false
  /// Whether the process was killed during a request, so that shared state may be half-updated.
  var wasKilledWhileBusy = false
  /// Whether the process may have more descriptors than handles, because a fault was injected into a close.
  var mayHoldMore = false
  private(set) var messages: [(message: Message, time: ContinuousClock.Instant)] = []
  /// All standard output of a program so far.
  var printed: [String] = []
  /// The lines that steps have found in the output.
  var found: [FilledPattern] = []
  /// The bytes of standard input that have not been written yet.
  var unsentInput: ArraySlice<UInt8> = []
  /// Whether the input of a program stays open after its first bytes, because steps feed more.
  var isFed = false
  private(set) var standardErrorLines: [String] = []
  /// The lines of its tracer: events of the recorder, or calls as strace prints them.
  var traceLines: [String] = []
  /// The descriptors that were open at the start, or inherited.
  private var baseline: Set<Int> = []
  private var handles: [String: Int] = [:]
  /// The status flags that the descriptors shared with other roles had when they were passed on.
  private(set) var sharedFlags: [Int: StatusFlags] = [:]
  private(set) var signalsAtStart: SignalState?
  /// The objects that it has created, as its requests name them.
  private(set) var created: [CreatedObject] = []
  /// The state that its operations have changed.
  private(set) var changed: Set<StateKind> = []

  init(role: Role, index: Int, language: String, command: [String], directory: String? = nil) {
    self.role = role
    self.index = index
    self.language = language
    self.command = command
    self.directory = directory
  }

  var name: String { role.name }
  var isPeer: Bool { role.part == .peer }
  var description: String { "\(name) (\(language))" }
  /// The C library and the ABI that its greeting names.
  var platform: PeerPlatform { PeerPlatform(greeting) }

  func record(_ message: Message) { messages.append((message, .now)) }

  /// The operations of all requests to this role, in order.
  var requestedOperations: [String] { messages.compactMap(\.message.operation) }

  func takeErrors(from source: LineSource) {
    while let line = source.nextLine() ?? source.takeRest() { standardErrorLines.append(line) }
  }

  /// The line of standard error that explains the end of the process, as a suffix of a reason.
  var errorLine: String { Self.explanation(in: standardErrorLines).map { ": \($0)" } ?? "" }

  /// Returns the message of a Swift program that trapped, which precedes a backtrace, or else the last line.
  static func explanation(in lines: [String]) -> String? { lines.last { $0.contains("Fatal error: ") } ?? lines.last }

  /// A sleep of the process: how often the process had gone to sleep until then, and when the runner observed this
  /// sleep.
  struct Sleep {
    let switches: Int
    let start: ContinuousClock.Instant
  }

  // MARK: - Descriptors

  func startsWith(_ holdings: ProcessHoldings) {
    baseline = Set(holdings.descriptors.keys)
    signalsAtStart = holdings.signals
  }

  func shares(descriptor: Int, _ flags: StatusFlags) { sharedFlags[descriptor] = flags }

  func descriptor(of handle: String) -> Int? { handles[handle] }

  /// Records the descriptors that a successful request opened and closed, the objects that it created, and the state
  /// that it changed.
  func follow(_ request: Request, _ response: Fields, _ operation: Operation) {
    if let object = CreatedObject(request, response, operation) { created.append(object) }
    for (kind, change) in operation.changes where change.applies(to: request) { changed.insert(kind) }
    if let closes = operation.closes, let number = handles.removeValue(forKey: request.fields[closes] ?? "default") {
      baseline.remove(number)
      sharedFlags[number] = nil
    }
    // A value that is not a number stays in the list, so that the others keep their handles.
    let numbers =
      (response["fd"] ?? request.fields["fd"])?.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
      ?? []
    // A parameter may name several handles, separated by commas.
    let names = operation.opens.flatMap { (request.fields[$0] ?? "default").split(separator: ",").map(String.init) }
    for (name, number) in zip(names, numbers) { handles[name] = number }
  }

  /// Checks that exactly the descriptors of the role's handles are open.
  func check(_ held: [Int: String]) throws(CellOutcome) {
    let expected = baseline.union(handles.values)
    let extra = held.filter { !expected.contains($0.key) }.sorted { $0.key < $1.key }
    if !extra.isEmpty {
      let list = extra.map { "\($0.key) (\($0.value))" }.joined(separator: ", ")
      var outcome = CellOutcome(.leaked, "\(description) holds descriptors beyond its handles: \(list)")
      outcome.evidence?.add(
        leftBehind: extra.map { KernelObject(kind: .descriptor, name: $0.value, id: $0.key, owner: name) })
      throw outcome
    }
    for (handle, number) in handles where held[number] == nil {
      throw CellOutcome(
        .failed, "\(description) reports descriptor \(number) for its handle '\(handle)', which is not open")
    }
  }
}
