/// The measured costs of mechanisms on this machine.
public struct MechanismCosts: Sendable {
  /// The file that they were read from.
  let source: String
  private let costs: [String: Cost]

  /// The costs of one mechanism.
  struct Cost: Sendable, Equatable, Encodable {
    /// The benchmark of the mechanism, and the languages.
    let benchmark: String
    /// The size of the messages in bytes.
    let size: Int
    /// The median of one way, half of a round trip, in nanoseconds.
    let oneWay: Double?
    /// The throughput.
    let messagesPerSecond: Double?
    let bytesPerSecond: Double?
  }

  init(source: String, costs: [String: Cost]) {
    self.source = source
    self.costs = costs
  }

  func cost(of mechanism: String) -> Cost? { costs[mechanism] }

  /// Reads a JSON report of `ipc-interop bench`.
  ///
  /// - Parameters:
  ///   - path: The path of the report.
  ///   - size: The size of the messages; the nearest size that was measured is used.
  /// - Throws: A ``RunError`` if the file is not such a report.
  public init(reading path: String, size: Int?) throws(RunError) {
    let document = try BenchmarkDocument(reading: path)
    self.init(source: path, costs: Self.costs(document.results, size: size ?? 64))
  }

  /// Returns the costs of each mechanism.
  static func costs(_ results: [BenchmarkResult], size: Int) -> [String: Cost] {
    Dictionary(grouping: results, by: \.mechanism).compactMapValues { cost($0, size: size) }
  }

  /// Returns the costs of the first benchmark of a mechanism, between two Swift processes if they were measured.
  private static func cost(_ results: [BenchmarkResult], size: Int) -> Cost? {
    guard let first = results.first else { return nil }
    let same = results.filter { $0.benchmark == first.benchmark }
    let sizes = Set(same.map(\.size)).sorted()
    guard let nearest = sizes.min(by: { abs($0 - size) < abs($1 - size) }) else { return nil }
    func measured(_ mode: BenchmarkMode) -> PairingResult? {
      let found = same.filter { $0.mode == mode && $0.size == nearest }
      let result = found.first { $0.placement == .twoCores } ?? found.first
      return result.flatMap { $0["swift>swift"] ?? $0.pairings.first }
    }
    let (exchange, flood) = (measured(.pingPong), measured(.flood))
    guard let pairing = (exchange ?? flood)?.pairing else { return nil }
    return Cost(
      benchmark: "\(first.benchmark) [\(pairing)]", size: nearest, oneWay: exchange.map { $0.time.value / 2 },
      messagesPerSecond: flood?.messagesPerSecond, bytesPerSecond: flood?.bytesPerSecond)
  }
}
