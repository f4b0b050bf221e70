import Foundation

/// The comparison of a run with an earlier one.
public struct BaselineComparison: Sendable {
  /// A measurement that differs from the baseline by more than the noise.
  public struct Change: Sendable, Equatable {
    /// The measurement: `pipe/pipe ping-pong 64 B, two cores [swift>swift]`.
    public let name: String
    /// What is compared: `ratio` to the reference of the same run, or `time`.
    public let what: String
    /// The value in the baseline.
    public let before: Double
    /// The value in this run.
    public let now: Double

    /// How many times as large as in the baseline.
    var factor: Double { before > 0 ? now / before : 1 }
  }

  /// The measurements that became slower.
  public private(set) var regressions: [Change] = []
  /// The measurements that became faster.
  public private(set) var improvements: [Change] = []
  /// The number of values that were compared.
  public private(set) var compared = 0
  /// Why something was not compared.
  public private(set) var notes: [String] = []

  /// The smallest change that counts, even if the intervals do not overlap.
  static let threshold = 1.05

  /// Compares the ratios, and the times if both runs are from the same machine and both machines were idle.
  public init(_ now: BenchmarkDocument, baseline: BenchmarkDocument) {
    let before = Dictionary(baseline.results.map { ($0.name, $0) }) { first, _ in first }
    let (here, there) = (now.run.machine, baseline.run.machine)
    let isSameMachine = here.processor == there.processor && here.kernel == there.kernel
    let comparesTimes = isSameMachine && !here.isNoisy && !there.isNoisy
    if !comparesTimes {
      notes.append(
        isSameMachine
          ? "only ratios are compared, because a machine was not idle"
          : "only ratios are compared, because the baseline is from another processor or kernel")
    }
    for result in now.results {
      guard let old = before[result.name] else { continue }
      for pairing in result.pairings {
        guard let other = old[pairing.pairing] else { continue }
        let name = "\(result.name) [\(pairing.pairing)]"
        if let ratio = pairing.ratio, let earlier = other.ratio { compare(name, "ratio", ratio, earlier) }
        // The reference has no ratio. The noise of both runs widens the intervals of its times.
        if comparesTimes, pairing.ratio == nil {
          compare(
            name, "time", pairing.time.widened(by: result.control.spread), other.time.widened(by: old.control.spread))
        }
      }
    }
  }

  /// Compares two values, which differ if their intervals do not overlap and the change is large enough.
  private mutating func compare(_ name: String, _ what: String, _ now: Estimate, _ before: Estimate) {
    compared += 1
    let change = Change(name: name, what: what, before: before.value, now: now.value)
    if now.low > before.high, change.factor > Self.threshold { regressions.append(change) }
    if now.high < before.low, change.factor < 1 / Self.threshold { improvements.append(change) }
  }

  /// The lines that the command prints.
  public var lines: [String] {
    func line(_ word: String, _ change: Change) -> String {
      let values =
        change.what == "time"
        ? "\(BenchmarkText.time(change.before)) -> \(BenchmarkText.time(change.now))"
        : "\(decimal(change.before, places: 2)) -> \(decimal(change.now, places: 2))"
      return "\(word): \(change.name): \(change.what) \(values)"
    }
    return notes.map { "note: \($0)" } + regressions.map { line("slower", $0) }
      + improvements.map { line("faster", $0) }
      + [
        "Compared \(counted(compared, "value")) with the baseline: \(regressions.count) slower, \(improvements.count) faster."
      ]
  }
}

extension BenchmarkDocument {
  /// Reads the JSON report of an earlier run.
  public init(reading path: String) throws(RunError) {
    let bytes: Data
    do { bytes = try Data(contentsOf: URL(fileURLWithPath: path)) } catch {
      throw RunError("\(path) cannot be read: \(error.localizedDescription)", status: .usage)
    }
    do { self = try JSONDecoder().decode(BenchmarkDocument.self, from: bytes) } catch {
      throw RunError("\(path) is not a report of 'ipc-interop bench --format json'", status: .usage)
    }
    guard format == BenchmarkDocument.currentFormat else {
      throw RunError("\(path) has format \(format) instead of \(BenchmarkDocument.currentFormat)", status: .usage)
    }
  }
}
