import Foundation
import PeerProtocol
import SystemPackage

/// The selection and the duration of a benchmark run.
public struct BenchmarkOptions: Sendable {
  /// The mechanisms or benchmarks to measure; all if empty.
  public var mechanisms: [String] = []
  /// The pairings to measure beside the reference; all if empty.
  public var pairs: [[String]] = []
  /// How often each pairing is measured.
  public var rounds = 5
  /// The seed of the order of the pairings in each round.
  public var seed: UInt64 = 1
  /// The time for one measurement, in seconds.
  public var budget = 0.03
  /// Whether only messages of at most 64 bytes are measured, on two processors.
  public var isQuick = false

  /// Creates the default options.
  public init() {}
}

/// The current measurement of a benchmark run.
public struct BenchmarkProgress: Sendable, CustomStringConvertible {
  let number: Int
  let count: Int
  /// The benchmark or program.
  public let name: String
  let round: Int

  /// The progress in one line.
  public var description: String { "[\(number)/\(count)] \(name), round \(round)" }
}

/// Measures benchmarks: the pairings of languages in turn, in rounds.
public struct BenchmarkRunner: Sendable {
  private let configuration: RunConfiguration
  private let definitions: [BenchmarkDefinition]
  private let programs: [ExternalProgram]
  private let options: BenchmarkOptions
  private let notes: [String]
  private let rules: [ComparisonRule]

  /// The operations that a peer must have to be measured.
  private static let operations: Set = ["bench_ping", "bench_pong", "bench_send", "bench_receive"]

  /// Selects the benchmarks of a run, and the programs that are measured beside the peers.
  public init(
    _ configuration: RunConfiguration, _ installation: Installation, options: BenchmarkOptions
  ) throws(RunError) {
    self.configuration = configuration
    self.options = options
    let all: [BenchmarkDefinition]
    do throws(FixtureErrors) {
      all = try BenchmarkLoader.load(root: FilePath(installation.root), registry: configuration.registry)
      (programs, notes) = try ExternalProgram.load(installation)
      rules = try DiagnosticLog.collect { ComparisonRule.load(root: installation.root, log: $0) }
    } catch {
      throw RunError("\(error)", status: .usage)
    }
    let selected = options.mechanisms
    let names = Set(all.flatMap { [$0.mechanism, $0.id] })
    for name in selected where !names.contains(name) {
      throw RunError(
        "there is no benchmark '\(name)'\(Suggestion.clause(for: name, among: names.sorted()))",
        status: .nothingSelected)
    }
    definitions = all.filter { selected.isEmpty || selected.contains($0.mechanism) || selected.contains($0.id) }
  }

  /// Measures everything.
  public func run(progress: (BenchmarkProgress) -> Void) throws(RunError) -> BenchmarkDocument {
    let start = ContinuousClock.now
    var machine = MachineDescription()
    let meter = LoadMeter()
    let capabilities = try MachineProbe.capabilities(configuration)
    let base = configuration.context(capabilities)
    let probed = try PeerProbe.probe(configuration.peers.peers, configuration.peers, base)
    let context = base.knowing(probed, configuration.registry)
    var run = Run(
      configuration: configuration, context: context, options: options, machine: machine, notes: notes,
      generator: SeededGenerator(seed: options.seed))
    let languages = configuration.peers.peers.map(\.language).filter { language in
      guard let operations = probed[language]?.greeting.operations else { return false }
      let missing = Self.operations.subtracting(operations)
      if !missing.isEmpty { run.notes.append("not measured: \(language), which has no \(missing.sorted()[0])") }
      return missing.isEmpty
    }
    guard languages.first == configuration.peers.reference.language else {
      throw RunError("the peer of \(configuration.peers.reference.language) has no benchmarks, so nothing is compared")
    }
    let planned = definitions.flatMap { definition in run.placements(of: definition).map { (definition, $0) } }
    for (index, (definition, placement)) in planned.enumerated() where !Interruption.isRequested {
      run.measure(definition, placement, languages: languages) { round in
        progress(
          BenchmarkProgress(
            number: index + 1, count: planned.count, name: "\(definition.id), \(placement.rawValue)", round: round))
      }
    }
    try run.measure(programs, in: configuration.root) {
      progress(BenchmarkProgress(number: planned.count, count: planned.count, name: $0, round: $1))
    }
    if planned.isEmpty { throw RunError("nothing was measured", status: .nothingSelected) }
    machine.loadOfOthers = meter.others
    return BenchmarkDocument(
      run: BenchmarkRun(
        machine: machine, implementations: probed.mapValues(\.greeting.implementation),
        reference: "\(languages[0])>\(languages[0])", rounds: options.rounds, seed: options.seed,
        budget: options.budget, seconds: start.duration(to: .now).seconds),
      results: run.results, programs: run.programs,
      comparisons: BenchmarkDocument.comparisons(rules, results: run.results, programs: run.programs), notes: run.notes,
      problems: run.problems,
      isComplete: !Interruption.isRequested)
  }
}

/// The state of a run.
private struct Run {
  let configuration: RunConfiguration
  let context: CellContext
  let options: BenchmarkOptions
  let machine: MachineDescription
  var notes: [String]
  var problems: [String] = []
  var results: [BenchmarkResult] = []
  var programs: [ProgramResult] = []
  var generator: SeededGenerator

