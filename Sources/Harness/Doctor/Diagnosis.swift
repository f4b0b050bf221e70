import Glibc
import PeerProtocol

/// A feature, limit, object or program that the suite needs, and its availability on a machine.
public struct MachineCheck: Sendable, Encodable {
  let kind: Kind
  /// The name of the feature, limit, object or program, such as `futex_waitv`.
  let name: String
  let state: State
  /// The value or the error found on this machine.
  let found: String
  /// The number of cells that depend on this feature, limit, object or program.
  let cells: Int
  /// The effects of this value or error on the suite, in full sentences.
  let meaning: String
  /// The command that fixes the problem; nil if there is nothing to fix.
  var remedy: String?

  enum Kind: String, Sendable, CaseIterable, Encodable { case program, sandbox, feature, limit, tool }

  enum State: String, Sendable, Encodable {
    case present
    /// The cells that depend on this item are not run, or may fail.
    case lacking
    /// The machine could not be examined.
    case unknown
  }
}

/// The features, limits and programs that the suite needs, and the number of cells that cannot run because one is
/// missing.
///
/// A diagnosis uses the runner's own probes, so it reports exactly the cells that a run would skip.
public struct Diagnosis: Sendable {
  let checks: [MachineCheck]
  /// The number of cells in the suite.
  let cells: Int
  /// The number of cells that would not be run.
  let notRun: Int
  let isolation: String?
  let machine: MachineFacts
  let jobs: Int
  /// The reason why no cell can be run; nil if the suite can run.
  public let obstacle: String?

  /// The exit status, which reports a broken environment if no cell can run on this machine.
  public var status: ExitStatus { obstacle == nil ? .asExpected : .brokenEnvironment }

  /// Examines this machine for a run of all cells in `scenarios`.
  public init(_ configuration: RunConfiguration, scenarios: [Scenario]) {
    let plan = Plan(scenarios: scenarios, peers: configuration.peers)
    let costs = FeatureCosts(plan, configuration.registry)
    var capabilities: SandboxCapabilities?
    var probed: [String: ProbedPeer] = [:]
    var obstacle: String?
    do throws(RunError) {
      let found = try MachineProbe.capabilities(configuration)
      capabilities = found
      probed = try PeerProbe.probe(
        configuration.peers.peers(in: plan), configuration.peers, configuration.context(found))
    } catch { obstacle = error.description }

    cells = plan.cells.count
    notRun =
      capabilities.map { capabilities in
        let context = configuration.context(capabilities)
        return plan.groups.filter { MachineProbe.unmetNeed(of: $0.scenario, context) != nil }
          .reduce(0) { $0 + $1.cells.count }
      } ?? cells
    isolation = capabilities?.description
    machine = .current
    jobs = configuration.jobs
    self.obstacle = obstacle
    checks =
      Self.programs(configuration, plan, probed) + Self.sandbox(capabilities, costs, configuration)
      + Feature.allCases.sorted { $0.rawValue < $1.rawValue }.map { Self.check($0, capabilities, costs) }
      + Self.limits(capabilities, costs, jobs: configuration.jobs)
      + [Self.strace]
  }

  // MARK: - Programs

  private static func programs(
    _ configuration: RunConfiguration, _ plan: Plan, _ probed: [String: ProbedPeer]
  ) -> [MachineCheck] {
    func isExecutable(_ path: String) -> Bool { unsafe access(path, X_OK) == 0 }
    let build = "make build"
    let hasInit = isExecutable(configuration.sandboxInit)
    let first = MachineCheck(
      kind: .program, name: "sandbox-init", state: hasInit ? .present : .lacking,
      found: hasInit ? "executable" : "not executable", cells: plan.cells.count,
      meaning: "It is the first process of each cell: \(configuration.sandboxInit).", remedy: hasInit ? nil : build)
    return [first]
      + configuration.peers.peers(in: plan).map { peer in
        let file = peer.peer?.first ?? ""
        let implementation = probed[peer.language]?.greeting.implementation
        let state: MachineCheck.State =
          if implementation != nil { .present } else { isExecutable(file) ? .unknown : .lacking }
        return MachineCheck(
          kind: .program, name: "\(peer.language) peer", state: state,
          found: implementation ?? (state == .unknown ? "not started" : "not executable"),
          cells: plan.cells.count { cell in cell.pairing.contains { $0.language == peer.language } },
          meaning: "It plays the roles of \(peer.language): \(file).", remedy: state == .lacking ? build : nil)
      }
  }

