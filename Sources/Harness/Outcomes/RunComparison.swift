/// The changes between two runs.
public struct RunComparison: Sendable {
  /// The cells that fail now but did not fail before.
  public let newFailures: [CellResult]
  /// The cells that failed before and pass now.
  public let fixed: [CellResult]
  /// The cells that fail in both runs.
  public let persistent: [CellResult]
  /// The ids of the cells that passed in the earlier run and are now selected but were not run.
  public let noLongerRun: [String]
  /// The number of cells that are only in the later run.
  public let added: Int
  /// The ids of the cells that are only in the earlier run.
  public let removed: [String]

  /// Whether both runs have cells, but none in common.
  public let isUnrelated: Bool

  /// Whether the later run has a regression.
  ///
  /// A cell that is missing from the later run may hide a failure. It counts as a regression until a newer report
  /// replaces the earlier one.
  public var isWorse: Bool { !newFailures.isEmpty || !noLongerRun.isEmpty || !removed.isEmpty }

  /// Compares a run with an earlier run, cell by cell.
  ///
  /// A cell that was run several times has failed if any of its results is a failure.
  public init(of run: SavedRun, with earlier: SavedRun) {
    let before = Self.states(earlier)
    let now = Self.states(run)
    let failures = Self.firstFailures(run)
    newFailures = failures.filter { before[$0.cell.id] != .failed }
    persistent = failures.filter { before[$0.cell.id] == .failed }
    var seen: Set<String> = []
    fixed = run.results.filter {
      now[$0.cell.id] == .passed && before[$0.cell.id] == .failed && seen.insert($0.cell.id).inserted
    }
    noLongerRun = (run.run?.plan ?? []).filter {
      before[$0] == .passed && (now[$0] ?? .notRun) == .notRun && seen.insert($0).inserted
    }
    let (old, new) = (Self.cells(earlier), Self.cells(run))
    added = new.subtracting(old).count
    removed = old.subtracting(new).sorted()
    isUnrelated = !old.isEmpty && !new.isEmpty && old.isDisjoint(with: new)
  }

  private enum State { case passed, failed, notRun }

  private static func states(_ run: SavedRun) -> [String: State] {
    Dictionary(
      run.results.map { ($0.cell.id, $0.isFailure ? .failed : $0.verdict == .notRun ? .notRun : .passed) }
    ) { first, second in [first, second].contains(.failed) ? .failed : second }
  }

  private static func firstFailures(_ run: SavedRun) -> [CellResult] {
    var seen: Set<String> = []
    return run.results.filter { $0.isFailure && seen.insert($0.cell.id).inserted }
  }

  private static func cells(_ run: SavedRun) -> Set<String> {
    Set(run.run?.plan ?? []).union(run.results.map(\.cell.id))
  }

  /// The change in one line: `2 new failures, 1 fixed, 3 still failing`.
  public var summary: String {
    let parts = [
      counted(newFailures.count, "new failure"), "\(fixed.count) fixed", "\(persistent.count) still failing",
    ]
    let more = [(noLongerRun.count, "no longer run"), (added, "added"), (removed.count, "missing")]
    return (parts + more.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }).joined(separator: ", ")
  }
}
