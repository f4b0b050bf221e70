import Foundation
import PeerProtocol
import SystemPackage

/// The selection and the duration of a benchmark run.
public struct BenchmarkOptions: Sendable {
  /// The mechanisms or benchmarks to measure; all if empty.
  public var mechanisms: [String] = []
  /// The pairings to measure in addition to the reference; all if empty.
  public var pairs: [[String]] = []
  /// The number of times each pairing is measured.
  public var rounds = 5
  /// The seed for the order of the pairings in each round.
  public var seed: UInt64 = 1
  /// The time for one measurement, in seconds; if nil, at most 0.03 s, so that the run takes about five minutes.
  public var budget: Double?
  /// Whether only messages of at most 64 bytes are measured, on two processors.
  public var isQuick = false

  /// Creates the default options.
  public init() {}

  /// The maximum time for one measurement, in seconds.
  var longestBudget: Double { budget ?? 0.03 }
  /// The time limits for a whole run with five rounds, in seconds; with more rounds, the limits increase in proportion.
  private static let (complete, quick) = (280.0, 55.0)
  /// The time limit for the whole run, in seconds.
  var timeLimit: Double {
    budget == nil ? (isQuick ? Self.quick : Self.complete) * Double(rounds) / 5 : .infinity
  }
}

/// The current measurement of a benchmark run.
public struct BenchmarkProgress: Sendable, CustomStringConvertible {
  let number: Int
  let count: Int
  /// The benchmark or program.
  public let name: String
  let round: Int

  /// The progress on one line.
  public var description: String { "[\(number)/\(count)] \(name), round \(round)" }
}

/// Measures benchmarks in rounds; in each round, the language pairings take turns.
public struct BenchmarkRunner: Sendable {
  private let configuration: RunConfiguration
  private let definitions: [BenchmarkDefinition]
  private let programs: [ExternalProgram]
  private let options: BenchmarkOptions
  private let notes: [String]
  private let rules: [ComparisonRule]

  /// The operations that a peer must support to be measured.
  private static let operations: Set = ["bench_ping", "bench_pong", "bench_send", "bench_receive"]

  /// Selects the benchmarks for a run, and the programs to measure in addition to the peers.
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
      configuration: configuration, context: context, options: options, machine: machine, rules: rules, notes: notes,
      programs: ProgramSchedule(programs, in: configuration.root, count: options.rounds),
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
    let planned = definitions.flatMap { run.plan($0, languages: languages) }
    var pace = BenchmarkPace(
      limit: options.timeLimit, longest: options.longestBudget, work: planned.map { $0.work(rounds: options.rounds) })
    func show(_ number: Int, _ name: String, _ round: Int) {
      progress(BenchmarkProgress(number: number, count: planned.count, name: name, round: round))
    }
    for (index, plan) in planned.enumerated() where !Interruption.isRequested {
      while run.programs.isDue(before: index, of: planned.count), !Interruption.isRequested {
        try run.programs.run { show(index + 1, $0, $1) }
      }
      let budget = pace.budget(
        for: plan.work(rounds: options.rounds), elapsed: start.duration(to: .now).seconds)
      run.measure(plan, budget: budget) { show(index + 1, plan.name, $0) }
    }
    while run.programs.isDue(before: planned.count, of: planned.count), !Interruption.isRequested {
      try run.programs.run { show(planned.count, $0, $1) }
    }
    if planned.isEmpty { throw RunError("nothing was measured", status: .nothingSelected) }
    machine.loadOfOthers = meter.others
    return BenchmarkDocument(
      run: BenchmarkRun(
        machine: machine, implementations: probed.mapValues(\.greeting.implementation),
        reference: "\(languages[0])>\(languages[0])", rounds: options.rounds, seed: options.seed,
        budget: options.longestBudget, seconds: start.duration(to: .now).seconds),
      results: run.results, programs: run.programs.results(seed: options.seed), comparisons: run.comparisons,
      notes: run.notes + run.programs.notes, problems: run.problems, isComplete: !Interruption.isRequested)
  }
}

/// The state of a run.
private struct Run {
  let configuration: RunConfiguration
  let context: CellContext
  let options: BenchmarkOptions
  let machine: MachineDescription
  let rules: [ComparisonRule]
  var notes: [String]
  var programs: ProgramSchedule
  var problems: [String] = []
  var results: [BenchmarkResult] = []
  var comparisons: [ProgramComparison] = []
  var generator: SeededGenerator

  /// Returns the placements in which a benchmark is measured.
  func placements(of definition: BenchmarkDefinition) -> [BenchmarkPlacement] {
    let hasPair = machine.pair.count == 2
    if options.isQuick || definition.spins { return hasPair ? [.twoCores] : [] }
    // The rows of a benchmark have different message sizes, and the placement affects only small messages.
    let isSmall = (definition.sizes.min() ?? 0) <= 64
    return (hasPair ? [.twoCores] : []) + (isSmall || !hasPair ? [.oneCore] : [])
  }

