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
  /// Whether some of the roles run under a tracer.
  var isTraced = false
  /// The operations of the peers.
  ///
  /// Cells that need other operations are not run.
  var capabilities = CapabilityTable.unknown
  /// The ABIs of the peers, and what cannot work between them.
  var compatibility = Compatibility.unknown
  /// How many times slower than usual each peer is, by language; a peer that is not listed is not slower.
  var slowness: [String: Double] = [:]
  /// Whether the programs run under the recorder, which reports what they do on the wire.
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

  /// Whether the peers of a cell have the operations that it needs, and their ABIs fit.
  func canRun(_ planned: Plan.PlannedCell, of scenario: Scenario) -> Bool {
    capabilities.missing(for: scenario, languages: planned.pairing.languages) == nil
      && (compatibility.runsIncompatible
        || compatibility.incompatibility(of: planned, scenario, registry) == nil)
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
