import PeerProtocol

/// The measurements of one benchmark in one placement: its loads, in all pairings and rounds.
struct BenchmarkSeries {
  let definition: BenchmarkDefinition
  let placement: BenchmarkPlacement
  let reference: Pairing
  /// The pairings to measure, with the reference first.
  let pairings: [Pairing]
  /// The time for one measurement, in seconds.
  let budget: Double
  private(set) var loads: [Measured] = []
  /// For each program that the benchmark is compared with, the program's time in each round.
  private(set) var programs: [String: [Double]] = [:]

  /// A load and its measurements in each round.
  struct Measured {
    var load: BenchmarkSession.Load
    var samples: [Pairing: Samples] = [:]
    /// The second measurement of the reference in each round.
    var control: [Double] = []
  }

  /// The measurements of one pairing in all rounds.
  struct Samples {
    /// The median round trip in each round or, in flood mode, the time per message, in nanoseconds.
    var times: [Double] = []
    /// The mean time per message in each round.
    var means: [Double] = []
    var messages = 0
    var latency = LatencyHistogram()
    var service = LatencyHistogram()
  }

  /// Determines how many messages the reference pairing sends in a fraction of the budget.
  ///
  /// A measurement consists of several requests, so that it finishes in time even if the machine becomes busy: once
  /// spinning processes share a processor, each message costs them a scheduler time slice.
  mutating func calibrate(_ session: BenchmarkSession, modes: [BenchmarkMode], sizes: [Int]) throws(CellOutcome) {
    for mode in modes {
      for size in sizes {
        let trial = BenchmarkSession.Load(
          mode: mode == .flood ? .flood : .pingPong, size: size, count: size > 100_000 ? 20 : 100, warmup: 10)
        let measurement = try session.measure(trial)
        let each = max(measurement.elapsed / Double(trial.count), 20)
        let interval = mode == .paced ? max(2 * each, 1000) : 0
        let most = definition.spins ? Self.mostSpinning : Self.most
        let count = min(max(Int(budget / Self.parts * 1e9 / max(each, interval)), 10), most)
        loads.append(
          Measured(
            load: BenchmarkSession.Load(
              mode: mode, size: size, count: count, warmup: max(count / 10, 5), interval: Int(interval))))
      }
    }
  }

  /// The number of requests per measurement.
  private static let parts = 3.0
  /// The maximum number of messages per request.
  private static let most = 100_000
  /// The maximum number of messages per request if both processes spin.
  private static let mostSpinning = 500

  /// Measures all loads once.
  mutating func measure(_ session: BenchmarkSession, _ pairing: Pairing, isControl: Bool) throws(CellOutcome) {
    for index in loads.indices {
      var total = try session.measure(loads[index].load)
      let deadline = ContinuousClock.now + .seconds(budget * (Self.parts - 1) / Self.parts)
      while ContinuousClock.now < deadline { total.add(try session.measure(loads[index].load)) }
      add(total, pairing, isControl: isControl, at: index)
    }
  }

  /// Adds a measurement of a load, which need not have been measured before.
  mutating func add(
    _ measurement: BenchmarkSession.Measurement, _ pairing: Pairing, isControl: Bool, load: BenchmarkSession.Load
  ) {
    let known = loads.firstIndex { $0.load.mode == load.mode && $0.load.size == load.size }
    if known == nil { loads.append(Measured(load: load)) }
    add(measurement, pairing, isControl: isControl, at: known ?? loads.count - 1)
  }

  private mutating func add(
    _ measurement: BenchmarkSession.Measurement, _ pairing: Pairing, isControl: Bool, at index: Int
  ) {
    let isFlood = loads[index].load.mode == .flood
    let time = isFlood ? measurement.mean : measurement.latency.quantile(0.5) ?? measurement.mean
    if isControl {
      loads[index].control.append(time)
    } else {
      loads[index].samples[pairing, default: Samples()].add(time, measurement)
    }
  }

  /// Adds a program's time in one round.
  mutating func add(_ time: Double, of program: String) { programs[program, default: []].append(time) }

  /// Returns the results from all rounds.
  func results(seed: UInt64) -> [BenchmarkResult] {
    loads.compactMap { measured in
      guard let reference = measured.samples[reference] else { return nil }
      let load = measured.load
      let control = Estimate(median: Self.ratios(measured.control, to: reference.times), seed: seed)
      guard let control else { return nil }
      // The times of two runs of the same pairing differ only because of noise. The same noise affects every other
      // ratio.
      let noise = max(control.high / control.value, control.value / control.low) - 1
      let results = pairings.compactMap { pairing -> PairingResult? in
        guard let samples = measured.samples[pairing], let time = Estimate(median: samples.times, seed: seed) else {
          return nil
        }
        let ratio =
          pairing == self.reference
          ? nil : Estimate(median: Self.ratios(samples.times, to: reference.times), seed: seed)?.widened(by: noise)
        return PairingResult(pairing, time, ratio, samples, load)
      }
      return BenchmarkResult(
        benchmark: definition.id, mechanism: definition.mechanism, title: definition.setUp.title, mode: load.mode,
        size: load.size, placement: placement, interval: load.interval > 0 ? load.interval : nil,
        claim: definition.claim(for: load), control: control, pairings: results)
    }
  }

  /// Returns the ratios of the times, for the rounds that both series have completed.
  static func ratios(_ times: [Double], to reference: [Double]) -> [Double] {
    zip(times, reference).compactMap { $1 > 0 ? $0 / $1 : nil }
  }
}

extension BenchmarkSeries.Samples {
  mutating func add(_ time: Double, _ measurement: BenchmarkSession.Measurement) {
    times.append(time)
    means.append(measurement.mean)
    messages += measurement.count
    latency.add(measurement.latency)
    service.add(measurement.service)
  }
}

extension PairingResult {
  init(
    _ pairing: Pairing, _ time: Estimate, _ ratio: Estimate?, _ samples: BenchmarkSeries.Samples,
    _ load: BenchmarkSession.Load
  ) {
    let mean = Estimate.median(samples.means) ?? time.value
    let rate = mean > 0 ? 1e9 / mean : 0
    // A round trip carries a message in each direction.
    let messages = load.mode == .flood ? 1.0 : 2.0
    self.init(
      pairing: pairing.description, messages: samples.messages, time: time, ratio: ratio,
      percentiles: Self.percentiles(samples.latency),
      service: load.mode == .paced ? Self.percentiles(samples.service) : nil, messagesPerSecond: rate * messages,
      bytesPerSecond: load.size > 0 ? rate * messages * Double(load.size) : nil,
      histogram: samples.latency.count > 0 ? samples.latency.description : nil)
  }

  private static func percentiles(_ histogram: LatencyHistogram) -> [String: Double]? {
    guard let maximum = histogram.maximum else { return nil }
    var percentiles = ["max": maximum]
    for (name, fraction) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)] {
      percentiles[name] = histogram.quantile(fraction)
    }
    return percentiles
  }
}

extension BenchmarkDefinition {
  /// Returns the documented claim that a load tests.
  func claim(for load: BenchmarkSession.Load) -> BenchmarkResult.Claim? {
    switch load.mode {
    case .pingPong where load.size <= 1:
      claims.oneByte.map { BenchmarkResult.Claim(unit: "µs one way", low: $0.lowerBound, high: $0.upperBound) }
    case .flood where load.size >= 1 << 20:
      claims.bulk.map { BenchmarkResult.Claim(unit: "GB/s", low: $0.lowerBound, high: $0.upperBound) }
    default: nil
    }
  }
}
