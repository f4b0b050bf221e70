import PeerProtocol

/// Explains the names that appear in the reports and in the fixtures.
public struct Explainer: Sendable {
  private let fixtures: Fixtures
  private let guide: MechanismGuide
  private let glossary: Glossary
  private let mutants: [Mutant]
  private let runnerMutants: [RunnerMutant]
  private let cells: [Cell]
  private let scripts: [Scenario]
  private let scenariosByMechanism: [String: [Scenario]]
  /// The ids of the scenarios that use each operation.
  private let scenariosByOperation: [String: [String]]

  /// Reads the fixtures about mechanisms, verdicts, errors and, in a checkout, mutants.
  public init(_ fixtures: Fixtures) throws(FixtureErrors) {
    self.fixtures = fixtures
    guide = try fixtures.guide()
    (glossary, mutants, runnerMutants) = try fixtures.glossary()
    cells = Plan(scenarios: fixtures.scenarios, peers: fixtures.peers).cells
    scripts = try fixtures.injectionScripts()
    scenariosByMechanism = Dictionary(grouping: fixtures.scenarios, by: \.mechanism)
    scenariosByOperation = Dictionary(
      fixtures.scenarios.flatMap { scenario in scenario.operations.map { ($0, [scenario.id]) } }, uniquingKeysWith: +)
  }

  /// The names that can be explained.
  public var names: [String] {
    guide.mechanisms.map(\.id) + mechanisms + scenarios + scripts.map(\.id).withoutDuplicates
      + Verdict.allCases.map(\.rawValue)
      + glossary.errors.flatMap { [$0.symbol] + ($0.alias.map { [$0] } ?? []) } + functions
      + mutants.map(\.name) + runnerMutants.map(\.name) + glossary.terms.map(\.term)
  }

  private var mechanisms: [String] { scenariosByMechanism.keys.sorted() }
  private var scenarios: [String] { fixtures.scenarios.map(\.id).withoutDuplicates }
  private var functions: [String] {
    (guide.mechanisms.flatMap(\.functions) + glossary.errors.flatMap { $0.causes.map(\.function) }).withoutDuplicates
  }

  /// Returns all explanations of a name: `pipe` is both a mechanism and a function.
  ///
  /// A cell name has the same explanation as its scenario's id.
  public func explain(_ name: String) throws(RunError) -> Explanations {
    let id = String(name.prefix { $0 != "[" })
    let found = [
      mechanism(name), scenario(id), script(id, cell: name), Verdict(rawValue: name.lowercased()).flatMap(verdict),
      error(name.uppercased()), function(name), mutant(name), runnerMutant(name),
      term(name.lowercased()),
    ].compactMap(\.self)
    if !found.isEmpty { return Explanations(explanations: found) }
    let clause = Suggestion.nearest(to: name, among: names).map { "did you mean '\($0)'?" }
    throw RunError(
      "'\(name)' is not a mechanism, scenario, verdict, errno, function or mutant; "
        + (clause ?? "'ipc-interop mechanisms' and 'ipc-interop run --list' show names"),
      status: .usage)
  }

  // MARK: - Mechanisms

  private func mechanism(_ id: String) -> Explanation? {
    let own = scenariosByMechanism[id] ?? []
    let facts = guide.mechanism(id)
    guard facts != nil || !own.isEmpty else { return nil }
    var result = Explanation(
      kind: .mechanism, name: id, summary: facts.map { "\($0.name): \($0.summary)" } ?? "Scenarios about \(id).")
    if let facts {
      result.add("Meets well", Self.needs(facts, .fits))
      result.add("Meets with some work", Self.needs(facts, .works))
      result.add("Does not meet", Self.needs(facts, .lacks))
      result.add("Usual mistakes", facts.warnings)
      result.add(
        "Programming",
        [
          .init(label: "C", text: facts.functions.joined(separator: ", ")),
          .init(label: "Swift", text: facts.types.joined(separator: ", ")),
          .init(label: "page", text: "Sources/IPC/IPC.docc/\(facts.page).md"),
        ] + facts.examples.map { .init(label: "example", text: "c-peers/examples/\($0).c, swift-examples \($0)") })
    }
    result.add("Standard", Self.citations(own.map(\.spec)))
    let symbols = own.flatMap(\.expectedErrors)
    let counts = Dictionary(symbols.map { ($0, 1) }, uniquingKeysWith: +).sorted {
      ($1.value, $0.key) < ($0.value, $1.key)
    }
    result.add("Errors that scenarios expect", Self.list(counts.map(\.key)))
    let count = cells.count { $0.mechanism == id }
    result.add(
      "Do",
      [
        "ipc-interop run --mechanism \(id)   (\(counted(count, "cell")) of \(counted(Set(own.map(\.id)).count, "scenario")))",
        "ipc-interop run --list --mechanism \(id)",
      ])
    return result
  }

