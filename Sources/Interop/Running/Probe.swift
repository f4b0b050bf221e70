import Foundation
import PeerContract

/// What is found out of the machine and the peers before the first cell.
enum Probe {
  /// The sandboxes that are to be had, and why they are not better.
  static func surroundings(_ configuration: RunConfiguration) throws(RunError) -> Surroundings {
    if let known = configuration.surroundings { return known }
    var excuse = "as asked"
    if configuration.isolation != .none {
      do { return try tried(Surroundings(isolation: .private), configuration) } catch {
        // A warden that is missing, hung or out of descriptors says nothing about what this machine allows.
        guard configuration.isolation == .auto, error.isRefusal else {
          throw RunError("a private sandbox is not to be had: \(error)")
        }
        excuse = "\(error)"
      }
    }
    do { return try tried(Surroundings(isolation: .shared, excuse: excuse), configuration) } catch {
      throw RunError("no cell can be run here: \(error)")
    }
  }

  /// The same, and what its census does not see.
  private static func tried(
    _ surroundings: Surroundings, _ configuration: RunConfiguration
  ) throws(SandboxError) -> Surroundings {
    var surroundings = surroundings
    surroundings.unseen = try Sandbox(configuration.context(surroundings).sandbox, names: CellNames(), roles: 0)
      .unseen()
    return surroundings
  }

  /// The greeting of the peer of every language in `needed`, each asked first for what cannot exist.
  static func greetings(
    _ configuration: RunConfiguration, needed: Set<String>, context: CellRun.Context
  ) throws(RunError) -> [String: Greeting] {
    var greetings: [String: Greeting] = [:]
    for peer in configuration.peers.peers
    where peer.peer != nil && needed.contains(peer.language) && !configuration.believed.contains(peer.language) {
      do throws(CellFailure) {
        greetings[peer.language] = try HonestyProbe.greeting(
          of: peer, names: CellNames(), context: context, nonce: UInt32.random(in: .min ... .max))
      } catch {
        let said = error.evidence.answered.map { "; it said '\($0)'" } ?? ""
        let isReference = peer.language == configuration.peers.reference.language
        let status: ExitStatus = isReference || error.verdict == .broken ? .brokenEnvironment : .failures
        throw RunError(error.reason + said, status: Interruption.isRequested ? .interrupted : status)
      }
    }
    return greetings
  }

  /// What peers announce that no scenario could ask for: a misspelt name, or a peer that is ahead of the vocabulary.
  static func notes(on greetings: [String: Greeting], _ vocabulary: Vocabulary) -> [String] {
    greetings.sorted { $0.key < $1.key }.compactMap { language, greeting in
      let unknown = greeting.operations.filter { vocabulary[$0] == nil }
      guard !unknown.isEmpty else { return nil }
      return "the \(language) peer announces what fixtures/operations.yaml does not have: "
        + unknown.joined(separator: ", ")
    }
  }

  /// Whether there is `::1`: where a sandbox is to get an interface of its own, whether the kernel would give it one.
  private static func hasIPv6(_ isolation: Isolation) -> Bool {
    guard let addresses = try? String(contentsOfFile: "/proc/net/if_inet6", encoding: .utf8) else { return false }
    if isolation == .shared { return addresses.contains("\(String(repeating: "0", count: 31))1 ") }
    let setting = try? String(contentsOfFile: "/proc/sys/net/ipv6/conf/default/disable_ipv6", encoding: .utf8)
    return setting?.hasPrefix("1") != true
  }

  /// Why a scenario cannot be run here; nil when it can.
  static func unmetNeed(of scenario: Scenario, in surroundings: Surroundings) -> String? {
    let isolation = surroundings.isolation
    if isolation != .private, scenario.makesWhatBearsNobodysName {
      return "what it makes bears nobody's name: it needs a sandbox of its own"
    }
    if surroundings.unseen.contains(.messageQueue), scenario.concernsMessageQueues {
      return "the census sees no message queues: it needs privilege, or the mqueue file system at /dev/mqueue"
    }
    for need in scenario.needs {
      switch need {
      case .anotherUser where geteuid() != 0: return "it needs root, to run a peer as another user"
      case .unprivileged where geteuid() == 0: return "it needs a user without privilege"
      case .privateSandbox where isolation != .private: return "it needs a sandbox of its own"
      case .peerDescriptor where !tellsOfPeers: return "it needs a kernel with SO_PEERPIDFD"
      case .ipv6 where !hasIPv6(isolation): return "it needs IPv6"
      default: continue
      }
    }
    return nil
  }

  /// Whether the kernel has `SO_PEERPIDFD`, which it is asked of a socket that has nobody on its other side: that option
  /// it then knows nothing to answer to, and one that it does not know it refuses.
  private static let tellsOfPeers: Bool = {
    let peerDescriptor: Int32 = 77
    let socket = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    guard socket != -1 else { return false }
    defer { close(socket) }
    var (value, length): (Int32, socklen_t) = (-1, 4)
    let isKnown = unsafe getsockopt(socket, SOL_SOCKET, peerDescriptor, &value, &length) == 0 || errno != ENOPROTOOPT
    if value != -1 { close(value) }
    return isKnown
  }()

  static var kernel: String {
    let release = (try? String(contentsOfFile: "/proc/sys/kernel/osrelease", encoding: .utf8)) ?? "unknown"
    return release.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// `2027-03-01`, in UTC.
  static var today: String { String(Date.now.ISO8601Format().prefix(10)) }
}
