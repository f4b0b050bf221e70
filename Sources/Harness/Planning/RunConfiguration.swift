import Foundation
import SystemPackage

/// The options that the user requested for a run.
public struct RunConfiguration: Sendable {
  /// The path of the directory that contains `fixtures`.
  public let root: String
  /// The path of the sandbox init program.
  let sandboxInit: String
  /// The languages in the matrix.
  public let peers: PeerList
  /// The names of the programs that play roles.
  var programs: Set<String> = []
  /// The directories of a user's project, which stay visible in a sandbox.
  var projects: [String] = []
  /// The operations that scenarios may use.
  public let registry: OperationRegistry
  /// The cells to run; all by default.
  public var selection = Selection()
  /// The part of the selected cells to run; nil for all of them.
  public var partition: Partition?
  /// The maximum number of cells to run at a time.
  public var jobs = RunConfiguration.defaultJobs
  /// The seed that shuffles the scenarios; 0 keeps the file order.
  public var seed: UInt64 = 0
  /// The number of times to run each cell.
  ///
  /// A cell whose verdicts differ is flaky and counts as a failure.
  public var repetitions = 1
  /// The factor by which every time limit is multiplied.
  public var timeoutMultiplier = 1.0
  /// Whether cells run in private namespaces; by default, they do if possible.
  public var isolation = IsolationRule.auto
  /// Whether the first unexpected verdict ends the run.
  public var failFast = false
  /// The minimum number of cells to run; running fewer is a failure.
  public var requiredCells = 0
  /// The operations that each peer must support; a missing operation is a failure.
  public var requiredOperations: [RequiredOperations] = []
  /// The pairings to run; nil chooses them based on the number of languages.
  public var pairing: PairingStrategy.Name?
  /// The known incompatibilities between ABIs.
  var incompatibilities: [Incompatibility] = []
  /// Whether to also run the cells that cannot work between their peers' ABIs.
  public var runsIncompatible = false
  /// The command-line options, quoted for a shell, that rerun a cell under the same conditions.
  public var rerunOptions: [String] = []

  /// The user's scenario files, as given to `--scenarios`; empty for the suite's scenarios.
  public var scenarioFiles: [String] = []
  /// The peer lists, as given to `--peers`.
  public var peerFiles: [String] = []

  /// The recordings of the reference programs, to compare with the cells of their scenarios.
  public var recordings: [CellRecording] = []

  /// Creates a configuration with the default options.
  ///
  /// `sandboxInit` is the path of the sandbox init; by default, it is the path under `root` at which the build puts it.
  public init(root: String, sandboxInit: String? = nil, peers: PeerList, registry: OperationRegistry) {
    self.root = root
    self.sandboxInit = sandboxInit ?? "\(root)/build/bin/sandbox-init"
    self.peers = peers
    self.registry = registry
  }

  /// The path of the program that shortens transfers.
  var tracer: String {
    Sandbox.Settings(program: sandboxInit, capabilities: SandboxCapabilities(isolation: .shared)).tracer
  }

  var rules: RunSummary.Rules {
    RunSummary.Rules(requiredCells: requiredCells, failFast: failFast, allowsNoCells: partition != nil)
  }

  /// Creates a configuration for the files in a checkout or an installed suite.
  public init(_ installation: Installation, peers: PeerList, registry: OperationRegistry) {
    self.init(
      root: installation.root, sandboxInit: "\(installation.programs)/sandbox-init", peers: peers, registry: registry)
  }

  /// The program in the command line that reruns a cell, quoted for a shell.
  public var rerunProgram = "ipc-interop"
  /// The subcommand that reruns a cell, with the arguments that precede the cell name.
  public var command = "run"

  /// The peer that `check-peer` checks; nil in other runs.
  public var checkedPeer: PeerDescription?
  /// That peer's command as the user wrote it, quoted for a shell.
  public var checkedCommand = ""

  /// The subcommand that lists all cells.
  var listing: String { checkedPeer == nil ? "\(command) --list" : "check-peer --list \(checkedCommand)" }

  /// Returns the command line that reruns a cell.
  func rerun(cell id: String) -> String {
    guard checkedPeer != nil else { return rerun("\(command) \(id.quotedForShell)") }
    return "\(rerun("check-peer")) --filter \(id.quotedForShell) \(checkedCommand)"
  }

  /// Returns a subcommand's command line with this run's options, without a cell.
  func rerun(_ command: String) -> String { ([rerunProgram, command] + rerunOptions).joined(separator: " ") }

  func context(
    _ capabilities: SandboxCapabilities, timeoutMultiplier: Double? = nil, shortestTimeout: Duration = .zero
  ) -> CellContext {
    let multiplier = timeoutMultiplier ?? self.timeoutMultiplier
    let files = peers.files(programs: programs)
    var context = CellContext(
      registry: registry,
      // A multiplier below 1 is meant for the peers, so it does not shorten the time limit for the sandbox init.
      sandbox: Sandbox.Settings(
        program: sandboxInit, capabilities: capabilities, kept: keptPlaces(files), programs: files,
        timeout: Sandbox.Settings.usualTimeout * max(1, multiplier)),
      timeout: .seconds(20 * multiplier), shortestTimeout: shortestTimeout, project: projects.first)
    context.compatibility = Compatibility(incompatibilities, runsIncompatible: runsIncompatible)
    context.recordings = Dictionary(recordings.map { ($0.scenario, $0) }) { first, _ in first }
    return context
  }
}

extension String {
  /// The text in single quotes, as one word in a shell command.
  package var quotedForShell: String { "'\(replacing("'", with: #"'\''"#))'" }
}

extension RunConfiguration {
  /// Returns the directories that must stay visible in a sandbox even though the sandbox replaces `/tmp` and
  /// `/dev/shm`.
  ///
  /// A program's directory may contain the program's libraries. If a sandbox replaces that directory itself, only the
  /// program stays visible.
  private func keptPlaces(_ files: [String]) -> [String] {
    let own = [root, FilePath(sandboxInit).removingLastComponent().string] + projects
    let targets = files.map { URL(fileURLWithPath: $0).resolvingSymlinksInPath().path }
    let replaced = Sandbox.replacedDirectories
    let beside = (files + targets).filter { file in replaced.contains { file.hasPrefix("\($0)/") } }.map { file in
      let directory = FilePath(file).removingLastComponent().string
      return replaced.contains(directory) ? file : directory
    }
    return Set((own + beside).filter { !replaced.contains($0) && $0 != "/" && !$0.isEmpty }).sorted()
  }

  /// The default number of cells to run at a time: four per available CPU, but at most 32.
  ///
  /// A cell spends a third of its time waiting, so more cells than CPUs can run. The maximum exists because the number
  /// of available namespaces does not increase with the number of CPUs.
  public static let defaultJobs = min(4 * processors, 32)

  /// The number of CPUs on which this process may run; 1 if unknown.
  ///
  /// The number comes from the affinity mask in proc_pid_status(5), because `taskset(1)` and containers may allow fewer
  /// CPUs than the machine has.
  static var processors: Int {
    let key = "Cpus_allowed:"
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let mask = status.split(separator: "\n").first { $0.hasPrefix(key) }?.dropFirst(key.count) ?? ""
    return max(1, mask.reduce(0) { $0 + ($1.hexDigitValue?.nonzeroBitCount ?? 0) })
  }
}
