/// A script of operations for one or more roles, with the responses that a standard requires.
///
/// A value of this type stands for one row of parameters. A scenario whose `with:` has three rows is loaded as three
/// values.
public struct Scenario: Sendable {
  /// The unique name, such as `posix-mq/priority-order`; the part before the `/` is the mechanism.
  public let id: String
  /// The tested behavior, in one line.
  public let title: String
  /// The section of the standard that requires the behavior.
  public let spec: String
  /// The requirement level: `must`, `should` or `may`.
  public let level: Level
  /// The roles, in file order; a pairing lists its languages in the same order.
  public let roles: [Role]
  /// The files that are created before the first step.
  public let files: [File]
  /// The steps of the script, in order.
  public let steps: [Step]
  /// The features that the machine must have, in addition to those that its operations require.
  public let needs: [Feature]
  /// The parameters of this row, in file order; the steps already contain the values.
  public let parameters: [Parameter]
  /// The rule that determines the pairings of languages.
  public let pairings: PairingRule
  /// Whether the scenario tests the harness.
  ///
  /// If so, the cell passes if the check detects a defect.
  public let isNegativeControl: Bool
  /// The scenario's position in its file.
  public let location: SourceLocation

  /// The mechanism that the scenario tests: the part of the id before the `/`.
  public var mechanism: String { String(id.prefix { $0 != "/" }) }

  /// The levels of a requirement, as in RFC 2119.
  public enum Level: String, Sendable, CaseIterable, Codable { case must, should, may }

  /// The rules that determine which assignments of languages to roles run.
  public enum PairingRule: String, Sendable, CaseIterable {
    /// Every assignment of languages to roles.
    case all
    /// For scenarios with many roles: each language in the first role, and the other roles either all in one language
    /// or in alternating languages.
    case mixed
  }

  /// A file that is created before the first step.
  public struct File: Sendable {
    /// A path in the scratch directory.
    public let path: Template
    /// The bytes of the file.
    public let content: Content
  }

  /// A parameter with the value of one row: `bytes=4096`.
  public struct Parameter: Sendable, Hashable {
    /// The name, written in braces in the script.
    public let name: String
    /// The value that replaces the name.
    public let value: String
  }

  package init(
    id: String, title: String, spec: String, level: Level, roles: [Role], files: [File] = [], steps: [Step],
    needs: [Feature], parameters: [Parameter], pairings: PairingRule, isNegativeControl: Bool, location: SourceLocation
  ) {
    self.id = id
    self.title = title
    self.spec = spec
    self.level = level
    self.roles = roles
    self.files = files
    self.steps = steps
    self.needs = needs
    self.parameters = parameters
    self.pairings = pairings
    self.isNegativeControl = isNegativeControl
    self.location = location
  }
}

/// A process in a scenario, which any language can play unless the scenario names one.
public struct Role: Sendable, Hashable {
  /// The name of the role, such as `sender`.
  public let name: String
  /// Whether a peer or a whole program plays the role.
  public let part: Part
  /// The language that always plays the role; nil if the pairing decides.
  public let language: String?
  /// The user that the role runs as; nil for the unprivileged user that roles run as by default.
  public let user: User?

  /// The environment, working directory and input of a program.
  public let start: ProgramStart
  /// Whether each close in the role reports EINTR, although it has closed the descriptor.
  public let hasInterruptedCloses: Bool

  /// A user that a role can run as.
  public enum User: String, Sendable, CaseIterable {
    /// Another unprivileged user.
    case anotherUser = "another-user"
    /// Root, with the capabilities that calls in scenarios require.
    case root
  }

  /// The type of program that plays a role: a peer, or a whole program.
  public enum Part: Sendable, Hashable {
    /// A peer that receives requests.
    case peer
    /// A whole program, with its arguments.
    case program(name: String, arguments: [Template])
  }

  package init(
    name: String, part: Part, language: String?, start: ProgramStart = ProgramStart(), user: User? = nil,
    hasInterruptedCloses: Bool = false
  ) {
    self.name = name
    self.part = part
    self.start = start
    self.language = language
    self.user = user
    self.hasInterruptedCloses = hasInterruptedCloses
  }
}

/// A position in a fixture file.
public struct SourceLocation: Sendable, Hashable, CustomStringConvertible {
  /// The file path, relative to the root.
  public let file: String
  /// The line number, from 1.
  public let line: Int
  /// The column number, from 1.
  public let column: Int

  package init(file: String, line: Int, column: Int) {
    self.file = file
    self.line = line
    self.column = column
  }

  /// The position in the format of compiler messages: `fixtures/scenarios/pipe.yaml:12:3`.
  public var description: String { "\(file):\(line):\(column)" }
}

extension SourceLocation: Codable {
  /// Decodes a location from its description.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let parts = try container.decode(String.self).split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count > 2, let line = Int(parts[parts.count - 2]), let column = Int(parts[parts.count - 1]) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a location: FILE:LINE:COLUMN")
    }
    self.init(file: parts.dropLast(2).joined(separator: ":"), line: line, column: column)
  }

  /// Encodes the description as a string.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
