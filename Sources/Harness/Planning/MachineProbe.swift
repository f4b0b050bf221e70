import Foundation
import Synchronization

/// The check of the machine before the first cell.
enum MachineProbe {
  /// The available sandboxes, and why a better kind is not available.
  static func capabilities(_ configuration: RunConfiguration) throws(RunError) -> SandboxCapabilities {
    var fallbackReason = "as requested"
    if configuration.isolation != .none {
      do { return try tried(SandboxCapabilities(isolation: .private), configuration) } catch {
        // A sandbox init that is missing, hung or out of descriptors does not show what this machine allows.
        guard configuration.isolation == .auto, error.isRefusal else {
          throw RunError("a private sandbox is not available: \(error)")
        }
        fallbackReason = "\(error)"
      }
    }
    do {
      return try tried(SandboxCapabilities(isolation: .shared, fallbackReason: fallbackReason), configuration)
    } catch {
      throw RunError("no cell can run here: \(error)")
    }
  }

  /// The same, with the kinds of objects that a snapshot does not list.
  private static func tried(
    _ capabilities: SandboxCapabilities, _ configuration: RunConfiguration
  ) throws(SandboxError) -> SandboxCapabilities {
    var capabilities = capabilities
    let settings = configuration.context(capabilities).sandbox
    capabilities.unobservableKinds = try Sandbox(settings, names: CellNames(), roles: 0).unobservableKinds()
    return capabilities
  }

  /// Why a scenario cannot be run here; nil if it can.
  static func unmetNeed(of scenario: Scenario, _ context: CellContext) -> String? {
    let capabilities = context.sandbox.capabilities
    let isolation = capabilities.isolation
    if isolation != .private, scenario.createsAnonymousObjects(context.registry) {
      return "it requires a private sandbox: it creates objects that do not say who created them"
    }
    for kind in capabilities.unobservableKinds.map(\.rawValue).sorted() {
      if let kind = ObjectKind(rawValue: kind), scenario.concerns(kind, context.registry) {
        return
          "snapshots do not list \(kind.rawValue) here: that requires privilege, or the mqueue file system at /dev/mqueue"
      }
    }
    for need in scenario.needs {
      switch need {
      case .anotherUser where geteuid() != 0: return "it requires root, to run a peer as another user"
      case .unprivileged where geteuid() == 0: return "it requires a user without privilege"
      case .privateSandbox where isolation != .private: return "it requires a private sandbox"
      case .peerDescriptor where !hasPeerDescriptors: return "it requires a kernel with SO_PEERPIDFD"
      case .ipv6 where !hasIPv6(isolation): return "it requires IPv6"
      case .callCounts where !FileManager.default.fileExists(atPath: "/proc/self/io"):
        return "it requires a kernel that counts reads and writes (CONFIG_TASK_IO_ACCOUNTING)"
      case .tracing where !canTrace(context.sandbox.tracer):
        return "it requires that a process may trace another one (ptrace)"
      default: continue
      }
    }
    return nil
  }

  /// Whether `::1` exists or, in a sandbox with its own interface, would be added by the kernel.
  private static func hasIPv6(_ isolation: Isolation) -> Bool {
    guard let addresses = try? String(contentsOfFile: "/proc/net/if_inet6", encoding: .utf8) else { return false }
    if isolation == .shared { return addresses.contains("\(String(repeating: "0", count: 31))1 ") }
    let setting = try? String(contentsOfFile: "/proc/sys/net/ipv6/conf/default/disable_ipv6", encoding: .utf8)
    return setting?.hasPrefix("1") != true
  }

  /// Whether the kernel has `SO_PEERPIDFD`.
  ///
  /// The probe requests it from a socket without a peer: a kernel that does not know the option fails with another
  /// errno.
  private static let hasPeerDescriptors: Bool = {
    let peerDescriptor: Int32 = 77
    let socket = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    guard socket != -1 else { return false }
    defer { close(socket) }
    var (value, length): (Int32, socklen_t) = (-1, 4)
    let isKnown = unsafe getsockopt(socket, SOL_SOCKET, peerDescriptor, &value, &length) == 0 || errno != ENOPROTOOPT
    if value != -1 { close(value) }
    return isKnown
  }()

  /// Whether the tracer can trace a program here.
  private static func canTrace(_ tracer: String) -> Bool {
    traces.withLock { known in
      if let answer = known[tracer] { return answer }
      let process = Process()
      process.executableURL = URL(fileURLWithPath: tracer)
      process.arguments = ["close", "all", "/bin/true"]
      process.standardError = FileHandle.nullDevice
      let answer: Bool
      do {
        try process.run()
        process.waitUntilExit()
        answer = process.terminationStatus == 0
      } catch {
        answer = false
      }
      known[tracer] = answer
      return answer
    }
  }

  private static let traces = Mutex<[String: Bool]>([:])

  static var kernel: String {
    let release = (try? String(contentsOfFile: "/proc/sys/kernel/osrelease", encoding: .utf8)) ?? "unknown"
    return release.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// `2027-03-01`, in UTC.
  static var today: String { String(Date.now.ISO8601Format().prefix(10)) }
}
