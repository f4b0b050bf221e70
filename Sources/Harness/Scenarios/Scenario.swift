/// A script of operations for one or more roles, with the responses that a standard requires.
///
/// This is one row of parameters: a scenario whose `with:` has three values is three of these.
public struct Scenario: Sendable {
  /// The unique name, such as `posix-mq/priority-order`; the part before the `/` is the mechanism.
  public let id: String
  /// The tested behaviour, in one line.
  public let title: String
  /// The place in the standard.
  public let spec: String
  /// How strongly the standard requires it.
  public let level: Level
  /// The parties of the scenario, in the order of the file.
  public let roles: [Role]
  /// The script, in the order in which it is performed.
  public let steps: [Step]
  /// The features that it requires of the machine, beside those that its operations require.
  public let needs: [Feature]
  /// The values of this row, in the order of the file.
  ///
  /// The steps have them filled in.
  public let parameters: [Parameter]
  /// The pairings of languages that it is run with.
  public let pairings: PairingRule
  /// Whether it tests the check itself: it passes if a defect is *seen*.
  public let isNegativeControl: Bool
  /// The place of the scenario in its file.
  public let location: SourceLocation

  /// The mechanism that it tests: the part of the id before the `/`.
  public var mechanism: String { String(id.prefix { $0 != "/" }) }

  /// How strongly the standard requires it.
  public enum Level: String, Sendable, CaseIterable, Codable { case must, should, may }

  /// The pairings of languages that a scenario is run with.
  public enum PairingRule: String, Sendable, CaseIterable {
    /// Every assignment of languages to roles.
    case all
    /// The first role in each language, the others all in one language or alternating: enough if there are many roles.
    case mixed
  }

  /// A value that the script uses by name: `bytes=4096`.
  public struct Parameter: Sendable, Hashable {
    /// The name, which the script has in braces.
    public let name: String
    /// The value that replaces the name.
    public let value: String
  }

  package init(
    id: String, title: String, spec: String, level: Level, roles: [Role], steps: [Step], needs: [Feature],
    parameters: [Parameter], pairings: PairingRule, isNegativeControl: Bool, location: SourceLocation
  ) {
    self.id = id
    self.title = title
    self.spec = spec
    self.level = level
    self.roles = roles
    self.steps = steps
    self.needs = needs
    self.parameters = parameters
    self.pairings = pairings
    self.isNegativeControl = isNegativeControl
    self.location = location
  }
}

/// A named party of a scenario.
public struct Role: Sendable, Hashable {
  /// The name of the role, such as `sender`.
  public let name: String
  /// The kind of program that plays the role.
  public let part: Part
  /// The language that always plays it; nil if the pairing decides.
  public let language: String?
  /// Whether it runs as another user than the rest.
  public let isAnotherUser: Bool
  /// Whether each of its closes reports EINTR, although it has closed the descriptor.
  public let hasInterruptedCloses: Bool

  /// The kind of a role: a peer, or a program of the examples.
  public enum Part: Sendable, Hashable {
    /// A peer, which receives requests.
    case peer
    /// A whole program of the examples, with its arguments.
    case program(name: String, arguments: [Template])
  }

  package init(
    name: String, part: Part, language: String?, isAnotherUser: Bool, hasInterruptedCloses: Bool = false
  ) {
    self.name = name
    self.part = part
    self.language = language
    self.isAnotherUser = isAnotherUser
    self.hasInterruptedCloses = hasInterruptedCloses
  }
}

/// A place in a file that people write.
public struct SourceLocation: Sendable, Hashable, CustomStringConvertible {
  /// The path of the file below the root.
  public let file: String
  /// The line, from 1.
  public let line: Int
  /// The column, from 1.
  public let column: Int

  package init(file: String, line: Int, column: Int) {
    self.file = file
    self.line = line
    self.column = column
  }

  /// The place as compilers write it: `fixtures/scenarios/pipe.yaml:12:3`.
  public var description: String { "\(file):\(line):\(column)" }
}

extension SourceLocation: Encodable {
  /// Encodes the description as a string.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