  /// Returns the pages of the documents that the scenarios cite.
  private static func citations(_ specs: [String]) -> [Explanation.Entry] {
    func entry(_ label: String, _ names: [Substring]) -> Explanation.Entry? {
      names.isEmpty ? nil : .init(label: label, text: Set(names).sorted().joined(separator: ", "))
    }
    // A regular expression in a closure would be compiled in each call.
    let (standard, manual, document) = (/POSIX\.1-2024 ([a-z_]\w*)/, /\b[a-z_]\w*\([1-8]\)/, /docs\/[a-z-]+\.md/)
    return [
      entry("POSIX.1-2024", specs.flatMap { $0.matches(of: standard).map(\.output.1) }),
      entry("man pages", specs.flatMap { $0.matches(of: manual).map(\.output) }),
      entry("documents", specs.flatMap { $0.matches(of: document).map(\.output) }),
    ].compactMap(\.self)
  }

  private static func needs(_ facts: MechanismFacts, _ level: Fitness.Level) -> [Explanation.Entry] {
    Need.allCases.compactMap { need in
      facts.fitness[need].flatMap { $0.level == level ? .init(label: need.rawValue, text: $0.reason) : nil }
    }
  }

  // MARK: - Scenarios

  private func scenario(_ id: String) -> Explanation? {
    guard let scenario = fixtures.scenarios.first(where: { $0.id == id }) else { return nil }
    var result = Self.begin(.scenario, scenario)
    let requirements = scenario.requirements(fixtures.registry).sorted { $0.rawValue < $1.rawValue }
    result.add("Requires", requirements.map { .init(label: $0.rawValue, text: $0.description) })
    let pitfalls = fixtures.pitfalls.flatMap(\.pitfalls).filter { $0.scenarios.contains(id) }
    result.add("Usual mistakes", pitfalls.map(\.requirement))
    let caught = mutants.filter { mutant in mutant.catchers.contains { $0.scenario == id } }
    result.add("Defects that fail it", caught.map { .init(label: $0.verdict.rawValue, text: $0.wrong) })
    let count = cells.count { $0.scenario == id }
    result.add("Do", ["ipc-interop run \(id) --verbose   (\(counted(count, "cell")))"])
    return result
  }

  /// Explains a fault-injection script and, if `cell` is the name of one of its cells, the fault.
  private func script(_ id: String, cell: String) -> Explanation? {
    guard let script = scripts.first(where: { $0.id == id }) else { return nil }
    var result = Self.begin(.script, script)
    result.add("Injected", (Cell.Injection(cell: cell)?.description).map { [$0] } ?? [])
    result.add(
      "Do",
      [
        "ipc-interop fault-injection '\(cell)'   (needs strace; c and swift)",
        "ipc-interop check-peer --filter '\(cell)' COMMAND   (your peer)",
      ])
    return result
  }

  private static func begin(_ kind: Explanation.Kind, _ scenario: Scenario) -> Explanation {
    var result = Explanation(kind: kind, name: scenario.id, summary: scenario.title)
    result.add("Standard", ["\(scenario.spec) (\(scenario.level.rawValue))"])
    result.add("File", ["\(scenario.location)"])
    result.add(
      "Script",
      [.init(label: "roles", text: scenario.roles.map(\.name).joined(separator: ", "))]
        + scenario.steps.map { .init(text: $0.text) })
    return result
  }

  // MARK: - Verdicts, errors and functions

  private func verdict(_ verdict: Verdict) -> Explanation? {
    guard let facts = glossary.verdicts.first(where: { $0.verdict == verdict }) else { return nil }
    var result = Explanation(kind: .verdict, name: verdict.rawValue, summary: facts.meaning)
    result.add("Usual causes", facts.causes)
    result.add("Do", facts.advice)
    return result
  }

