/// A cell's outcome: its verdict, and the data that explains the verdict.
///
/// The step that determines the verdict throws the outcome.
public struct CellOutcome: Error, Sendable {
  /// Whether the cell passed, or how it failed.
  public private(set) var verdict: Verdict
  /// The reason for the verdict, in one line; nil if the cell passed.
  public private(set) var reason: String?
  /// The missing capability that prevented the cell from running; nil for any other outcome.
  public private(set) var missing: MissingCapability?
  /// The failed control cell that makes this cell broken; nil for any other outcome.
  public package(set) var control: ControlFailure?
  /// The data that explains the verdict; nil if the cell passed.
  public internal(set) var evidence: Evidence?
  /// The wall-clock seconds from starting the sandbox to the last check.
  public internal(set) var seconds = 0.0

  static let passed = CellOutcome(verdict: .passed, reason: nil, evidence: nil)

  package init(
    verdict: Verdict, reason: String?, missing: MissingCapability? = nil, evidence: Evidence?, seconds: Double = 0
  ) {
    self.verdict = verdict
    self.reason = reason
    self.missing = missing
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

  /// Creates the verdict `not run` for a cell that needs a capability a peer lacks.
  package init(missing: MissingCapability) {
    self.init(verdict: .notRun, reason: missing.description, evidence: nil)
    self.missing = missing
  }

  /// Creates the verdict `broken`: the environment failed, rather than a peer.
  init(_ error: SandboxError) { self.init(.broken, error.description) }

  /// Whether the cell failed only because it differs from its recording.
  private(set) var isDifference = false

  /// Creates the outcome of a cell that differs from its recording; nil if there are no differences.
  init?(differences: [ExplainedDifference]) {
    guard let first = differences.first else { return nil }
    self.init(.failed, Self.summary(first, differences.count))
    isDifference = true
    evidence?.differences = differences.prefix(Self.maximumDifferences).map(Difference.recording)
  }

  /// Returns this failed outcome with the differences from the recording, which may have caused the failure.
  func explained(by differences: [ExplainedDifference]) -> CellOutcome {
    guard let first = differences.first else { return self }
    var outcome = with(reason: "\(reason ?? ""); \(Self.summary(first, differences.count))")
    if outcome.evidence == nil { outcome.evidence = Evidence() }
    outcome.evidence?.differences += differences.prefix(Self.maximumDifferences).map(Difference.recording)
    return outcome
  }

  private static func summary(_ first: ExplainedDifference, _ count: Int) -> String {
    count > 1 ? "\(first.reason) (and \(count - 1) more)" : first.reason
  }

  /// The maximum number of differences in a report; a program could otherwise cause an unlimited number of differences.
  private static let maximumDifferences = 50

  /// Returns this outcome with a different verdict or reason.
  func with(_ verdict: Verdict? = nil, reason: String? = nil) -> CellOutcome {
    var outcome = self
    outcome.verdict = verdict ?? self.verdict
    outcome.reason = reason ?? self.reason
    return outcome
  }
}

/// A control cell that did not pass and therefore makes other cells broken.
public struct ControlFailure: Sendable, Hashable, Codable {
  /// The control cell's id.
  public let cell: String
  /// The control cell's verdict.
  public let verdict: Verdict

  package init(cell: String, verdict: Verdict) {
    self.cell = cell
    self.verdict = verdict
  }
}

/// An operation, option or program that a peer does not have.
public struct MissingCapability: Sendable, Hashable, Codable, CustomStringConvertible {
  /// The peer's language.
  public let language: String
  /// The missing operation, option or program: `mq_open`, `socket domain=AF_INET6`, or `the program fifo_writer`.
  public let name: String

  package init(language: String, name: String) {
    self.language = language
    self.name = name
  }

  /// The reason, as stated in reports.
  public var description: String { "\(language) does not have \(name)" }
}

/// The data that explains a verdict to readers unfamiliar with the harness.
public struct Evidence: Sendable, Codable {
  /// The step at which the cell ended, as written in the script.
  public var step: String?
  /// That step's position in the scenario file.
  public var location: SourceLocation?
  /// The response that the standard requires, as written in the script.
  public var expected: String?
  /// The request whose response was wrong; nil if there is none.
  public var request: Message?
  /// The unexpected response; nil if no response caused the verdict.
  public var response: Message?
  /// The response fields that did not match.
  public var mismatches: [FieldMismatch] = []
  /// The offset of the first byte that differs in a payload or file.
  public var firstDifference: Int?
  /// The first 100 objects left behind.
  public private(set) var leftBehind: [KernelObject] = []
  /// The number of objects left behind, including those not listed.
  public private(set) var leftBehindCount = 0
  /// The differences from a golden transcript (at most 100) or a recording (at most 50).
  public var differences: [Difference] = []
  /// The messages between the runner and each role.
  public var transcripts: [Transcript] = []

  /// The maximum number of objects in a report; a peer could otherwise leave an unlimited number of objects behind.
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

  /// Adds the objects that a cell left behind, except those already listed.
  package mutating func add(others objects: [KernelObject]) {
    let others = objects.filter { object in
      !leftBehind.contains { $0 == object || ($0.kind == .process && object.kind == .process && $0.id == object.id) }
    }
    // If the outcome counts more objects than it lists, the count already includes the unlisted objects.
    if leftBehindCount == leftBehind.count { add(leftBehind: others) }
  }

  /// The requests and responses between the runner and one role.
  public struct Transcript: Sendable, Codable {
    /// The role's name in the scenario.
    public let role: String
    /// The language that played the role.
    public let language: String
    /// The requests and responses, in the order in which they were exchanged.
    public let messages: [TimedMessage]
    /// The lines that the role wrote to standard error.
    public let standardError: [String]
    /// How the role's process terminated, or its state if it is still running.
    public let state: String?

    package init(role: String, language: String, messages: [TimedMessage], standardError: [String], state: String?) {
      self.role = role
      self.language = language
      self.messages = messages
      self.standardError = standardError
      self.state = state
    }
  }
}

/// The reported result of one cell.
public struct CellResult: Sendable, Codable {
  /// The cell, even if it was not run.
  public let cell: Cell
  /// The verdict with its reason and evidence.
  public let outcome: CellOutcome
  /// Whether the verdict is `passed` or the one in `fixtures/expectations.yaml`, or the machine does not meet one of
  /// the scenario's requirements.
  public let isExpected: Bool
  /// Why the verdict is unexpected, or why a verdict other than `passed` is expected.
  public let expectation: String?
  /// The isolation under which the cell ran.
  public let isolation: Isolation
  /// The command that reruns only this cell.
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

  /// The verdict in ``outcome``.
  public var verdict: Verdict { outcome.verdict }
}
