/// How far a cell is kept from the rest of the machine.
public enum Isolation: String, Sendable, Codable {
  /// Namespaces of its own: IPC, mount, network, PID.
  case `private`
  /// Among everybody's objects, with fresh names and a census by difference: where no namespaces are to be had.
  case shared
}

/// What the user asks for.
public enum IsolationRule: String, Sendable, CaseIterable {
  /// Private where it can be had.
  case auto
  /// Private, or the environment is broken.
  case required
  /// Shared.
  case none
}
