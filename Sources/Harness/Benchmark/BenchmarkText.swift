/// The text shared by all benchmark reports.
enum BenchmarkText {
  /// Returns a time with three digits and a unit.
  static func time(_ nanoseconds: Double) -> String {
    switch nanoseconds {
    case ..<1e3: "\(digits(nanoseconds)) ns"
    case ..<1e6: "\(digits(nanoseconds / 1e3)) µs"
    case ..<1e9: "\(digits(nanoseconds / 1e6)) ms"
    default: "\(digits(nanoseconds / 1e9)) s"
    }
  }

  static func rate(_ messages: Double) -> String {
    switch messages {
    case ..<1e3: "\(digits(messages))/s"
    case ..<1e6: "\(digits(messages / 1e3)) k/s"
    default: "\(digits(messages / 1e6)) M/s"
    }
  }

  static func bytes(_ bytes: Double) -> String {
    switch bytes {
    case ..<1e3: "\(digits(bytes)) B/s"
    case ..<1e6: "\(digits(bytes / 1e3)) kB/s"
    case ..<1e9: "\(digits(bytes / 1e6)) MB/s"
    default: "\(digits(bytes / 1e9)) GB/s"
    }
  }

  /// Returns a ratio with its interval: `1.02 (0.99-1.05)`.
  static func ratio(_ ratio: Estimate) -> String {
    "\(decimal(ratio.value, places: 2)) (\(decimal(ratio.low, places: 2))-\(decimal(ratio.high, places: 2)))"
  }

  /// Returns a number with about three digits.
  static func digits(_ value: Double) -> String {
    decimal(value, places: value < 10 ? 2 : value < 100 ? 1 : 0)
  }

  static func title(_ mode: BenchmarkMode, _ placement: BenchmarkPlacement) -> String {
    let name =
      switch mode {
      case .pingPong: "Ping-pong"
      case .paced: "Paced"
      case .flood: "Flood"
      }
    return "\(name), \(placement.rawValue)"
  }

  static func title(_ kind: ExternalProgram.Kind) -> String {
    switch kind {
    case .limit: "Limits of the machine"
    case .library: "Other libraries"
    }
  }

  static func explanation(_ mode: BenchmarkMode) -> String {
    switch mode {
    case .pingPong: "The round-trip time. A message is sent when the previous one has returned."
    case .paced: "The time from a message's intended send time to its return, at half the ping-pong rate."
    case .flood: "As many messages as possible in one direction. The ratios compare the time per message."
    }
  }

  /// Returns the pairings in all results, in order of first appearance.
  static func pairings(of results: [BenchmarkResult]) -> [String] {
    var pairings: [String] = []
    for pairing in results.flatMap(\.pairings).map(\.pairing) where !pairings.contains(pairing) {
      pairings.append(pairing)
    }
    return pairings
  }

  /// Returns the facts about a run that every report begins with.
  static func facts(of run: BenchmarkRun) -> [(String, String)] {
    let machine = run.machine
    let mitigations = machine.mitigations.isEmpty ? "none" : machine.mitigations.joined(separator: ", ")
    return [
      ("processor", "\(machine.processor), \(machine.processors.count) usable\(machine.isVirtual ? ", virtual" : "")"),
      ("kernel", machine.kernel), ("governor", machine.governor), ("mitigations", mitigations),
      ("clock", "\(machine.clock), \(time(machine.clockCost)) per reading"),
      (
        "load",
        "\(decimal(machine.loadBefore, places: 2)) before; "
          + "other processes used \(decimal(machine.loadOfOthers, places: 2)) processors"
      ),
      ("rounds", "\(run.rounds), seed \(run.seed)"),
    ] + run.implementations.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// Returns the reasons why the results of a run may be unreliable.
  static func warnings(_ document: BenchmarkDocument) -> [String] {
    let machine = document.run.machine
    var warnings: [String] = []
    if machine.isNoisy {
      warnings.append("the machine was not idle: compare the ratios, whose intervals contain the noise, not the times")
    }
    let noisy = document.results.filter { $0.control.spread > 0.1 }
    if !noisy.isEmpty {
      warnings.append(
        "\(counted(noisy.count, "reference measurement")) differed by more than 10 % when repeated")
    }
    if machine.isVirtual { warnings.append("the machine is virtual: do not trust percentiles above p99") }
    if machine.pair.count < 2 { warnings.append("there is only one processor: nothing was measured on two") }
    if !document.isComplete { warnings.append("the run was interrupted") }
    return warnings
  }
}
