/// The environment in which a program starts.
public struct ProgramStart: Sendable, Hashable {
  /// The variables to add to the environment.
  public var environment: [Variable] = []
  /// The working directory; nil for the cell's scratch directory.
  public var directory: Template?
  /// The bytes of standard input.
  ///
  /// End of file follows, unless steps write more.
  public var input: Content?

  /// An environment variable.
  public struct Variable: Sendable, Hashable {
    /// The name, without `=`.
    public let name: String
    /// The value; it may be empty.
    public let value: Template
  }

  /// The required behavior if one of the program's system calls fails; if empty, no faults are injected into the
  /// program.
  public var demands = FaultDemand.all

  package init(demands: Set<FaultDemand> = FaultDemand.all) { self.demands = demands }
}

/// Bytes in a scenario: text, or the contents of a file in the user's project.
public enum Content: Sendable, Hashable {
  /// Text with variables in braces.
  case text(Template)
  /// The path of a file, as written in the scenario, and its bytes.
  case file(String, [UInt8])

  /// The text or the file path, for a report.
  var description: String {
    switch self {
    case .text(let template): "\"\(template)\""
    case .file(let path, _): "file \(path)"
    }
  }
}

/// A condition on an output line.
public struct LinePattern: Sendable, Hashable, CustomStringConvertible {
  /// The kinds of conditions, with the names that scripts use.
  public enum Kind: String, Sendable, CaseIterable {
    /// The line contains the text.
    case contains
    /// The line equals the text.
    case line
    /// The regular expression matches part of the line.
    case matches
  }

  /// The kind of condition.
  public let kind: Kind
  /// The text or the regular expression.
  public let text: Template

  /// The condition as written in a script: `"text"`, or `{line: "text"}`.
  public var description: String { kind == .contains ? "\"\(text)\"" : "{\(kind.rawValue): \"\(text)\"}" }
}

/// The state in which a program is ready for the next step.
public enum Readiness: Sendable, Hashable {
  /// The program sleeps in a system call, or has printed a line.
  case asleep
  /// An object with this name or key exists.
  case object(ObjectKind, Template)
  /// A socket accepts connections or receives datagrams at this name or port.
  case listens(Transport, Template)

  /// The kinds of sockets that can be listed.
  public enum Transport: String, Sendable, CaseIterable { case socket, abstract, tcp, udp }

  /// The words for the kinds of objects and sockets in a `ready:` step.
  static let words =
    ObjectKind.counted.filter { $0 != .process && $0 != .socket && $0 != .abstractSocket }.map(\.rawValue)
    + Transport.allCases.map(\.rawValue)
}
