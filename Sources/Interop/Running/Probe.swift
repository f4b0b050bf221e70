import Foundation
import PeerContract

/// What is found out of the machine and the peers before the first cell.
enum Probe {
  /// The isolation that is to be had, and why it is not better.
  static func isolation(_ configuration: RunConfiguration) throws(RunError) -> (Isolation, excuse: String?) {
    if let known = configuration.knownIsolation { return (known, nil) }
    if configuration.isolation == .none { return (.shared, "as asked") }
    var random = SystemRandomNumberGenerator()
    do {
      _ = try Sandbox(configuration.context(.private).sandbox, names: CellNames(&random), roles: 0)
      return (.private, nil)
    } catch {
      // A warden that is missing, hung or out of descriptors says nothing about what this machine allows.
      guard configuration.isolation == .auto, error.isRefusal else {
        throw RunError("a private sandbox is not to be had: \(error)")
      }
      return (.shared, "\(error)")
    }
  }

  /// The greeting of every peer that the plan needs, each asked first for what cannot exist.
  static func greetings(
    _ configuration: RunConfiguration, plan: Plan, context: CellRun.Context
  ) throws(RunError) -> [String: Greeting] {
    let needed = Set(plan.groups.flatMap { ($0.cells + [$0.control]).flatMap(\.pairing.languages) })
    var greetings: [String: Greeting] = [:]
    var random = SystemRandomNumberGenerator()
    for peer in configuration.peers.peers
    where peer.peer != nil && needed.contains(peer.language) && !configuration.believed.contains(peer.language) {
      do throws(CellFailure) {
        greetings[peer.language] = try HonestyProbe.greeting(
          of: peer, names: CellNames(&random), context: context, nonce: random.next())
      } catch {
        let said = error.evidence.answered.map { "; it said '\($0)'" } ?? ""
        let isReference = peer.language == configuration.peers.reference.language
        throw RunError(
          error.reason + said, status: isReference || error.verdict == .broken ? .brokenEnvironment : .failures)
      }
    }
    return greetings
  }

  /// Why a scenario cannot be run here; nil when it can.
  static func unmetNeed(of scenario: Scenario, isolation: Isolation) -> String? {
    for need in scenario.needs {
      switch need {
      case .anotherUser where geteuid() != 0: return "it needs root, to run a peer as another user"
      case .unprivileged where geteuid() == 0: return "it needs a user without privilege"
      case .privateSandbox where isolation != .private: return "it needs a sandbox of its own"
      default: continue
      }
    }
    return nil
  }

  static var kernel: String {
    let release = (try? String(contentsOfFile: "/proc/sys/kernel/osrelease", encoding: .utf8)) ?? "unknown"
    return release.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// `2027-03-01`, in UTC.
  static var today: String { String(Date.now.ISO8601Format().prefix(10)) }
}
