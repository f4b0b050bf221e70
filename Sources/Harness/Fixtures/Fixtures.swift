import Foundation
import SystemPackage

/// The contents of all fixture files; their errors are reported together.
public struct Fixtures: Sendable {
  /// The locations of the files.
  public let installation: Installation
  /// The path of the directory that contains `fixtures`.
  public var root: String { installation.root }
  /// The suite's scenarios in ``scope``, or those in the user's files; there is one value for each row of parameters.
  public let scenarios: [Scenario]
  /// The operations that scenarios may use.
  public let registry: OperationRegistry
  /// The languages of the matrix.
  public let peers: PeerList
  /// The cells that are not expected to pass, with their verdicts.
  public let expectations: Expectations
  /// The pitfalls, in groups.
  ///
  /// Empty if a scenario has an error or is not in ``scope``, and for a user's scenarios.
  public let pitfalls: [PitfallGroup]
  /// The mechanisms whose scenarios were loaded.
  public let scope: LoadingScope

  /// The cells that cannot work across ABIs.
  let incompatibilities: [Incompatibility]
  /// The keyword that selects the peers in `fixtures/more-peers.yaml`; it replaces a file name.
  public static let allPeers = "all"

  /// Reads the fixtures, and the additional languages in the files `peers`.
  ///
  /// The name `all` in place of a file in `peers` selects all of the suite's peers that have been built. Only the
  /// scenarios that `selection` may select are loaded, because loading scenarios takes longer than running a cell. If
  /// `scenarios` names a user's files, their scenarios replace those of the suite.
  public init(
    _ installation: Installation, peers more: [String] = [], scenarios own: [String] = [],
    for selection: Selection = Selection()
  ) throws(FixtureErrors) {
    let log = DiagnosticLog()
    self.init(installation, peers: more, scenarios: own, for: selection, log: log)
    try log.check()
  }

  private init(
    _ installation: Installation, peers more: [String], scenarios own: [String], for selection: Selection,
    log: DiagnosticLog
  ) {
    self.installation = installation
    let root = installation.root
    if own.isEmpty {
      scope = LoadingScope(selection, among: ScenarioLoader.mechanisms(root: FilePath(root), log: log))
      (scenarios, registry) = ScenarioLoader.load(root: FilePath(root), scope: scope, log: log)
    } else {
      scope = .everything
      (scenarios, registry) = ScenarioLoader.load(ofUser: own, root: FilePath(root), log: log)
    }
    // If scenarios have errors, the pitfalls that refer to them would cause further errors.
    let haveScenarios = log.count == 0
    // An installed suite has only the peers in fixtures/peers.yaml.
    let files = more.map { $0 == Self.allPeers ? "\(root)/fixtures/more-peers.yaml" : $0 }.filter {
      $0 != "\(root)/fixtures/more-peers.yaml" || FileManager.default.fileExists(atPath: $0)
    }
    peers = PeerList.load(
      files: ["\(root)/fixtures/peers.yaml"] + files, installation,
      mayLack: more.contains(Self.allPeers) ? ["\(root)/fixtures/more-peers.yaml"] : [],
      mustHave: Set(more.filter { $0 != Self.allPeers }), log: log)
    incompatibilities = Incompatibility.load(root: root, registry: registry, log: log)
    let file = "fixtures/expectations.yaml"
    expectations = own.isEmpty ? Expectations.load(at: "\(root)/\(file)", as: file, log: log) : .none
    pitfalls =
      haveScenarios && scope.isEverything && own.isEmpty
      ? PitfallGroup.load(root: root, scenarios: scenarios, log: log) : []
  }

  /// Returns whether the mutants are there: only a checkout has them.
  public static func hasMutants(_ installation: Installation) -> Bool {
    FileManager.default.fileExists(atPath: "\(installation.root)/fixtures/mutants.yaml")
  }

  /// Returns a selection of the mechanisms whose scenarios must catch the named peer mutants.
  ///
  /// The selection contains everything if a name is not a peer mutant.
  public static func selection(catching mutants: [String], _ installation: Installation) -> Selection {
    Selection(mechanisms: MutantLoader.mechanisms(catching: mutants, root: installation.root)?.sorted() ?? [])
  }

  /// Reads the peer mutants, the runner mutants, the generated mutants, and the mutant builds.
  ///
  /// If ``scope`` does not contain all mechanisms, only the peer mutants that its scenarios must catch are read.
  public func mutants(builds file: String?) throws(FixtureErrors) -> (
    build: MutantBuild, mutants: [Mutant], ofRunner: [RunnerMutant], generated: GeneratedMutantList
  ) {
    let log = DiagnosticLog()
    let peers = PeerList.load(files: [file ?? "\(root)/fixtures/mutant-peers.yaml"], installation, log: log)
    let mutants = MutantLoader.load(
      root: root, scenarios: scenarios, scope: scope, languages: peers.languages, log: log)
    let ofRunner =
      scope.isEverything ? RunnerMutantLoader.load(root: root, mutants: mutants.map(\.name), log: log) : []
    let generated = GeneratedMutantList.load(root: root, log: log)
    try log.check()
    return (MutantBuild(peers), mutants, ofRunner, generated)
  }

  /// Reads the assertions from public test suites, used only in the coverage report.
  public func assertions() throws(FixtureErrors) -> AssertionLedger {
    let log = DiagnosticLog()
    let ledger = AssertionLedger.load(root: root, scenarios: scenarios, log: log)
    try log.check()
    return ledger
  }

  /// Reads the fault-injection scripts.
  ///
  /// Explanations need them even if nothing is run.
  func injectionScripts() throws(FixtureErrors) -> [Scenario] {
    try ScenarioLoader.loadInjectionScripts(root: FilePath(root), registry: registry)
  }

  /// Reads the guide to the mechanisms, used only for recommendations and explanations.
  public func guide() throws(FixtureErrors) -> MechanismGuide {
    let log = DiagnosticLog()
    let guide = MechanismGuide.load(root: root, operations: registry, pitfalls: pitfalls, log: log)
    try log.check()
    return guide
  }

  /// Reads the meanings of verdicts and errors and, in a checkout, the peer mutants and the runner mutants.
  func glossary() throws(FixtureErrors) -> (Glossary, [Mutant], [RunnerMutant]) {
    let log = DiagnosticLog()
    let glossary = Glossary.load(root: root, log: log)
    let builds = "\(root)/fixtures/mutant-peers.yaml"
    var mutants: [Mutant] = []
    var ofRunner: [RunnerMutant] = []
    if FileManager.default.fileExists(atPath: builds) {
      let peers = PeerList.load(files: [builds], installation, log: log)
      mutants = MutantLoader.load(root: root, scenarios: scenarios, languages: peers.languages, log: log)
      ofRunner = RunnerMutantLoader.load(root: root, mutants: mutants.map(\.name), log: log)
    }
    try log.check()
    return (glossary, mutants, ofRunner)
  }

  /// The configuration for a run of all cells with the default options.
  public var configuration: RunConfiguration {
    var configuration = RunConfiguration(installation, peers: peers, registry: registry)
    configuration.incompatibilities = incompatibilities
    return configuration
  }
}
