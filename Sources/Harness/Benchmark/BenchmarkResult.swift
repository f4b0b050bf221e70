/// The document that describes a benchmark run: the source for every report, and the input for `--compare`.
///
/// `docs/benchmark.schema.json` is the document's schema. An incompatible change increments `format`.
public struct BenchmarkDocument: Sendable, Codable {
  /// The version of the document format.
  public var format = Self.currentFormat
  static let currentFormat = 1

  /// Where and how the run was made.
  public var run: BenchmarkRun
  /// The measurements, in file order.
  public var results: [BenchmarkResult]
  /// The programs that were started between the benchmarks, to measure physical limits and other libraries.
  public var programs: [ProgramResult]
  /// The comparisons of measurements with a limit or a library.
  public var comparisons: [ProgramComparison]
  /// The omitted measurements, with their reasons.
  public var notes: [String]
  /// The benchmarks that failed.
  public var problems: [String]
  /// Whether the run finished without being interrupted.
  public var isComplete: Bool
}

/// Where and how a run was made.
public struct BenchmarkRun: Sendable, Codable {
  /// The machine and its other load.
  public var machine: MachineDescription
  /// The compiler or interpreter of each language.
  public var implementations: [String: String]
  /// The reference pairing, with which the other pairings are compared.
  public var reference: String
  /// The number of rounds.
  public var rounds: Int
  /// The seed for the order of the pairings in a round.
  public var seed: UInt64
  /// The maximum time for one measurement, in seconds.
  public var budget: Double
  /// The duration of the run, in seconds.
  public var seconds: Double
}

/// A benchmark with one message size in one mode, measured for all pairings.
public struct BenchmarkResult: Sendable, Codable {
  /// The benchmark, such as `pipe/pipe`.
  public var benchmark: String
  /// The benchmark's mechanism.
  public var mechanism: String
  /// A description of the measurement.
  public var title: String
  /// How the messages are paced.
  public var mode: BenchmarkMode
  /// The length of a message in bytes.
  public var size: Int
  /// The processors that the two processes run on.
  public var placement: BenchmarkPlacement
  /// The nanoseconds between two messages in paced mode.
  public var interval: Int?
  /// The commonly claimed performance: µs for one byte, or GB/s for many bytes.
  public var claim: Claim?
  /// The time of the reference pairing's second run in each round, divided by the time of its first run.
  ///
  /// This shows how precise the ratios are.
  public var control: Estimate
  /// The measurements of each pairing.
  public var pairings: [PairingResult]

  /// The commonly claimed range.
  public struct Claim: Sendable, Hashable, Codable {
    /// `µs one way` or `GB/s`.
    public var unit: String
    /// The lower bound.
    public var low: Double
    /// The upper bound.
    public var high: Double
  }

  /// The name of the measurement in lists: `pipe/pipe ping-pong 64 B, two cores`.
  public var name: String { "\(benchmark) \(mode.rawValue) \(size) B, \(placement.rawValue)" }

  subscript(pairing: String) -> PairingResult? { pairings.first { $0.pairing == pairing } }
}

/// The measurements of one pairing.
public struct PairingResult: Sendable, Codable {
  /// The languages of the two roles: `c>swift`.
  public var pairing: String
  /// The number of messages or round trips in all rounds.
  public var messages: Int
  /// The nanoseconds per round trip or, in flood mode, per message.
  public var time: Estimate
  /// `time` divided by the reference pairing's time in the same round; nil for the reference.
  public var ratio: Estimate?
  /// The nanoseconds per round trip by percentile: `p50`, `p90`, `p99`, `p99.9`, `max`; nil in flood mode.
  public var percentiles: [String: Double]?
  /// In paced mode, the same percentiles of the times measured from the actual send instead of the scheduled time.
  public var service: [String: Double]?
  /// Messages per second.
  public var messagesPerSecond: Double
  /// Bytes per second; nil if messages have no bytes.
  public var bytesPerSecond: Double?
  /// The histogram of round trips in all rounds, in the peer-protocol format; nil in flood mode.
  public var histogram: String?
}

/// A program that was started several times between the benchmarks.
public struct ProgramResult: Sendable, Codable {
  /// The name that the program printed.
  public var name: String
  /// The measured quantity, in words.
  public var title: String
  /// `limit` for a physical limit, or `library` for a library that a user could choose instead.
  public var kind: ExternalProgram.Kind
  /// The nanoseconds per operation: the median of the histogram or, without a histogram, the mean.
  public var time: Estimate
  /// Messages per second.
  public var messagesPerSecond: Double
  /// Bytes per second; nil if there are no bytes.
  public var bytesPerSecond: Double?
  /// The histogram for all rounds; nil if the program printed none.
  public var histogram: String?
}
