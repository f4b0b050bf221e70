/// What a run tells those who report it. Reports know nothing else.
public enum Event: Sendable {
  /// A script is recorded, before it is known of which cells the run will be.
  case recording(Cell, number: Int, of: Int)
  case runStarted(RunDescription)
  case cellStarted(Cell)
  case cellEnded(CellResult)
  /// Wall-clock seconds since the start, said now and then: reports have no clock of their own.
  case timePassed(seconds: Double)
  case runEnded(RunSummary)
}

/// What is known of a run before its first cell.
public struct RunDescription: Sendable, Codable {
  public let cells: Int
  public let scenarios: Int
  public let jobs: Int
  public let seed: UInt64
  /// `private` or `shared`, and why it is not private.
  public let isolation: String
  /// Of each language: `gcc-12.2.0`, as the peer says in its greeting.
  public let implementations: [String: String]
  public let kernel: String
  /// The ids of the cells in the order in which a report lists them, whatever the order in which they end.
  public var plan: [String] = []
  /// What is worth knowing of those who take part, and is no fault.
  public var notes: [String] = []
}

/// What is known of a run after its last cell.
public struct RunSummary: Sendable, Codable {
  public let planned: Int
  public let counts: [Verdict: Int]
  public let unexpected: Int
  /// What is wrong with the run as a whole: stale expectations, cells that are missing, peers that lie.
  public let complaints: [String]
  public let seconds: Double
  public let exitStatus: Int32
  public let interrupted: Bool
}
