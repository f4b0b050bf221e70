import PeerProtocol

/// A role in a running cell: its process, the messages exchanged with the process, and the descriptors that should be
/// open.
final class RoleProcess {
  let role: Role
  let index: Int
  let language: String
  let command: [String]
  /// The process's working directory; nil for the sandbox's directory.
  let directory: String?
  /// The only CPU on which the process may run; nil for all CPUs.
  var processor: Int?
  /// The process ID within the sandbox; nil until the process is started.
  var pid: Int?
  /// How the program is traced; nil for a peer, and for a program that is not traced.
  var tracing: ProgramTracing?
  /// The process ID of the tracer, if the process is traced; the tracer exits after the process.
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
  /// The sleep that the last step observed; nil if the role has since received a request or signal, or responded.
  var sleep: Sleep?
  /// The pending request's deadline, as observed by the steps so far.
  var deadline = DeadlineCheck()
  /// The time at which the runner began to write the last request.
  var requestedAt = Moment.now
  /// Whether the `interrupt:` signal was sent during the pending request.
  var isInterrupted = false
  /// The descriptors to inherit, by their numbers in the sandbox init, with the names of their handles in this role.
  var inherits: [(token: Int, handle: String)] = []
  var inputEnded = false
  /// Whether a step terminated the process, or expected it to exit.
  var endIsKnown = false
  /// Whether the process was killed during a request, so that shared state may be only partly updated.
  var wasKilledWhileBusy = false
  /// Whether the process may have more open descriptors than handles, because a fault was injected into a close.
  var mayHoldMore = false
  private(set) var messages: [(message: Message, time: ContinuousClock.Instant)] = []
  /// All lines that a program has written to standard output so far.
  var printed: [OutputLine] = []
  /// The patterns that steps have found in the output.
  var found: [FilledPattern] = []
  /// The standard input bytes that have not yet been written.
  var unsentInput: ArraySlice<UInt8> = []
  /// Whether a program's input stays open after its initial bytes, because later steps write to it or close it.
  var isFed = false
  /// All lines on standard error so far.
  private(set) var reported: [OutputLine] = []
  /// The text of all lines on standard error so far.
  var standardErrorLines: [String] { reported.map(\.text) }
  /// The lines from the tracer: recorder events, or calls as printed by strace.
  var traceLines: [String] = []
  /// The descriptors that were open when the process was ready.
  private var baseline: Set<Int> = []
  private var handles: [String: Int] = [:]
  /// The status flags of the descriptors shared with other roles, read when the descriptors were passed.
  private(set) var sharedFlags: [Int: StatusFlags] = [:]
  private(set) var signalsAtStart: SignalState?
  /// The objects that the role has created, as named in its requests.
  private(set) var created: [CreatedObject] = []
  /// The state that the role's operations may have changed.
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
  /// The C library and ABI reported in the greeting.
  var platform: PeerPlatform { PeerPlatform(greeting) }

  func record(_ message: Message) { messages.append((message, .now)) }

  /// The operations requested of this role, in order.
  var requestedOperations: [String] { messages.compactMap(\.message.operation) }

  func takeErrors(from source: LineSource) {
    while let line = source.nextOutputLine() { reported.append(line) }
  }

  /// Text to append to a reason: the line on standard error that explains why the process terminated.
  var errorLine: String { Self.explanation(in: standardErrorLines).map { ": \($0)" } ?? "" }

  /// Returns the last line or, if a Swift program has trapped, the message before the backtrace.
  static func explanation(in lines: [String]) -> String? { lines.last { $0.contains("Fatal error: ") } ?? lines.last }

  /// One sleep: how many times the process had gone to sleep, including this time, and when the runner observed the
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
  /// that it may have changed.
  func follow(_ request: Request, _ response: Fields, _ operation: Operation) {
    if let object = CreatedObject(request, response, operation) { created.append(object) }
    for (kind, change) in operation.changes where change.applies(to: request) { changed.insert(kind) }
    if let closes = operation.closes, let number = handles.removeValue(forKey: request.fields[closes] ?? "default") {
      baseline.remove(number)
      sharedFlags[number] = nil
    }
    // A value that is not a number stays in the list, so that each of the other values still matches its handle.
    let numbers =
      (response["fd"] ?? request.fields["fd"])?.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
      ?? []
    // A parameter may name several handles, separated by commas.
    let names = operation.opens.flatMap { (request.fields[$0] ?? "default").split(separator: ",").map(String.init) }
    for (name, number) in zip(names, numbers) { handles[name] = number }
  }

  /// Checks that the role's handles are open, and that no descriptor has been added.
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
