/// The generated mutants that every self-test runs, each in one scenario that is known to detect it.
public struct GeneratedSample: Sendable {
  let cells: [Cell]
  let work: [@Sendable (CellRunner) -> Void]
  /// An error for each entry whose scenario or role no longer exists.
  let problems: [String]

  /// Prepares to run the sample from a mutant list.
  init(
    _ list: GeneratedMutantList, _ scenarios: [Scenario], _ configuration: RunConfiguration,
    _ capabilities: SandboxCapabilities
  ) {
    var sites: [String: (scenario: Scenario, role: String)] = [:]
    for scenario in scenarios {
      for role in scenario.roles {
        sites[GeneratedMutant.Site(scenario, role: role.name).description] = (scenario, role.name)
      }
    }
    let context = configuration.context(capabilities)
    @Sendable func result(_ mutant: GeneratedMutant, _ site: String?, seconds: Double = 0) -> CellResult {
      mutant.result(
        killedAt: site, note: nil, isExpected: site != nil, seconds: seconds, configuration: configuration,
        isolation: capabilities.isolation)
    }
    var problems: [String] = []
    var planned: [(mutant: GeneratedMutant, text: String, scenario: Scenario, role: String)] = []
    for (mutant, text) in list.sample {
      guard let site = sites[text] else {
        problems.append(
          "\(GeneratedMutantList.sampleFile): \(text) does not exist; write the file again with 'make generated-sample'"
        )
        continue
      }
      if MachineProbe.unmetNeed(of: site.scenario, context) == nil {
        planned.append((mutant, text, site.scenario, site.role))
      }
    }
    self.problems = problems
    cells = planned.map { result($0.mutant, nil).cell }
    work = planned.map { planned in
      { @Sendable (runner: CellRunner) -> Void in
        let start = ContinuousClock.now
        let isKilled = GeneratedTest.isKilled(
          planned.mutant, at: planned.scenario, planned.role, list, configuration, context)
        let seconds = start.duration(to: .now).seconds
        runner.emit(.cellEnded(result(planned.mutant, isKilled ? planned.text : nil, seconds: seconds)))
      }
    }
  }
}

extension GeneratedSample {
  /// Chooses the sample from all mutants' results: for each call and kind of change, the mutant that was killed
  /// fastest.
  public struct Choice: Sendable {
    private var fastest: [String: CellResult] = [:]
    /// The time, in seconds, from which a mutant is too slow for the sample.
    ///
    /// A mutant that is killed by a time limit takes at least this long.
    private static let slow = 1.0

    /// Creates a choice without any results.
    public init() {}

    /// Adds a mutant's result.
    public mutating func add(_ result: CellResult) {
      // Whether a doubled call is detected often depends on what other processes do between the two calls.
      guard result.verdict == .passed, result.outcome.seconds < Self.slow, result.expectation?.contains("[") == true,
        !result.cell.title.hasSuffix(":double")
      else { return }
      let words = result.cell.title.split(separator: ":").map { $0.drop { $0 == " " } }
      let kind = words.prefix(2) + [words.count > 2 ? words[2].prefix(3) : ""]
      let key = kind.joined(separator: ":")
      if let known = fastest[key], known.outcome.seconds <= result.outcome.seconds { return }
      fastest[key] = result
    }

    /// The text of the sample file.
    public var text: String {
      let lines = fastest.values.map { result in
        "\(result.cell.title.replacing(": ", with: " ", maxReplacements: 1)) \(result.expectation ?? "")"
      }
      return "# Generated mutants, and a scenario and a role that notice each. Written by 'make generated-sample'.\n"
        + lines.sorted().map { $0 + "\n" }.joined()
    }
  }
}
