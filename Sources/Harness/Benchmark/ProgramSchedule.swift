import PeerProtocol

/// The programs in a run, and the output that they have printed.
///
/// The programs are spread over the run, so that they run under the same conditions as the benchmarks. A benchmark that
/// is compared with a program also starts the program in each round.
struct ProgramSchedule: Sendable {
  private static let timeout = Duration.seconds(60)

  private let programs: [ExternalProgram]
  private let directory: String
  private let count: Int
  /// Each program's measurements in each round.
  private var rounds: [[[ExternalProgram.Measurement]]]
  private var owners: [String: ExternalProgram] = [:]
  private var done = 0
  private(set) var notes: [String] = []

  /// Creates a schedule that starts each program `count` times.
  init(_ programs: [ExternalProgram], in directory: String, count: Int) {
    (self.programs, self.directory, self.count) = (programs, directory, count)
    rounds = programs.map { _ in [] }
  }

  /// Whether the programs must be started before benchmark `number` of `total`, counted from 0.
  func isDue(before number: Int, of total: Int) -> Bool {
    !programs.isEmpty && done < count && done * max(total, 1) <= number * count
  }

  /// Starts each program once.
  mutating func run(_ progress: (_ title: String, _ round: Int) -> Void) throws(RunError) {
    done += 1
    for (index, program) in programs.enumerated() where !Interruption.isRequested {
      progress(program.title, done)
      let printed = try program.run(in: directory, timeout: Self.timeout, notes: &notes)
      rounds[index].append(printed)
      for measurement in printed { owners[measurement.name] = program }
    }
  }

  /// Returns whether the program that printed this measurement measures a limit or a library; nil if no program printed
  /// it.
  func kind(of name: String) -> ExternalProgram.Kind? { owners[name]?.kind }

  /// Makes one measurement, and returns its time in nanoseconds.
  mutating func time(of name: String) throws(RunError) -> Double {
    let printed = try owners[name]?.run([name], in: directory, timeout: Self.timeout, notes: &notes)
    guard let measurement = printed?.first(where: { $0.name == name }) else {
      throw RunError("no program printed '\(name)'")
    }
    return measurement.time
  }

  /// Returns a result for each name that the programs printed.
  func results(seed: UInt64) -> [ProgramResult] {
    zip(programs, rounds).flatMap { ProgramResult.results(of: $0, $1, seed: seed) }
  }
}

extension ProgramResult {
  fileprivate static func results(
    of program: ExternalProgram, _ rounds: [[ExternalProgram.Measurement]], seed: UInt64
  ) -> [ProgramResult] {
    (rounds.first ?? []).map(\.name).compactMap { name in
      let measured = rounds.compactMap { $0.first { $0.name == name } }
      guard let time = Estimate(median: measured.map(\.time), seed: seed) else { return nil }
      var all = LatencyHistogram()
      for measurement in measured {
        if let histogram = try? LatencyHistogram(parsing: measurement.histogram) { all.add(histogram) }
      }
      let messages = measured.reduce(0) { $0 + Double($1.messages) }
      let bytes = measured.reduce(0) { $0 + Double($1.bytes) }
      // Compute the rate from the median time, because interruptions would dominate the mean of a short operation.
      let rate = time.value > 0 ? 1e9 / time.value : 0
      return ProgramResult(
        name: name, title: program.title, kind: program.kind, time: time, messagesPerSecond: rate,
        bytesPerSecond: bytes > 0 && messages > 0 ? rate * bytes / messages : nil,
        histogram: all.count > 0 ? all.description : nil)
    }
  }
}
