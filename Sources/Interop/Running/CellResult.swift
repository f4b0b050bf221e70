/// One scenario × one pairing × one row of parameters, as it stands in every report.
public struct Cell: Sendable, Hashable, Codable {
  /// `posix-mq/priority-order[c>swift]`, with the parameters behind the pairing: `pipe/delivery[c>swift,bytes=4096]`.
  public let id: String
  public let scenario: String
  public let mechanism: String
  public let title: String
  /// Where the standard makes the demand.
  public let spec: String
  public let level: String
  public let pairing: [Assignment]
  public let parameters: [String: String]
  /// `fixtures/scenarios/pipe.yaml:12:3`
  public let location: String

  public struct Assignment: Sendable, Hashable, Codable {
    public let role: String
    public let language: String
  }
}

/// The verdict on a cell, and what a person needs to mend it without opening the harness.
public struct CellResult: Sendable, Codable {
  public let cell: Cell
  public let verdict: Verdict
  /// One line; nil when the cell passed.
  public let reason: String?
  /// Whether this verdict is what was expected of the cell, which is `passed` unless `fixtures/expectations.yaml` says
  /// otherwise or a need of the scenario is not met.
  public let isExpected: Bool
  /// Why an unexpected verdict is unexpected, or an unusual one expected.
  public let expectation: String?
  /// Wall-clock seconds from the start of the sandbox to the end of the census.
  public let seconds: Double
  /// `private`, or `shared` where no namespaces were to be had.
  public let isolation: String
  public let evidence: Evidence?
  /// The command that runs this cell alone again.
  public let rerun: String
}

/// What was seen of a cell that did not pass.
public struct Evidence: Sendable, Codable {
  /// The step at which it ended, as it stands in the file, and where.
  public var step: String?
  public var location: String?
  /// What the standard demands of the answer.
  public var demanded: String?
  public var asked: String?
  public var answered: String?
  /// Offset of the first byte that differs from the payload's pattern.
  public var firstDifference: String?
  public var transcripts: [Transcript] = []
  /// The objects that were left behind.
  public var leftBehind: [String] = []

  /// What one role was asked and what it answered, what it wrote on standard error, and what it was doing at the end.
  public struct Transcript: Sendable, Codable {
    public let role: String
    public let language: String
    /// Lines that begin with `> ` (asked) or `< ` (answered).
    public let lines: [String]
    public let standardError: String
    public let state: String?
  }
}