  private static var strace: MachineCheck {
    let place = CommandResolver.search("strace")
    return MachineCheck(
      kind: .tool, name: "strace", state: place == nil ? .lacking : .present, found: place ?? "not in PATH", cells: 0,
      meaning: "fault-injection, check --fault-injection and check-peer without --quick inject failures with it.",
      remedy: place == nil ? "sudo apt-get install strace" : nil)
  }

  // MARK: - The sandbox

  private static func check(
    _ feature: Feature, _ capabilities: SandboxCapabilities?, _ costs: FeatureCosts
  ) -> MachineCheck {
    let lack = capabilities?.lack(of: feature)
    let isKnown = capabilities != nil
    return MachineCheck(
      kind: .feature, name: feature.rawValue, state: !isKnown ? .unknown : lack == nil ? .present : .lacking,
      found: !isKnown ? "not probed" : capabilities?.missing[feature] ?? (lack == nil ? "present" : "absent"),
      cells: costs[feature], meaning: "These cells require \(feature.description).",
      remedy: lack == nil ? nil : feature.remedy(errno: capabilities?.missing[feature]))
  }

  private static func sandbox(
    _ capabilities: SandboxCapabilities?, _ costs: FeatureCosts, _ configuration: RunConfiguration
  ) -> [MachineCheck] {
    guard let capabilities else { return [] }
    let isBlind = !capabilities.unobservableKinds.isEmpty
    let unseen = capabilities.unobservableKinds.sorted { $0.rawValue < $1.rawValue }
    return [
      MachineCheck(
        kind: .sandbox, name: "snapshots", state: isBlind ? .lacking : .present,
        found: isBlind ? "not of \(unseen.map(\.rawValue).joined(separator: ", "))" : "complete",
        cells: isBlind ? unseen.map { costs[$0] }.reduce(0, +) : 0,
        meaning: "A leak is found by comparing the kernel objects before and after a cell.",
        remedy: isBlind ? "sudo mkdir -p /dev/mqueue && sudo mount -t mqueue none /dev/mqueue" : nil),
      MachineCheck(
        kind: .sandbox, name: "unprivileged user", state: capabilities.runsAsRoot ? .lacking : .present,
        found: capabilities.runsAsRoot ? "peers are root" : "present", cells: 0,
        meaning: "Peers run as another user than root. That user must be able to read the suite and the peers.",
        remedy: capabilities.runsAsRoot ? "chmod -R o+rX \(configuration.root), and its parent directories" : nil),
      MachineCheck(
        kind: .sandbox, name: "Landlock", state: capabilities.hasLandlock ? .present : .lacking,
        found: capabilities.hasLandlock ? "present" : "absent", cells: 0,
        meaning: "It keeps the peers of a cell from tracing each other.",
        remedy: capabilities.hasLandlock ? nil : "use a kernel with CONFIG_SECURITY_LANDLOCK=y and lsm=landlock"),
    ]
  }

  private static func limits(_ capabilities: SandboxCapabilities?, _ costs: FeatureCosts, jobs: Int) -> [MachineCheck] {
    // A new IPC namespace has the kernel's built-in limits.
    let ofHost = capabilities?.isolation == .shared ? MachineLimit.ofHost : []
    return (MachineLimit.ofRunner(jobs: jobs, roles: costs.roles) + ofHost).map { limit in
      MachineCheck(
        kind: .limit, name: limit.name, state: limit.isTooLow ? .lacking : .present,
        found: limit.value.map(String.init) ?? "unlimited", cells: limit.feature.map { costs[$0] } ?? costs.all,
        meaning: limit.meaning, remedy: limit.isTooLow ? limit.remedy : nil)
    }
  }
}

/// The number of cells that need each feature and each kind of object.
private struct FeatureCosts {
  private var features: [Feature: Int] = [:]
  private var kinds: [ObjectKind: Int] = [:]
  private(set) var all = 0
  /// The largest number of roles in a scenario.
  private(set) var roles = 0

  init(_ plan: Plan, _ registry: OperationRegistry) {
    for group in plan.groups {
      let count = group.cells.count
      all += count
      roles = max(roles, group.scenario.roles.count)
      for feature in group.scenario.requirements(registry) { features[feature, default: 0] += count }
      for kind in ObjectKind.allCases where group.scenario.concerns(kind, registry) { kinds[kind, default: 0] += count }
    }
  }

  subscript(feature: Feature) -> Int { features[feature, default: 0] }
  subscript(kind: ObjectKind) -> Int { kinds[kind, default: 0] }
}
