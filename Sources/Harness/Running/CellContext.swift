import PeerProtocol
import Synchronization

/// The context that all cells of a run share.
struct CellContext: Sendable {
  let registry: OperationRegistry
  let sandbox: Sandbox.Settings
  /// How long a peer may take to respond before it counts as hung, on a machine that is not busy.
  let timeout: Duration
  /// Whether some of the roles run below a tracer.
  var isTraced = false
  let greetings = ParsedGreetings()
}

/// The greetings that were read during a run.
///
/// A peer sends the same one every time, and its list of operations makes up most of what a cell has to parse.
final class ParsedGreetings: Sendable {
  private let parsed = Mutex<[String: Greeting]>([:])
  /// Peers whose greetings differ every time must not fill the memory.
  private static let limit = 64

  func greeting(_ line: String) throws(ProtocolError) -> Greeting {
    if let known = parsed.withLock({ $0[line] }) { return known }
    let greeting = try Greeting(parsing: line)
    parsed.withLock { if $0.count < Self.limit { $0[line] = greeting } }
    return greeting
  }
}

/// Time limits that follow the machine: the start time of a sandbox shows how fast and how busy it is.
enum TimeoutScaling {
  /// A sandbox starts in 3 to 7 ms on an idle machine; up to this, limits do not change.
  static let usualStartup = Duration.milliseconds(50)

  /// A limit, longer by as much as a sandbox takes longer to start than usual.
  ///
  /// Never a shorter one.
  static func scaled(_ limit: Duration, startup: Duration) -> Duration {
    limit * max(1, startup / usualStartup)
  }
}
