/// The isolation of a cell from the rest of the machine.
public enum Isolation: String, Sendable, Codable {
  /// In private IPC, mount, network and PID namespaces.
  case `private`
  /// On the host, with unique names and a snapshot before and after, where namespaces are not available.
  case shared
}

/// The isolation that `--isolation` requests.
public enum IsolationRule: String, Sendable, CaseIterable {
  /// Private namespaces if available, otherwise shared.
  case auto
  /// Private namespaces; without them, the environment is broken.
  case required
  /// Always shared.
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

  var description: String {
    let names = unobservableKinds.map(\.rawValue).sorted().joined(separator: ", ")
    let remarks = [fallbackReason, names.isEmpty ? nil : "snapshots do not list \(names)"].compactMap { $0 }
    return isolation.rawValue + (remarks.isEmpty ? "" : " (\(remarks.joined(separator: "; ")))")
  }
}
