import Foundation

/// Checks the machine before the first cell.
enum MachineProbe {
  /// Returns the best available isolation, the reason for any fallback, and the available features.
  static func capabilities(_ configuration: RunConfiguration) throws(RunError) -> SandboxCapabilities {
    var fallbackReason = "as requested"
    if configuration.isolation != .none {
      do { return try tried(SandboxCapabilities(isolation: .private), configuration) } catch {
        // Fall back only if the kernel refused namespaces, not if the sandbox init is missing or does not respond.
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

  /// Starts a sandbox, and adds the missing features and the kinds of objects that its snapshots cannot list.
  private static func tried(
    _ capabilities: SandboxCapabilities, _ configuration: RunConfiguration
  ) throws(SandboxError) -> SandboxCapabilities {
    var capabilities = capabilities
    let settings = configuration.context(capabilities).sandbox
    let sandbox = try Sandbox(settings, names: CellNames(), roles: 0)
    capabilities.unobservableKinds = try sandbox.unobservableKinds()
    capabilities.runsAsRoot = sandbox.user == 0
    if capabilities.runsAsRoot { capabilities.unreadableFile = FileAccess.obstacle(settings.kept + settings.programs) }
    capabilities.hasLandlock = sandbox.hasLandlock
    capabilities.missing = try sandbox.missingFeatures()
    return capabilities
  }

  /// Returns the reason why a scenario cannot run here; nil if it can.
  static func unmetNeed(of scenario: Scenario, _ context: CellContext) -> String? {
    let capabilities = context.sandbox.capabilities
    let required = scenario.requirements(context.registry).sorted { $0.rawValue < $1.rawValue }
    for feature in required {
      if let reason = capabilities.lack(of: feature) { return "it requires \(feature.description) (\(reason))" }
    }
    for kind in capabilities.unobservableKinds.sorted(by: { $0.rawValue < $1.rawValue })
    where scenario.concerns(kind, context.registry) {
      return
        "snapshots do not list \(kind.rawValue) here: that requires privilege, or the mqueue file system at /dev/mqueue"
    }
    return nil
  }

  /// Returns a note for each feature that the plan's cells require and the machine lacks.
  static func notes(on plan: Plan, _ context: CellContext) -> [String] {
    let required = plan.groups.reduce(into: Set<Feature>()) { $0.formUnion($1.scenario.requirements(context.registry)) }
    return required.sorted { $0.rawValue < $1.rawValue }.compactMap { feature in
      context.sandbox.capabilities.lack(of: feature).map { "this machine lacks \(feature.description) (\($0))" }
    }
  }

  static var kernel: String {
    let release = (try? String(contentsOfFile: "/proc/sys/kernel/osrelease", encoding: .utf8)) ?? "unknown"
    return release.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// The current date in UTC, such as `2027-03-01`.
  static var today: String { String(Date.now.ISO8601Format().prefix(10)) }
}
