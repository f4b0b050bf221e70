/// The isolation of a cell from the rest of the machine.
public enum Isolation: String, Sendable, Codable {
  /// The cell runs in private IPC, mount, network and PID namespaces.
  case `private`
  /// The cell runs on the host, with unique names and a snapshot before and after it, because namespaces are not
  /// available.
  case shared
}

/// The isolation that `--isolation` requests.
public enum IsolationRule: String, Sendable, CaseIterable {
  /// Private namespaces if available, otherwise shared.
  case auto
  /// Private namespaces; without them, the environment is broken.
  case required
  /// The cell always runs on the host.
  case none
}

/// The kind of sandbox that a run uses on this machine, and its limits.
struct SandboxCapabilities: Sendable, CustomStringConvertible {
  let isolation: Isolation
  /// Why better isolation is not available.
  var fallbackReason: String?
  /// Kinds of objects that snapshots cannot list here.
  ///
  /// Scenarios that create such objects are not run, because a leak would not be found.
  var unobservableKinds: Set<ObjectKind> = []
  /// Whether peers run as root, because they could not read their programs as another user.
  var runsAsRoot = false
  /// The file that another user could not read, and what to do; nil if it is not known.
  var unreadableFile: String?
  /// Whether Landlock isolates the roles of a cell from each other.
  var hasLandlock = true
  /// The features that this machine does not have, with the error of the probe: `here ENOSYS`.
  var missing: [Feature: String] = [:]

  /// Returns the error that shows that a feature is missing; nil if this machine has the feature.
  func lack(of feature: Feature) -> String? {
    feature == .privateSandbox && isolation != .private ? "here \(isolation.rawValue)" : missing[feature]
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
