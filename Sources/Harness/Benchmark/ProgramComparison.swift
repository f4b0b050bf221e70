/// A rule that compares a measurement with a machine limit or a library.
struct ComparisonRule: Sendable {
  let benchmark: String
  let mode: BenchmarkMode
  let size: Int
  /// The name that the program prints.
  let program: String
  /// The maximum ratio of the times.
  let bound: Double
  let reason: String

  static let file = "fixtures/benchmark-comparisons.yaml"

  static func load(root: String, log: DiagnosticLog) -> [ComparisonRule] {
    FixtureFile(at: "\(root)/\(file)", as: file, log: log).map { parse($0, log: log) } ?? []
  }

  static func parse(_ source: FixtureFile, log: DiagnosticLog) -> [ComparisonRule] {
    guard let document = FixtureDocument(source, log: log) else { return [] }
    return document.root.nonEmptyList("comparisons").compactMap { ComparisonRule($0) }
  }

  private init?(_ value: FixtureDocument.Value) {
    let keys = ["benchmark", "mode", "size", "program", "at-most", "because"]
    guard let facts = value.map("a comparison", keys: keys, required: keys),
      let benchmark = facts["benchmark"]?.text("'benchmark'"),
      let mode = facts["mode"]?.choice("a mode", BenchmarkMode.self),
      let size = facts["size"]?.number("'size'", in: 0...1_000_000_000),
      let program = facts["program"]?.text("'program'"),
      let bound = facts["at-most"]?.text("'at-most'"), let reason = facts["because"]?.text("'because'")
    else { return nil }
    guard let factor = Double(bound.text), factor > 0, factor < 1e6 else {
      value.log.add(bound.location, "'at-most' is a number such as 1.3, not '\(abbreviated(bound.text))'")
      return nil
    }
    self.benchmark = benchmark.text
    self.mode = mode
    self.size = size
    self.program = program.text
    self.bound = factor
    self.reason = reason.text
  }
}

/// The ratio of a pairing's time per message to a program's time per operation in the same round.
public struct ProgramComparison: Sendable, Codable {
  /// The benchmark, such as `ring/spinning`.
  public var benchmark: String
  /// How the messages are paced.
  public var mode: BenchmarkMode
  /// The length of a message in bytes.
  public var size: Int
  /// The processors that the two processes run on.
  public var placement: BenchmarkPlacement
  /// The languages of the two roles: `c>swift`.
  public var pairing: String
  /// The limit or library.
  public var program: String
  /// The time per message divided by the program's time per operation.
  public var ratio: Estimate
  /// The maximum permitted ratio.
  public var bound: Double
  /// The reason for the bound.
  public var reason: String

  /// Whether the ratio can be within the bound, because its interval contains the bound or is entirely below it.
  public var holds: Bool { ratio.low <= bound }
}

extension ProgramComparison {
  static let title = "Compared with limits and libraries"
  static let explanation =
    "An exchange limit is compared with half of the median round trip. A library is measured like a mechanism."

  /// The table row for all reports: the measurement, the limit or library, the ratio, and whether the ratio is within
  /// the bound.
  var row: [String] {
    let most = decimal(bound, places: 2)
    return [
      "\(benchmark) \(mode.rawValue) \(size) B [\(pairing)]", program, BenchmarkText.ratio(ratio),
      holds ? "at most \(most)" : "more than \(most): \(reason)",
    ]
  }
}

extension BenchmarkSeries {
  /// A rule, and whether its program measures a limit or a library.
  typealias Compared = (rule: ComparisonRule, kind: ExternalProgram.Kind)

  /// Compares the measurements with the programs in the same round.
  ///
  /// A rule produces no result if its load or its program was not measured.
  func comparisons(_ compared: [Compared], seed: UInt64) -> [ProgramComparison] {
    compared.flatMap { compared -> [ProgramComparison] in
      let rule = compared.rule
      guard let measured = loads.first(where: { $0.load.mode == rule.mode && $0.load.size == rule.size }),
        let programTimes = programs[rule.program]
      else { return [] }
      let isOneWay = rule.mode == .pingPong && compared.kind == .limit
      return pairings.compactMap { pairing in
        let times = measured.samples[pairing]?.times ?? []
        let ratios = Self.ratios(times.map { isOneWay ? $0 / 2 : $0 }, to: programTimes)
        guard let ratio = Estimate(median: ratios, seed: seed) else { return nil }
        return ProgramComparison(
          benchmark: rule.benchmark, mode: rule.mode, size: rule.size, placement: placement,
          pairing: pairing.description, program: rule.program, ratio: ratio, bound: rule.bound, reason: rule.reason)
      }
    }
  }
}