  /// Returns where a benchmark is measured.
  func placements(of definition: BenchmarkDefinition) -> [BenchmarkPlacement] {
    let hasPair = machine.pair.count == 2
    if options.isQuick || definition.spins { return hasPair ? [.twoCores] : [] }
    // Rows of one benchmark differ in the sizes; small messages show the placement.
    let isSmall = (definition.sizes.min() ?? 0) <= 64
    return (hasPair ? [.twoCores] : []) + (isSmall || !hasPair ? [.oneCore] : [])
  }

  /// Measures a benchmark in all rounds; a failure ends it, and becomes a problem of the run.
  mutating func measure(
    _ definition: BenchmarkDefinition, _ placement: BenchmarkPlacement, languages: [String], progress: (Int) -> Void
  ) {
    let all = Pairing.all(of: definition.setUp, languages: languages)
    let pairings = all.enumerated().filter { $0.offset == 0 || isSelected($0.element) }.map(\.element)
    if let need = MachineProbe.unmetNeed(of: definition.setUp, context) {
      notes.append("not measured: \(definition.id): \(need)")
      return
    }
    let processors = placement == .twoCores ? machine.pair : [Int](repeating: machine.processors.first ?? 0, count: 2)
    var series = BenchmarkSeries(
      definition: definition, placement: placement, reference: pairings[0], pairings: pairings,
      budget: options.budget)
    func session(_ pairing: Pairing) throws(CellOutcome) -> BenchmarkSession {
      try BenchmarkSession(
        definition, pairing: pairing, peers: configuration.peers, processors: processors, context: context)
    }
    do throws(CellOutcome) {
      let (modes, sizes) = extent(of: definition, placement)
      if modes.isEmpty || sizes.isEmpty { return }
      let first = try session(pairings[0])
      try series.calibrate(first, modes: modes, sizes: sizes)
      try first.finish()
      for round in 1...options.rounds where !Interruption.isRequested {
        progress(round)
        // The reference is measured twice: the difference is the noise.
        let order = (pairings.map { ($0, false) } + [(pairings[0], true)]).shuffled(using: &generator)
        for (pairing, isControl) in order {
          let session = try session(pairing)
          try series.measure(session, pairing, isControl: isControl)
          try session.finish()
        }
      }
    } catch {
      problems.append("\(definition.id): \(error.reason ?? error.verdict.rawValue)")
      return
    }
    results += series.results(seed: options.seed)
  }

  private func isSelected(_ pairing: Pairing) -> Bool {
    options.pairs.isEmpty
      || options.pairs.contains { pair in
        pairing.languages.enumerated().allSatisfy { index, language in
          ["*", language].contains(pair[index % pair.count])
        }
      }
  }

  /// Returns the modes and sizes to measure.
  private func extent(
    of definition: BenchmarkDefinition, _ placement: BenchmarkPlacement
  ) -> (modes: [BenchmarkMode], sizes: [Int]) {
    let isOnlyPlace = machine.pair.count < 2
    let sizes = definition.sizes
    if placement == .oneCore, !isOnlyPlace { return ([.pingPong], Array(sizes.filter { $0 <= 64 }.suffix(1))) }
    guard options.isQuick else { return (definition.modes, sizes) }
    return (definition.modes.filter { $0 != .paced }, Array(sizes.filter { $0 <= 64 }.suffix(1)))
  }

  /// Starts each program once in each round.
  mutating func measure(
    _ programs: [ExternalProgram], in directory: String, progress: (String, Int) -> Void
  ) throws(RunError) {
    for program in programs where !Interruption.isRequested {
      var rounds: [[ExternalProgram.Measurement]] = []
      for round in 1...options.rounds {
        progress(program.title, round)
        rounds.append(try program.run(in: directory, timeout: .seconds(60), notes: &notes))
      }
      self.programs += ProgramResult.results(of: program, rounds, seed: options.seed)
    }
  }
}

extension ProgramResult {
  /// Returns a result for each name that a program printed.
  static func results(
    of program: ExternalProgram, _ rounds: [[ExternalProgram.Measurement]], seed: UInt64
  ) -> [ProgramResult] {
    (rounds.first ?? []).map(\.name).compactMap { name in
      let measured = rounds.compactMap { $0.first { $0.name == name } }
      var all = LatencyHistogram()
      var times: [Double] = []
      for measurement in measured {
        let mean = Double(measurement.elapsed) / Double(max(measurement.messages, 1))
        let histogram = (try? LatencyHistogram(parsing: measurement.histogram)) ?? LatencyHistogram()
        all.add(histogram)
        times.append(histogram.quantile(0.5) ?? mean)
      }
      guard let time = Estimate(median: times, seed: seed) else { return nil }
      let messages = measured.reduce(0) { $0 + Double($1.messages) }
      let bytes = measured.reduce(0) { $0 + Double($1.bytes) }
      // The median is that of the time: interruptions would dominate the mean of a short operation.
      let rate = time.value > 0 ? 1e9 / time.value : 0
      return ProgramResult(
        name: name, title: program.title, kind: program.kind, time: time, messagesPerSecond: rate,
        bytesPerSecond: bytes > 0 && messages > 0 ? rate * bytes / messages : nil,
        histogram: all.count > 0 ? all.description : nil)
    }
  }
}
