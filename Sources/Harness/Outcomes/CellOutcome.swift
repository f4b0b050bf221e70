/// The outcome of a cell: the one type that carries a verdict from the step where it is decided to the reports.
///
/// The step that decides the verdict throws it.
public struct CellOutcome: Error, Sendable {
  /// Whether the cell passed, and if it did not, in which way.
  public private(set) var verdict: Verdict
  /// The reason for the verdict, in one line; nil if the cell passed.
  public private(set) var reason: String?
  /// Evidence of a cell that did not pass.
  public internal(set) var evidence: Evidence?
  /// Wall-clock seconds from the start of the sandbox to the last check.
  public internal(set) var seconds = 0.0

  static let passed = CellOutcome(verdict: .passed, reason: nil, evidence: nil)

  package init(verdict: Verdict, reason: String?, evidence: Evidence?, seconds: Double = 0) {
    self.verdict = verdict
    self.reason = reason
    self.evidence = evidence
    self.seconds = seconds
  }

  init(
    _ verdict: Verdict, _ reason: String, expected: String? = nil, request: Message? = nil, response: Message? = nil
  ) {
    self.init(
      verdict: verdict, reason: reason,
      evidence: Evidence(expected: expected, request: request, response: response))
  }

  /// The environment failed, not a peer.
  init(_ error: SandboxError) { self.init(.broken, error.description) }

  /// Returns the outcome with another verdict, or with a more specific reason.
  func with(_ verdict: Verdict? = nil, reason: String? = nil) -> CellOutcome {
    var outcome = self
    outcome.verdict = verdict ?? self.verdict
    outcome.reason = reason ?? self.reason
    return outcome
  }
}

/// The data that explains a verdict to a person who does not know the harness.
public struct Evidence: Sendable, Encodable {
  /// The step at which the cell ended, and where it is.
  public var step: String?
  /// The place of that step in the scenario file.
  public var location: SourceLocation?
  /// The response that the standard requires, as written in the script.
  public var expected: String?
  /// The request whose response was wrong; nil if none was.
  public var request: Message?
  /// The response that was received; nil if there was none.
  public var response: Message?
  /// The offset of the first byte that differs from the payload's pattern.
  public var firstDifference: Int?
  /// The first of the objects that were left behind.
  public private(set) var leftBehind: [KernelObject] = []
  /// How many there were.
  public private(set) var leftBehindCount = 0
  /// The messages between the runner and each role.
  public var transcripts: [Transcript] = []

  /// The maximum number of objects in a report, because a peer decides how many there are.
  private static let maximumLeftBehind = 100

  package init(expected: String? = nil, request: Message? = nil, response: Message? = nil) {
    self.expected = expected
    self.request = request
    self.response = response
  }

  package mutating func add(leftBehind objects: [KernelObject]) {
    leftBehind += objects.prefix(max(0, Self.maximumLeftBehind - leftBehind.count))
    leftBehindCount += objects.count
  }

  /// Adds what else a cell left behind, beyond what its outcome is about.
  package mutating func add(others objects: [KernelObject]) {
    let others = objects.filter { object in
      !leftBehind.contains { $0 == object || ($0.kind == .process && object.kind == .process && $0.id == object.id) }
    }
    // An outcome about more objects than it names is about all of them.
    if leftBehindCount == leftBehind.count { add(leftBehind: others) }
  }

  /// The requests and responses between the runner and one role.
  public struct Transcript: Sendable, Encodable {
    /// The name of the role in the scenario.
    public let role: String
    /// The language that played the role.
    public let language: String
    /// The requests and responses, in the order in which they passed.
    public let messages: [Message]
    /// The lines that the role wrote to standard error.
    public let standardError: [String]
    /// How it ended, or its last state.
    public let state: String?

    package init(role: String, language: String, messages: [Message], standardError: [String], state: String?) {
      self.role = role
      self.language = language
      self.messages = messages
      self.standardError = standardError
      self.state = state
    }
  }
}

/// The reported verdict on one cell.
public struct CellResult: Sendable, Encodable {
  /// The cell that was run.
  public let cell: Cell
  /// The verdict with its reason and evidence.
  public let outcome: CellOutcome
  /// Whether the verdict is the expected one, which is `passed` unless `fixtures/expectations.yaml` has another, or a
  /// need of the scenario is not met.
  public let isExpected: Bool
  /// Why an unexpected verdict is unexpected, or an unusual one expected.
  public let expectation: String?
  /// How the cell was isolated from the rest of the machine.
  public let isolation: Isolation
  /// The command that runs this cell alone again.
  public let rerun: String

  package init(
    cell: Cell, outcome: CellOutcome, isExpected: Bool, expectation: String?, isolation: Isolation, rerun: String
  ) {
    self.cell = cell
    self.outcome = outcome
    self.isExpected = isExpected
    self.expectation = expectation
    self.isolation = isolation
    self.rerun = rerun
  }

  /// The verdict, which the outcome has.
  public var verdict: Verdict { outcome.verdict }
}
