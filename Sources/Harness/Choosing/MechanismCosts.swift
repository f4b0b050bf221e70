internal import Foundation

/// The measured costs of mechanisms on this machine.
public struct MechanismCosts: Sendable {
  /// The file that the costs were read from.
  let source: String
  private let results: [BenchmarkResult]

  /// The costs of one mechanism.
  struct Cost: Sendable, Equatable, Encodable {
    /// The mechanism's benchmark, and the languages of both roles.
    let benchmark: String
    /// The message size in bytes.
    let size: Int
    /// The median one-way time, half of a round trip, in nanoseconds.
    let oneWay: Double?
    /// The throughput.
    let messagesPerSecond: Double?
    let bytesPerSecond: Double?
  }

  init(source: String, results: [BenchmarkResult]) {
    self.source = source
    self.results = results
  }

  /// Reads a JSON report of `ipc-interop bench`.
  ///
  /// - Throws: A ``RunError`` if the file is not such a report.
  public init(reading path: String) throws(RunError) {
    self.init(source: path, results: try BenchmarkDocument(reading: path).results)
  }

  /// The default message size in bytes.
  private static let usualSize = 64

  /// Returns the costs of a mechanism, between two Swift processes if that pairing was measured; nil if the mechanism
  /// was not measured.
  ///
  /// The benchmark is the one that the guide names for a stated need or, if none was measured, the mechanism's first
  /// measured benchmark. Of the measured sizes, the one whose ratio to the stated size is nearest to 1 is used.
  func cost(of mechanism: MechanismFacts, for requirements: Requirements) -> Cost? {
    let own = results.filter { $0.mechanism == mechanism.id }
    let fitting = Need.allCases.lazy.filter(requirements.needs.contains).compactMap { mechanism.benchmarks[$0] }
    let measured = Set(own.map(\.benchmark))
    guard let benchmark = fitting.first(where: measured.contains) ?? own.first?.benchmark else { return nil }
    func nearest(_ mode: BenchmarkMode) -> (size: Int, result: PairingResult)? {
      let same = own.filter { $0.benchmark == benchmark && $0.mode == mode }
      guard let size = Self.nearest(to: requirements.size ?? Self.usualSize, in: same.map(\.size)) else { return nil }
      let found = same.filter { $0.size == size }
      let result = found.first { $0.placement == .twoCores } ?? found.first
      return (result.flatMap { $0["swift>swift"] ?? $0.pairings.first }).map { (size, $0) }
    }
    let (exchange, flood) = (nearest(.pingPong), nearest(.flood))
    guard let shown = exchange ?? flood else { return nil }
    return Cost(
      benchmark: "\(benchmark) [\(shown.result.pairing)]", size: shown.size,
      oneWay: exchange.map { $0.result.time.value / 2 }, messagesPerSecond: flood?.result.messagesPerSecond,
      bytesPerSecond: flood?.result.bytesPerSecond)
  }

  /// Returns the size whose ratio to `size` is nearest to 1; nil if `sizes` is empty.
  private static func nearest(to size: Int, in sizes: [Int]) -> Int? {
    sizes.min { abs(log2(Double($0 + 1) / Double(size + 1))) < abs(log2(Double($1 + 1) / Double(size + 1))) }
  }
}
