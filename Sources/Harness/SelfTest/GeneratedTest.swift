import Foundation
import Synchronization

/// Tests the suite with generated mutants: finds the scenarios in which each mutant changes a call, and runs them until
/// one fails.
public struct GeneratedTest: Sendable {
  private let configuration: RunConfiguration
  private let scenarios: [Scenario]
  private let list: GeneratedMutantList
  private let filters: [Glob]
  private let capabilities: SandboxCapabilities
  /// The factor that shortens the usual time limit; a mutant that exceeds the shorter limit counts as killed.
  private static let timeoutPart = 0.1
  /// The number of mutants that run at once per job.
  ///
  /// This is more than one, because many mutants do nothing but wait for their time limit to expire.
  private static let perJob = 2

  /// Creates a test of the mutants whose names match one of `filters`, or of all mutants if there are no filters.
  public init(
    _ configuration: RunConfiguration, scenarios: [Scenario], list: GeneratedMutantList, filters: [String]
  ) throws(RunError) {
    self.configuration = configuration
    self.list = list
    self.filters = filters.map(Glob.init(containing:))
    let capabilities = try MachineProbe.capabilities(configuration)
    self.capabilities = capabilities
    let context = configuration.context(capabilities)
    self.scenarios = scenarios.filter { MachineProbe.unmetNeed(of: $0, context) == nil }
  }

  private var context: CellContext {
    configuration.context(capabilities, timeoutMultiplier: configuration.timeoutMultiplier * Self.timeoutPart)
  }

  /// Runs all mutants, and reports to `listener`, one event at a time.
  public func run(listener: @escaping @Sendable (Event) -> Void) throws(RunError) -> RunSummary {
    let runner = CellRunner(listener: listener)
    let (sites, problems) = try record()
    let mutants = sites.keys.filter { mutant in
      filters.isEmpty || filters.contains { $0.matches(mutant.description) }
    }.sorted { $0.description < $1.description }
    let killed = Mutex<[String: [GeneratedMutant]]>([:])
    let work = mutants.map { mutant in
      { @Sendable (runner: CellRunner) -> Void in
        let result = test(mutant, sites[mutant] ?? [])
        if result.verdict == .passed { killed.withLock { $0[mutant.language, default: []].append(mutant) } }
        runner.emit(.cellEnded(result))
      }
    }
    let cells = mutants.map {
      $0.result(
        killedAt: nil, note: nil, isExpected: true, seconds: 0, configuration: configuration,
        isolation: capabilities.isolation
      ).cell
    }
    let description = RunDescription(
      cells: cells, jobs: configuration.jobs, isolation: "\(capabilities)", kernel: MachineProbe.kernel)
    return try runner.run(
      description, [CellRunner.Lane(threads: Self.perJob * configuration.jobs, work: work)], problems: problems,
      rules: configuration.rules, review: review)
  }

  /// Returns an error for each score below its minimum, and for each pattern for equivalent mutants that matches none.
  private func review(_ results: [CellResult]) -> [String] {
    guard filters.isEmpty, !Interruption.isRequested else { return [] }
    let scores = GeneratedScore.all(results)
    let fallen = scores.filter { $0.percentage < list.floors[$0.language] ?? 0 }.map { score in
      "\(score.language) kills \(decimal(score.percentage, places: 1)) % of its generated mutants; "
        + "\(GeneratedMutantList.file) requires \(list.floors[score.language] ?? 0) %"
    }
    let titles = results.map { $0.cell.title.replacing(": ", with: " ", maxReplacements: 1) }
    let unused = list.equivalents.filter { !titles.contains(where: $0.matches) }.map {
      "\($0.location): no generated mutant matches '\($0.pattern)'"
    }
    return fallen + unused
  }

  // MARK: - Which mutants change a call

  /// Runs every scenario with peers that record their calls, and returns the roles in which each mutant changes a call.
  private func record() throws(RunError) -> (sites: [GeneratedMutant: [Recorded]], problems: [String]) {
    let pairs = list.peers.peers.flatMap { peer in scenarios.map { (peer.language, $0) } }
    let shared = Mutex((next: 0, sites: [GeneratedMutant: [Recorded]](), problems: [String]()))
    let group = DispatchGroup()
    do throws(SandboxError) {
      try Threads.start(configuration.jobs, in: group) {
        while !Interruption.isRequested {
          let next = shared.withLock { state -> Int? in
            guard state.next < pairs.count else { return nil }
            defer { state.next += 1 }
            return state.next
          }
          guard let next else { return }
          let (reached, problem) = recorded(pairs[next].1, pairs[next].0)
          shared.withLock { state in
            for (mutant, site) in reached { state.sites[mutant, default: []].append(site) }
            if let problem { state.problems.append(problem) }
          }
        }
      }
    } catch {
      throw RunError("\(error)")
    }
    group.wait()
    if Interruption.isRequested { throw RunError("interrupted before the first mutant", status: .interrupted) }
    return shared.withLock { ($0.sites, $0.problems.sorted()) }
  }

