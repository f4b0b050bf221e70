import Foundation

/// A project that consists of commands instead of a file.
///
/// Each command starts when the previous one sleeps, prints a line or exits.
public struct CommandProject: Sendable {
  /// The scenario, with a role for each command, named after the command's program.
  public let scenario: Scenario
  /// The configuration for running the scenario.
  public let configuration: RunConfiguration

  /// Creates a project from the words of each command.
  ///
  /// A program path that contains a slash is relative to `directory`; any other program is looked up in `PATH`.
  ///
  /// A program whose arguments name a file relative to `directory` starts in that directory.
  public init(_ commands: [[String]], directory: String, _ installation: Installation) {
    var named: [String: [String]] = [:]
    var roles: [Role] = []
    var steps: [Step] = []
    let location = SourceLocation(file: "commands", line: 1, column: 1)
    for words in commands {
      let name = Self.name(of: words[0], besides: roles.map(\.name))
      let path = words[0].hasPrefix("/") ? words[0] : "\(directory)/\(words[0])"
      let found = words[0].contains("/") ? nil : CommandResolver.search(words[0])
      named[name] = [found ?? URL(fileURLWithPath: path).standardizedFileURL.path]
      func literal(_ text: String) -> Template { Template(pieces: [.literal(text)]) }
      var start = ProgramStart()
      let hasFile = words.dropFirst().contains { word in
        !word.isEmpty && !word.hasPrefix("/") && FileManager.default.fileExists(atPath: "\(directory)/\(word)")
      }
      if hasFile { start.directory = literal(directory) }
      roles.append(
        Role(
          name: name, part: .program(name: name, arguments: words.dropFirst().map(literal)), language: nil,
          start: start))
      steps += [
        Step(action: .start(role: name), text: "start: \(name)", location: location),
        Step(action: .ready(role: name, .asleep), text: "ready: \(name)", location: location),
      ]
    }
    steps += roles.map {
      Step(action: .waitForEnd(role: $0.name, .exit(0)), text: "wait: \($0.name) -> exit 0", location: location)
    }
    scenario = Scenario(
      id: "commands", title: "The commands end with status 0.", spec: "the commands", level: .must, roles: roles,
      steps: steps, needs: [], parameters: [], pairings: .all, isNegativeControl: false, location: location)
    var configuration = RunConfiguration(
      installation, peers: PeerList([PeerDescription(language: "c", peer: nil, programs: nil, named: named)]),
      registry: OperationRegistry([]))
    configuration.programs = Set(named.keys)
    configuration.projects = [URL(fileURLWithPath: directory).resolvingSymlinksInPath().path]
    self.configuration = configuration
  }

  /// Returns a role name: the program name, with a number appended if another role already has that name.
  private static func name(of program: String, besides others: [String]) -> String {
    let file = program.split(separator: "/").last.map { $0.prefix { $0 != "." } } ?? ""
    let letters = file.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }
    let base = letters.first?.isLetter == true ? String(letters) : "program"
    if !others.contains(base) { return base }
    return (2...).lazy.map { "\(base)-\($0)" }.first { !others.contains($0) } ?? base
  }
}
