/// Records the reference language's programs in every scenario.
public struct RecordingRunner: Sendable {
  private let configuration: RunConfiguration
  private let scenarios: [Scenario]
  /// The number of times to record each scenario; values that differ between these runs may also differ in later runs.
  private let runs: Int

  /// The recordings, and notes and failures to report to the user.
  public struct Result: Sendable {
    /// The recordings, in scenario order.
    public var recordings: [CellRecording] = []
    /// Descriptions of differences between runs and of calls that were not recorded, each with its scenario.
    public var notes: [String] = []
    /// The scenarios that did not pass in the reference language, with the reasons.
    public var failures: [String] = []

    /// Adds the recordings that this run does not replace: those of the project's other scenarios.
    ///
    /// - Throws: ``FixtureErrors`` if the project's recordings file has errors.
    public mutating func keepOthers(of file: ProjectFile) throws(FixtureErrors) {
      let path = ProjectFile.recordings(of: file.path)
      let kept = try DiagnosticLog.collect {
        RecordingLoader.load(at: path, as: path, scenarios: [], log: $0)
      }
      let known = file.scenarios.map(\.recordingID)
      let replaced = Set(recordings.map(\.scenario))
      recordings += kept.filter { known.contains($0.scenario) && !replaced.contains($0.scenario) }
      recordings.sort { (known.firstIndex(of: $0.scenario) ?? 0) < (known.firstIndex(of: $1.scenario) ?? 0) }
    }

    /// The text of the recordings file.
    public var text: String { RecordingWriter.text(recordings) }
  }

  /// Creates a runner for the scenarios that contain programs.
  public init(_ configuration: RunConfiguration, scenarios: [Scenario], runs: Int) {
    self.configuration = configuration
    self.scenarios = Self.select(scenarios, [])
    self.runs = runs
  }

  /// Returns the scenarios with programs whose ids contain one of the filters, or all such scenarios without filters.
  public static func select(_ scenarios: [Scenario], _ filters: [String]) -> [Scenario] {
    scenarios.filter { scenario in
      scenario.roles.contains { $0.part != .peer }
        && (filters.isEmpty || filters.contains { scenario.recordingID.contains($0) })
    }
  }

  /// Runs every scenario in the reference language.
  public func record() throws(RunError) -> Result {
    let context = configuration.context(try MachineProbe.capabilities(configuration))
    var result = Result()
    for scenario in scenarios where !Interruption.isRequested {
      if let need = MachineProbe.unmetNeed(of: scenario, context) {
        result.notes.append("\(scenario.recordingID): not recorded: \(need)")
        continue
      }
      record(scenario, context, into: &result)
    }
    return result
  }

  private func record(_ scenario: Scenario, _ context: CellContext, into result: inout Result) {
    var languages: [String: PeerDescription] = [:]
    for role in scenario.roles {
      languages[role.name] = role.language.flatMap { configuration.peers[$0] } ?? configuration.peers.reference
    }
    var merge: RecordingMerge?
    for _ in 0..<runs {
      let (outcome, recorded) = CellRun.record(scenario, languages: languages, names: CellNames(), context: context)
      guard let recorded, outcome.verdict == .passed || outcome.verdict == .leaked else {
        result.failures.append("\(scenario.recordingID): \(outcome.reason ?? outcome.verdict.rawValue)")
        return
      }
      if let role = recorded.cut {
        result.failures.append("\(scenario.recordingID): \(RecordedCell.reason(ofCut: role))")
        return
      }
      if merge == nil {
        merge = RecordingMerge(recorded.recording)
        result.notes += recorded.gaps.map { "\(scenario.recordingID): \($0)" }
      } else {
        merge?.add(recorded.recording, values: recorded.values)
      }
    }
    guard let merge else { return }
    guard merge.failures.isEmpty else {
      result.failures += merge.failures.map { "\(scenario.recordingID): \($0)" }
      return
    }
    result.recordings.append(merge.recording)
    result.notes += merge.notes.map { "\(scenario.recordingID): \($0)" }
  }
}