  /// A scenario and a role in which a mutant changes a call.
  struct Recorded: Sendable {
    let scenario: Scenario
    let role: String
    /// The number of mutants that change a call made by the role.
    ///
    /// A smaller number means a more specific scenario.
    let others: Int
  }

  private func recorded(_ scenario: Scenario, _ language: String) -> ([(GeneratedMutant, Recorded)], problem: String?) {
    guard let peer = list.peer(language, nil),
      scenario.roles.allSatisfy({ $0.language != nil || ($0.part == .peer ? peer.peer != nil : peer.hasPrograms) })
    else { return ([], nil) }
    var languages: [String: PeerDescription] = [:]
    for role in scenario.roles { languages[role.name] = role.language.map { configuration.peers[$0] ?? peer } ?? peer }
    let start = configuration.context(capabilities)
    do throws(CellOutcome) {
      let cell = try CellRun(scenario, languages: languages, names: CellNames(), context: start)
      let outcome = cell.run()
      guard outcome.verdict == .passed else {
        return ([], "\(scenario.id) cannot be recorded with \(language): \(outcome.reason ?? "")")
      }
      return (cell.client.roles.filter { $0.role.language == nil }.flatMap { reached(by: $0, in: scenario) }, nil)
    } catch {
      return ([], error.missing != nil ? nil : "\(scenario.id): \(error.reason ?? "")")
    }
  }

  private func reached(by role: RoleProcess, in scenario: Scenario) -> [(GeneratedMutant, Recorded)] {
    let word = "reached "
    let names = Set(
      role.standardErrorLines.compactMap { $0.hasPrefix(word) ? String($0.dropFirst(word.count)) : nil })
    return names.map {
      (
        GeneratedMutant(language: role.language, name: $0),
        Recorded(scenario: scenario, role: role.name, others: names.count)
      )
    }
  }

  // MARK: - One mutant

  private func test(_ mutant: GeneratedMutant, _ sites: [Recorded]) -> CellResult {
    let start = ContinuousClock.now
    let equivalent = list.equivalent(mutant)
    // It is an error if an equivalent mutant is killed, so such a mutant gets the usual time limit.
    let context = equivalent == nil ? self.context : configuration.context(capabilities)
    let inTurn = Self.inTurn(sites)
    var killer: String?
    for site in inTurn where killer == nil && !Interruption.isRequested {
      if Self.isKilled(mutant, at: site.scenario, site.role, list, configuration, context) {
        killer = GeneratedMutant.Site(site.scenario, role: site.role).description
      }
    }
    let isStale = killer != nil && equivalent.map { !$0.pattern.contains("*") } == true
    return mutant.result(
      killedAt: killer, survivedAt: inTurn.map { GeneratedMutant.Site($0.scenario, role: $0.role) },
      note: isStale ? "\(equivalent?.location.description ?? "") says that nothing can notice it" : equivalent?.reason,
      isExpected: !isStale, seconds: start.duration(to: .now).seconds, configuration: configuration,
      isolation: capabilities.isolation)
  }

  /// Returns the sites in the order in which they are tried.
  ///
  /// The order alternates between mechanisms. Within a mechanism, the roles in which the fewest mutants change a call
  /// come first.
  private static func inTurn(_ sites: [Recorded]) -> [Recorded] {
    let groups = Dictionary(grouping: sites) { $0.scenario.mechanism }.mapValues { group in
      group.sorted { ($0.others, $0.scenario.id, $0.role) < ($1.others, $1.scenario.id, $1.role) }
    }.sorted { ($0.value[0].others, $0.key) < ($1.value[0].others, $1.key) }.map(\.value)
    let most = groups.map(\.count).max() ?? 0
    return (0..<most).flatMap { index in groups.compactMap { index < $0.count ? $0[index] : nil } }
  }

  /// Returns whether a scenario detects a mutant in one role while the reference plays the other roles.
  static func isKilled(
    _ mutant: GeneratedMutant, at scenario: Scenario, _ role: String, _ list: GeneratedMutantList,
    _ configuration: RunConfiguration, _ context: CellContext
  ) -> Bool {
    var languages: [String: PeerDescription] = [:]
    for other in scenario.roles {
      languages[other.name] =
        other.name == role
        ? list.peer(mutant.language, mutant.name)
        : configuration.peers[other.language ?? ""] ?? configuration.peers.reference
    }
    let outcome = CellRun.run(scenario, languages: languages, names: CellNames(), context: context)
    return [.failed, .crashed, .leaked, .timedOut].contains(outcome.verdict)
  }
}