  private func error(_ symbol: String) -> Explanation? {
    guard let facts = glossary.errors.first(where: { $0.symbol == symbol || $0.alias == symbol }) else { return nil }
    var result = Explanation(
      kind: .errno, name: facts.symbol,
      summary: facts.meaning + (facts.alias.map { " On Linux, \($0) is the same." } ?? ""))
    result.add("Usual causes", facts.causes.map { .init(label: $0.function, text: $0.reason) })
    result.add("Do", facts.advice)
    result.add("Standard", facts.places)
    let tests = fixtures.scenarios.filter { $0.expectedErrors.contains { $0 == facts.symbol || $0 == facts.alias } }
    result.add("Scenarios that expect it", Self.list(tests.map(\.id).withoutDuplicates))
    return result
  }

  private func function(_ name: String) -> Explanation? {
    let users = guide.mechanisms.filter { $0.functions.contains(name) }
    let errors = glossary.errors.compactMap { error in
      error.causes.first { $0.function == name }.map { Explanation.Entry(label: error.symbol, text: $0.reason) }
    }
    guard !users.isEmpty || !errors.isEmpty else { return nil }
    var result = Explanation(kind: .function, name: name, summary: Self.summary(of: users))
    result.add(
      "Mechanisms", users.map { .init(label: $0.id, text: "\($0.name); Swift: \($0.types.joined(separator: ", "))") })
    result.add("Errors", errors)
    result.add("Scenarios that call it", Self.list(scenariosByOperation[name, default: []].withoutDuplicates))
    return result
  }

  // MARK: - Mutants and terms

  private func mutant(_ name: String) -> Explanation? {
    guard let mutant = mutants.first(where: { $0.name == name }) else { return nil }
    var result = Explanation(kind: .mutant, name: name, summary: "\(mutant.wrong) (\(mutant.language))")
    result.add(
      "Caught by",
      mutant.catchers.map { catcher in
        let row = catcher.parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
        return .init(label: "as \(catcher.role)", text: "\(catcher.scenario)\(row.isEmpty ? "" : "[\(row)]")")
      })
    result.add("Reason", [.init(label: mutant.verdict.rawValue, text: mutant.reason)])
    result.add(
      "Do", ["ipc-interop self-test \(name) --verbose", "ipc-interop explain \(mutant.catchers[0].scenario)"])
    return result
  }

  private func runnerMutant(_ name: String) -> Explanation? {
    guard let mutant = runnerMutants.first(where: { $0.name == name }) else { return nil }
    var result = Explanation(kind: .mutant, name: name, summary: "\(mutant.wrong) (the test runner)")
    result.add("File", ["Sources/\(mutant.file)"])
    result.add("Caught by", mutant.killers.map(\.name))
    result.add("Do", ["ipc-interop self-test \(name)"])
    return result
  }

  private func term(_ name: String) -> Explanation? {
    guard let facts = glossary.terms.first(where: { $0.term == name }) else { return nil }
    var result = Explanation(kind: .term, name: facts.term, summary: facts.meaning)
    result.add("Usual causes", facts.causes)
    result.add("Do", facts.advice)
    return result
  }

  /// Returns a function's purpose, inferred from the mechanisms that use it.
  private static func summary(of users: [MechanismFacts]) -> String {
    guard let first = users.first else { return "A C function that can fail with the errors below." }
    guard users.count == 1 else { return "A C function of \(counted(users.count, "mechanism"))." }
    return "A C function of \(first.id). \(first.name): \(first.summary)"
  }

  /// The maximum number of names in a list, so that it does not fill the screen.
  private static let maximumListed = 12

  /// Returns the names in one sentence.
  private static func list(_ names: [String]) -> [String] {
    guard !names.isEmpty else { return [] }
    let rest = names.count - maximumListed
    return [names.prefix(maximumListed).joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")]
  }
}

extension Scenario {
  /// The symbolic names of the errors that the scenario's steps expect.
  var expectedErrors: Set<String> {
    Set(
      steps.flatMap { step -> [String] in
        switch step.action {
        case .request(_, _, .error(let symbols, _)), .response(_, .error(let symbols, _)): return symbols
        case .transcript(_, _, let response):
          if case .error(let symbol, _)? = try? Response(parsing: response) { return [symbol] }
        default: break
        }
        return []
      })
  }
}