  /// Returns a benchmark's planned measurements in each placement; an empty list if the machine does not meet the
  /// benchmark's requirements.
  mutating func plan(_ definition: BenchmarkDefinition, languages: [String]) -> [PlannedBenchmark] {
    if let need = MachineProbe.unmetNeed(of: definition.setUp, context) {
      notes.append("not measured: \(definition.id): \(need)")
      return []
    }
    let all = Pairing.all(of: definition.setUp, languages: languages)
    let pairings = all.enumerated().filter { $0.offset == 0 || isSelected($0.element) }.map(\.element)
    return placements(of: definition).compactMap { placement in
      let (modes, sizes) = extent(of: definition, placement)
      if modes.isEmpty || sizes.isEmpty { return nil }
      return PlannedBenchmark(
        definition: definition, placement: placement, pairings: pairings, modes: modes, sizes: sizes)
    }
  }

  /// Measures a benchmark in all rounds.
  ///
  /// If the benchmark fails, its measurement stops, and the run reports the failure.
  mutating func measure(_ plan: PlannedBenchmark, budget: Double, progress: (Int) -> Void) {
    let (definition, pairings) = (plan.definition, plan.pairings)
    let processors =
      plan.placement == .twoCores ? machine.pair : [Int](repeating: machine.processors.first ?? 0, count: 2)
    let compared = comparisons(with: plan)
    var series = BenchmarkSeries(
      definition: definition, placement: plan.placement, reference: pairings[0], pairings: pairings, budget: budget)
    func session(_ pairing: Pairing) throws(CellOutcome) -> BenchmarkSession {
      try BenchmarkSession(
        definition, pairing: pairing, peers: configuration.peers, processors: processors, context: context)
    }
    do throws(CellOutcome) {
      let first = try session(pairings[0])
      try series.calibrate(first, modes: plan.modes, sizes: plan.sizes)
      try first.finish()
      // Measure the reference twice, because the difference between the two times shows the noise.
      let turns =
        pairings.map { PlannedBenchmark.Turn.pairing($0, isControl: false) } + [.pairing(pairings[0], isControl: true)]
        + Set(compared.map(\.rule.program)).sorted().map { .program($0) }
      for round in 1...options.rounds where !Interruption.isRequested {
        progress(round)
        for turn in turns.shuffled(using: &generator) {
          switch turn {
          case .pairing(let pairing, let isControl):
            let session = try session(pairing)
            try series.measure(session, pairing, isControl: isControl)
            try session.finish()
          case .program(let name):
            do throws(RunError) { series.add(try programs.time(of: name), of: name) } catch {
              throw CellOutcome(.broken, error.description)
            }
          }
        }
      }
    } catch {
      problems.append("\(definition.id): \(error.reason ?? error.verdict.rawValue)")
      return
    }
    results += series.results(seed: options.seed)
    comparisons += series.comparisons(compared, seed: options.seed)
  }

  /// Returns the programs to compare a benchmark with.
  ///
  /// If two processors are available, only a benchmark that uses both is compared with programs.
  private func comparisons(with plan: PlannedBenchmark) -> [BenchmarkSeries.Compared] {
    guard plan.placement == .twoCores || machine.pair.count < 2 else { return [] }
    return rules.compactMap { rule in
      guard rule.benchmark == plan.definition.id, plan.modes.contains(rule.mode), plan.sizes.contains(rule.size),
        let kind = programs.kind(of: rule.program)
      else { return nil }
      return (rule, kind)
    }
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
    if placement == .oneCore, !isOnlyPlace {
      return (definition.modes.filter { $0 == .pingPong }, Array(sizes.filter { $0 <= 64 }.suffix(1)))
    }
    guard options.isQuick else { return (definition.modes, sizes) }
    return (definition.modes.filter { $0 != .paced }, Array(sizes.filter { $0 <= 64 }.suffix(1)))
  }
}

/// The measurements of one benchmark in one placement.
struct PlannedBenchmark {
  let definition: BenchmarkDefinition
  let placement: BenchmarkPlacement
  /// The pairings to measure, with the reference first.
  let pairings: [Pairing]
  let modes: [BenchmarkMode]
  let sizes: [Int]

  /// The measurements of one round.
  enum Turn {
    case pairing(Pairing, isControl: Bool)
    case program(String)
  }

  var name: String { "\(definition.id), \(placement.rawValue)" }

  /// Returns the sessions and measurements in all rounds; each round measures the reference twice.
  func work(rounds: Int) -> BenchmarkPace.Work {
    let sessions = rounds * (pairings.count + 1)
    return BenchmarkPace.Work(sessions: sessions + 1, measurements: sessions * modes.count * sizes.count)
  }
}
