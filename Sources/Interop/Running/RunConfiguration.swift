/// What a run is to do.
public struct RunConfiguration: Sendable {
  public let root: String
  public let warden: String
  public let peers: PeerList
  public let vocabulary: Vocabulary
  public var selection = Selection()
  /// How many cells may run at a time.
  public var jobs = RunConfiguration.usualJobs
  /// Decides the order of the scenarios; 0 keeps that of the files.
  public var seed: UInt64 = 0
  /// How often each cell is run. One that does not always end alike is flaky, and that is a failure.
  public var repetitions = 1
  /// Multiplies every time limit.
  public var timeoutMultiplier = 1.0
  public var isolation = IsolationRule.auto
  public var failFast = false
  /// Fewer cells than this that were really run are a failure.
  public var requiredCells = 0
  /// Whether a cell that does not pass is told apart from a broken machine by its control cell.
  var asksControl = true
  /// What the machine is known to allow; nil when it is to be probed.
  var surroundings: Surroundings?
  /// Languages that were asked already for what cannot exist.
  var believed: Set<String> = []
  /// What a command that runs a cell again needs behind its name: options, as a shell takes them.
  public var rerunOptions: [String] = []
  /// The command that runs a cell again; nil when `run` is that, by the cell's id.
  var rerun: String?

  public init(root: String, warden: String, peers: PeerList, vocabulary: Vocabulary) {
    self.root = root
    self.warden = warden
    self.peers = peers
    self.vocabulary = vocabulary
  }

  /// The same for other peers.
  func of(_ peers: PeerList) -> RunConfiguration {
    var other = RunConfiguration(root: root, warden: warden, peers: peers, vocabulary: vocabulary)
    other.timeoutMultiplier = timeoutMultiplier
    other.isolation = isolation
    return other
  }

  /// `command` of this program, and what it was told besides to run these cells.
  func again(_ command: String) -> String { (["ipc-interop", command] + rerunOptions).joined(separator: " ") }

  func context(_ surroundings: Surroundings) -> CellRun.Context {
    CellRun.Context(
      vocabulary: vocabulary,
      // Never shorter: a limit that is to make peers fail says nothing of the warden.
      sandbox: Sandbox.Settings(
        warden: warden, surroundings: surroundings, kept: root, patience: .seconds(10 * max(1, timeoutMultiplier))),
      patience: .seconds(20 * timeoutMultiplier))
  }
}

/// Why a run cannot begin, with the exit status that says so.
public struct RunError: Error, CustomStringConvertible {
  public let description: String
  public let status: ExitStatus

  public init(_ description: String, status: ExitStatus = .brokenEnvironment) {
    self.description = description
    self.status = status
  }
}
