/// The isolation of a cell from the rest of the machine.
public enum Isolation: String, Sendable, Codable {
  /// In private IPC, mount, network and PID namespaces.
  case `private`
  /// On the host, with unique names and a snapshot before and after, where namespaces are not available.
  case shared
}

/// The isolation that the user requests.
public enum IsolationRule: String, Sendable, CaseIterable {
  /// Private if available.
  case auto
  /// Private; otherwise the environment is broken.
  case required
  /// Shared.
  case none
}

/// The capabilities of the sandboxes of a run on this machine.
struct SandboxCapabilities: Sendable, CustomStringConvertible {
  let isolation: Isolation
  /// Why better isolation is not available.
  var fallbackReason: String?
  /// Kinds of objects that no snapshot lists here.
  ///
  /// No peer may be asked to create one: nothing listed would look like nothing left behind.
  var unobservableKinds: Set<ObjectKind> = []
  /// The features that this machine lacks, with how that shows: `here ENOSYS`.
  var missing: [Feature: String] = [:]

  /// How it shows that this machine lacks a feature; nil if it has it.
  func lack(of feature: Feature) -> String? {
    feature == .privateSandbox && isolation != .private ? "here \(isolation.rawValue)" : missing[feature]
  }

  var description: String {
    let names = unobservableKinds.map(\.rawValue).sorted().joined(separator: ", ")
    let remarks = [fallbackReason, names.isEmpty ? nil : "snapshots do not list \(names)"].compactMap { $0 }
    return isolation.rawValue + (remarks.isEmpty ? "" : " (\(remarks.joined(separator: "; ")))")
  }
}
