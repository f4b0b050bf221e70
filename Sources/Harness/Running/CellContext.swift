import PeerProtocol
import Synchronization

/// The settings and caches shared by all cells in a run.
struct CellContext: Sendable {
  let registry: OperationRegistry
  let sandbox: Sandbox.Settings
  /// The time that a peer may take to respond on an idle machine before it counts as hung.
  var timeout: Duration
  /// The minimum to which a request's positive timeouts are raised.
  ///
  /// If the response arrives after the timeout, an operation that timed out early looks correct. The self-test therefore
  /// raises short timeouts, so that a busy machine hides fewer mutants.
  var shortestTimeout = Duration.zero
  /// The directory of the user's project, for the variable `{project}`; nil for the suite.
  var project: String?
  /// Whether some roles run under a tracer.
  var isTraced = false
  /// The operations that the peers support.
  ///
  /// Cells that need other operations are not run.
  var capabilities = CapabilityTable.unknown
  /// The peers' ABIs, and the known incompatibilities between these ABIs.
  var compatibility = Compatibility.unknown
  /// The factor by which each peer is slower than usual, by language; a peer that is not in the dictionary is not
  /// slower.
  var slowness: [String: Double] = [:]
  /// Whether the programs run under the wire recorder.
  var isRecorded = false
  /// The recordings of the reference programs, by scenario id, to compare with the cells.
  var recordings: [String: CellRecording] = [:]
  let greetings = ParsedGreetings()

  /// Returns the context with the results of probing the peers.
  func knowing(_ probed: [String: ProbedPeer], _ registry: OperationRegistry) -> CellContext {
    var context = self
    context.capabilities = CapabilityTable(probed.mapValues(\.greeting), registry)
    context.compatibility = compatibility.knowing(probed.mapValues(\.greeting))
    context.slowness = probed.mapValues(\.slowness)
    return context
  }

  /// Returns whether a cell's peers support the operations that it needs and have compatible ABIs.
  func canRun(_ planned: Plan.PlannedCell, of scenario: Scenario) -> Bool {
    capabilities.missing(for: scenario, languages: planned.pairing.languages) == nil
      && (compatibility.runsIncompatible
        || compatibility.incompatibility(of: planned, scenario, registry) == nil)
  }
}

/// A cache of the greetings parsed during a run.
///
/// A peer sends the same greeting every time. Most of the text that the runner parses in a cell is the list of
/// operations in the greeting.
final class ParsedGreetings: Sendable {
  private let parsed = Mutex<[String: Greeting]>([:])
  /// The maximum number of cached greetings.
  ///
  /// The maximum limits memory use if a peer sends a different greeting every time.
  private static let limit = 64

  func greeting(_ line: String) throws(ProtocolError) -> Greeting {
    if let known = parsed.withLock({ $0[line] }) { return known }
    let greeting = try Greeting(parsing: line)
    parsed.withLock { if $0.count < Self.limit { $0[line] = greeting } }
    return greeting
  }
}
