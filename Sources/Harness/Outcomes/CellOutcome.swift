/// The outcome of a cell, from the step that decides the verdict to the reports.
///
/// The step that decides the verdict throws it.
public struct CellOutcome: Error, Sendable {
  /// The verdict: that the cell passed, or how it failed.
  public private(set) var verdict: Verdict
  /// The reason for the verdict, in one line; nil if the cell passed.
  public private(set) var reason: String?
  /// The capability that a peer lacks, if the cell was not run for that reason; nil for any other outcome.
  public private(set) var missing: MissingCapability?
  /// The control cell because of which the cell is broken; nil for any other outcome.
  public package(set) var control: ControlFailure?
  /// The data that explains the verdict; nil if the cell passed.
  public internal(set) var evidence: Evidence?
  /// Wall-clock seconds from the start of the sandbox to the last check.
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

  /// Creates the verdict `not run` for a cell that needs something that a peer does not have.
  package init(missing: MissingCapability) {
    self.init(verdict: .notRun, reason: missing.description, evidence: nil)
    self.missing = missing
  }

  /// Creates the verdict `broken`: the environment failed, not a peer.
  init(_ error: SandboxError) { self.init(.broken, error.description) }

  /// Whether a difference from its recording is the only failure of the cell.
  private(set) var isDifference = false

  /// Creates the verdict of a cell that differs from its recording in these ways.
  init?(differences: [ExplainedDifference]) {
    guard let first = differences.first else { return nil }
    self.init(.failed, Self.summary(first, differences.count))
    isDifference = true
    evidence?.differences = differences.prefix(Self.maximumDifferences).map(Difference.recording)
  }

  /// Returns the outcome of a failed cell with the differences from its recording, which may be the cause.
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

  /// The maximum number of differences in a report, because a program decides how many there are.
  private static let maximumDifferences = 50

  /// Returns the outcome with another verdict, or with a more specific reason.
  func with(_ verdict: Verdict? = nil, reason: String? = nil) -> CellOutcome {
    var outcome = self
    outcome.verdict = verdict ?? self.verdict
    outcome.reason = reason ?? self.reason
    return outcome
  }
}

/// A control cell that did not pass, so that other cells are broken.
public struct ControlFailure: Sendable, Hashable, Codable {
  /// The id of the control cell.
  public let cell: String
  /// Its verdict.
  public let verdict: Verdict

  package init(cell: String, verdict: Verdict) {
    self.cell = cell
    self.verdict = verdict
  }
}

/// An operation, option or program that a peer does not have.
public struct MissingCapability: Sendable, Hashable, Codable, CustomStringConvertible {
  /// The language of the peer.
  public let language: String
  /// The operation, option or program that the peer lacks: `mq_open`, `socket domain=AF_INET6`, or `the program fifo_writer`.
  public let name: String

  package init(language: String, name: String) {
    self.language = language
    self.name = name
  }

  /// The reason in reports.
  public var description: String { "\(language) does not have \(name)" }
}

/// The data that explains a verdict to readers who do not know the harness.
public struct Evidence: Sendable, Codable {
  /// The step at which the cell ended, as written in the script.
  public var step: String?
  /// The position of that step in the scenario file.
  public var location: SourceLocation?
  /// The response that the standard requires, as written in the script.
  public var expected: String?
  /// The request whose response was wrong; nil if none was.
  public var request: Message?
  /// The response that was not as expected; nil if no response caused the verdict.
  public var response: Message?
  /// The fields of the response that were not as expected.
  public var mismatches: [FieldMismatch] = []
  /// The offset of the first byte of a payload or a file that differs.
  public var firstDifference: Int?
  /// The objects that were left behind; at most 100 are listed.
  public private(set) var leftBehind: [KernelObject] = []
  /// The number of objects that were left behind, including those that are not listed.
  public private(set) var leftBehindCount = 0
  /// All differences from a golden transcript or a recording; at most 100 are listed.
  public var differences: [Difference] = []
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

  /// Adds the objects that a cell left behind, except those that its outcome already lists.
  package mutating func add(others objects: [KernelObject]) {
    let others = objects.filter { object in
      !leftBehind.contains { $0 == object || ($0.kind == .process && object.kind == .process && $0.id == object.id) }
    }
    // If the outcome counts more objects than it lists, its count already includes all of them.
    if leftBehindCount == leftBehind.count { add(leftBehind: others) }
  }

  /// The requests and responses between the runner and one role.
  public struct Transcript: Sendable, Codable {
    /// The name of the role in the scenario.
    public let role: String
    /// The language that played the role.
    public let language: String
    /// The requests and responses, in the order in which they passed.
    public let messages: [TimedMessage]
    /// The lines that the role wrote to standard error.
    public let standardError: [String]
    /// How the process of the role ended, or its state if it is still running.
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
  /// The cell that has this result, even if it was not run.
  public let cell: Cell
  /// The verdict with its reason and evidence.
  public let outcome: CellOutcome
  /// Whether the verdict is `passed`, or the verdict in `fixtures/expectations.yaml`, or the machine does not meet a
  /// need of the scenario.
  public let isExpected: Bool
  /// The reason why the verdict is not the expected one, or why a verdict other than `passed` is expected.
  public let expectation: String?
  /// The isolation in which the cell was run.
  public let isolation: Isolation
  /// The command that runs only this cell again.
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

  /// A shorthand for the verdict of ``outcome``.
  public var verdict: Verdict { outcome.verdict }
}
