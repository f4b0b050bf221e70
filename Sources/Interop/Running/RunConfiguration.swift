/// What a run is to do.
public struct RunConfiguration: Sendable {
  public let root: String
  public let warden: String
  public let peers: PeerList
  public let vocabulary: Vocabulary
  public var selection = Selection()
  /// How many cells may run at a time.
  public var jobs = 2
  /// Decides the order of the scenarios; 0 keeps that of the files.
  public var seed: UInt64 = 0
  /// How often each cell is run. One that does not always end alike is flaky, and that is a failure.
  public var repetitions = 1
  /// Multiplies every time limit.
  public var timeoutMultiplier = 1.0
  public var isolation = IsolationRule.auto
  public var failFast = false

  public init(root: String, warden: String, peers: PeerList, vocabulary: Vocabulary) {
    self.root = root
    self.warden = warden
    self.peers = peers
    self.vocabulary = vocabulary
  }

  func context(_ isolation: Isolation) -> CellRun.Context {
    CellRun.Context(
      vocabulary: vocabulary,
      // Never shorter: a limit that is to make peers fail says nothing of the warden.
      sandbox: Sandbox.Settings(
        warden: warden, isolation: isolation, kept: root, patience: .seconds(10 * max(1, timeoutMultiplier))),
      patience: .seconds(20 * timeoutMultiplier))
  }
}

/// Why a run cannot begin, with the exit status that says so.
public struct RunError: Error, CustomStringConvertible {
  public let description: String
  public let status: ExitStatus

  init(_ description: String, status: ExitStatus = .brokenEnvironment) {
    self.description = description
    self.status = status
  }
}
