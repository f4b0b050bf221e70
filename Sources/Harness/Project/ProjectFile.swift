import Foundation

/// A user's project file, `interop.yaml`: the languages with their programs, and the scenarios for them.
public struct ProjectFile: Sendable {
  /// The path of the file.
  public let path: String
  /// The languages in file order, and the suite's reference peer.
  public let peers: PeerList
  /// The scenarios, one for each row of parameters.
  public let scenarios: [Scenario]
  /// The operations that roles played by the reference peer may use.
  public let registry: OperationRegistry
  /// The recordings of the first language's programs; empty if the project has no recording file.
  public let recordings: [CellRecording]
  private let installation: Installation

  /// The name of the file that `ipc-interop check` searches for.
  public static let name = "interop.yaml"

  private static let keys = ["languages", "faults", "scenarios"]

  /// Reads the file at `path`, shown in diagnostics as `name`.
  ///
  /// If `readsRecordings` is false, the recording file is not read, so that a file with errors can still be replaced.
  public init(
    at path: String, as name: String, _ installation: Installation, readsRecordings: Bool = true
  ) throws(FixtureErrors) {
    let log = DiagnosticLog()
    self.path = path
    self.installation = installation
    registry = ScenarioLoader.operations(root: installation.root, log: log)
    let suite = PeerList.load(files: ["\(installation.root)/fixtures/peers.yaml"], installation, log: log)
    (peers, scenarios) = Self.load(path, name, registry, suite, log)
    recordings =
      readsRecordings
      ? RecordingLoader.load(
        at: Self.recordings(of: path), as: Self.recordings(of: name), scenarios: scenarios, log: log) : []
    try log.check()
  }

  /// Returns the path of a project's recording file: `interop.recording.yaml` beside `interop.yaml`.
  public static func recordings(of path: String) -> String {
    for suffix in [".yaml", ".yml"] where path.hasSuffix(suffix) {
      return "\(path.dropLast(suffix.count)).recording.yaml"
    }
    return "\(path).recording.yaml"
  }

  private static func load(
    _ path: String, _ name: String, _ registry: OperationRegistry, _ suite: PeerList, _ log: DiagnosticLog
  ) -> (PeerList, [Scenario]) {
    let nothing = (suite, [Scenario]())
    guard log.count == 0, let source = FixtureFile(at: path, as: name, log: log),
      let document = FixtureDocument(source, log: log),
      let keys = document.root.map("the file", keys: keys, required: ["languages", "scenarios"])
    else { return nothing }
    let resolver = CommandResolver(file: path)
    let languages = keys["languages"].map { Self.languages($0, resolver) } ?? []
    let reference = suite.reference
    let peers = PeerList(
      languages + [
        PeerDescription(
          language: PeerList.referencePeer, peer: reference.peer, programs: nil, greetsAs: reference.language)
      ])
    let demands = keys["faults"].map(ContentParser.demands) ?? FaultDemand.all
    let parser = ScenarioParser(
      document: document, registry: registry, origin: .project(resolver), demands: demands)
    let scenarios = keys["scenarios"]?.nonEmptyList("scenarios").flatMap(parser.parse) ?? []
    ScenarioLoader.rejectDuplicates(scenarios, log)
    ScenarioLoader.rejectPeerDeaths(scenarios, log)
    return (peers, scenarios)
  }

  private static func languages(_ list: FixtureDocument.Value, _ resolver: CommandResolver) -> [PeerDescription] {
    let entries = PeerList.entries(list, keys: ["programs"], resolver)
    if entries.isEmpty, list.log.count == 0 { list.report("the file has no language") }
    return entries.map(\.peer)
  }

  /// The configuration for a run of all cells with the default options.
  public var configuration: RunConfiguration {
    var configuration = RunConfiguration(installation, peers: peers, registry: registry)
    configuration.recordings = recordings
    configuration.programs = Set(
      scenarios.flatMap(\.roles).compactMap { if case .program(let name, _) = $0.part { name } else { nil } })
    configuration.projects = [URL(fileURLWithPath: path).deletingLastPathComponent().resolvingSymlinksInPath().path]
    return configuration
  }
}
