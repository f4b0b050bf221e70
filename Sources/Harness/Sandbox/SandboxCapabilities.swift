/// A cell's isolation from the rest of the machine.
public enum Isolation: String, Sendable, Codable {
  /// The cell runs in private IPC, mount, network and PID namespaces.
  case `private`
  /// The cell runs on the host, with unique names, and with a snapshot before and after the cell.
  case shared
}

/// The isolation that `--isolation` requests.
public enum IsolationRule: String, Sendable, CaseIterable {
  /// Private namespaces if available, otherwise shared isolation.
  case auto
  /// Private namespaces; if they are unavailable, the environment is broken.
  case required
  /// The cell always runs on the host.
  case none
}

/// The isolation of a run's sandboxes on this machine, and its limitations.
struct SandboxCapabilities: Sendable, CustomStringConvertible {
  let isolation: Isolation
  /// Why better isolation is not available.
  var fallbackReason: String?
  /// Kinds of objects that snapshots cannot list here.
  ///
  /// Scenarios that create such objects are not run, because the runner would not detect leaks.
  var unobservableKinds: Set<ObjectKind> = []
  /// Whether peers run as root, because no other user can read their programs.
  var runsAsRoot = false
  /// The file that other users cannot read, and a remedy; nil if unknown.
  var unreadableFile: String?
  /// Whether Landlock isolates a cell's roles from each other.
  var hasLandlock = true
  /// The features that this machine lacks, with the error from the probe: `ENOSYS`.
  var missing: [Feature: String] = [:]

  /// Returns the reason why a feature is missing; nil if this machine has the feature.
  func lack(of feature: Feature) -> String? {
    feature == .privateSandbox && isolation != .private
      ? "here \(isolation.rawValue)" : missing[feature].map { "here \($0)" }
  }

  var description: String {
    let names = unobservableKinds.map(\.rawValue).sorted().joined(separator: ", ")
    let remarks = [
      fallbackReason, names.isEmpty ? nil : "snapshots do not list \(names)",
      hasLandlock ? nil : "peers can reach each other, because the kernel has no Landlock",
      runsAsRoot
        ? "peers are root without capabilities, because no other user can run them"
          + (unreadableFile.map { ": \($0)" } ?? "") : nil,
    ].compactMap { $0 }
    return isolation.rawValue + (remarks.isEmpty ? "" : " (\(remarks.joined(separator: "; ")))")
  }
}
