import Foundation

/// The comparison of a run with an earlier run.
public struct BaselineComparison: Sendable {
  /// A measurement whose difference from the baseline exceeds the noise.
  public struct Change: Sendable, Equatable {
    /// The measurement: `pipe/pipe ping-pong 64 B, two cores [swift>swift]`.
    public let name: String
    /// The compared quantity: `ratio` to the reference in the same run, or `time`.
    public let what: String
    /// The value in the baseline.
    public let before: Double
    /// The value in this run.
    public let now: Double

    /// The value in this run divided by the value in the baseline.
    var factor: Double { before > 0 ? now / before : 1 }
  }

  /// The measurements that became slower.
  public private(set) var regressions: [Change] = []
  /// The measurements that became faster.
  public private(set) var improvements: [Change] = []
  /// The number of values that were compared.
  public private(set) var compared = 0
  /// The reasons why values were not compared.
  public private(set) var notes: [String] = []

  /// The smallest ratio that counts as a change, even if the intervals do not overlap.
  static let threshold = 1.05

  /// Compares the ratios and, if both runs were made on the same idle machine, the times.
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
        // The reference has no ratio. Compare its times instead, with intervals widened by the noise in both runs.
        if comparesTimes, pairing.ratio == nil {
          compare(
            name, "time", pairing.time.widened(by: result.control.spread), other.time.widened(by: old.control.spread))
        }
      }
    }
  }

  /// Compares two values.
  ///
  /// The values count as different if their intervals do not overlap and the change is large enough.
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
