import PeerContract
import Synchronization

/// The greetings that were read during a run. A peer says the same one every time, and its list of operations makes up
/// most of what a cell has to parse.
final class ParsedGreetings: Sendable {
  private let parsed = Mutex<[String: Greeting]>([:])
  /// Peers that never greet alike must not fill the memory.
  private static let limit = 64

  func greeting(_ line: String) throws(ContractError) -> Greeting {
    if let known = parsed.withLock({ $0[line] }) { return known }
    let greeting = try Greeting(parsing: line)
    parsed.withLock { if $0.count < Self.limit { $0[line] = greeting } }
    return greeting
  }
}
