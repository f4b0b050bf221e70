import PeerProtocol
import Synchronization

/// The settings and caches that all cells of a run share.
struct CellContext: Sendable {
  let registry: OperationRegistry
  let sandbox: Sandbox.Settings
  /// How long a peer may take to respond before it counts as hung, on a machine that is not busy.
  var timeout: Duration
  /// The directory of the user's project, for the variable `{project}`; nil for the suite.
  var project: String?
  /// Whether some of the roles run below a tracer.
  var isTraced = false
  /// The operations of the peers.
  ///
  /// Cells that need others are not run.
  var capabilities = CapabilityTable.unknown
  /// The ABIs of the peers, and what cannot work between them.
  var compatibility = Compatibility.unknown
  /// How many times slower than usual each peer is, by language; a missing one is not slower.
  var slowness: [String: Double] = [:]
  /// Whether the programs run below the recorder, which reports what they do on the wire.
  var isRecorded = false
  /// The recordings of the reference programs by scenario id, with which the cells are compared.
  var recordings: [String: CellRecording] = [:]
  let greetings = ParsedGreetings()

  /// Returns the context for peers that were probed.
  func knowing(_ probed: [String: ProbedPeer], _ registry: OperationRegistry) -> CellContext {
    var context = self
    context.capabilities = CapabilityTable(probed.mapValues(\.greeting), registry)
    context.compatibility = compatibility.knowing(probed.mapValues(\.greeting))
    context.slowness = probed.mapValues(\.slowness)
    return context
  }
}

/// A cache of the greetings that were parsed during a run.
///
/// A peer sends the same greeting every time. Its list of operations is most of the text that a cell has to parse.
final class ParsedGreetings: Sendable {
  private let parsed = Mutex<[String: Greeting]>([:])
  /// The maximum number of greetings.
  ///
  /// It limits the memory if a peer sends a different greeting every time.
  private static let limit = 64

  func greeting(_ line: String) throws(ProtocolError) -> Greeting {
    if let known = parsed.withLock({ $0[line] }) { return known }
    let greeting = try Greeting(parsing: line)
    parsed.withLock { if $0.count < Self.limit { $0[line] = greeting } }
    return greeting
  }
}

/// Adapts time limits to the speed and load of the machine, which the start time of a sandbox shows, and to slow peers.
enum TimeoutScaling {
  /// The start time up to which limits do not change; on an idle machine, a sandbox starts in 3 to 7 ms.
  static let usualStartup = Duration.milliseconds(50)

  /// Returns the limit, extended in proportion to the start time if that is longer than usual.
  static func scaled(_ limit: Duration, startup: Duration) -> Duration {
    limit * max(1, startup / usualStartup)
  }

  /// The time up to which a peer is not slow: from its start to its first response.
  static let usualFirstResponse = Duration.milliseconds(100)

  /// Returns how many times slower than usual a peer is; at least 1.
  ///
  /// `firstResponse` is the time until its first response, in a sandbox that took `startup` to start.
  static func slowness(firstResponse: Duration, startup: Duration) -> Double {
    max(1, firstResponse / scaled(usualFirstResponse, startup: startup))
  }
}
