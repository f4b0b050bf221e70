import Foundation

/// Parses the texts and files that a scenario passes to programs or compares with their output.
struct ContentParser {
  let log: DiagnosticLog
  let templates: TemplateParser
  /// The paths in the user's project; nil for a suite file.
  let project: CommandResolver?
  /// The default requirements for programs when a system call fails; a scenario can replace them.
  var demands = FaultDemand.all
  let fill: (SourceText) -> SourceText

  /// The maximum size of a file that a sandbox creates or reads.
  static let maximumSize = 256 << 10

  /// Parses `"text"` or `{file: ./path}`; for any other form, logs the reason and returns nil.
  func parse(_ value: FixtureDocument.Value, _ what: String) -> Content? {
    guard value.isMap else {
      return value.text(what, mayBeEmpty: true).map { .text(templates.plainText(fill($0))) }
    }
    guard let keys = value.map(what, keys: ["file"], required: ["file"]),
      let path = keys["file"]?.text("the path of a file").map(fill)
    else { return nil }
    guard let project else {
      log.add(path.location, "only a scenario of a project can name a file; write the text here")
      return nil
    }
    let found = DiagnosticLog()
    guard let file = FixtureFile(at: project.beside(path.text), as: path.text, log: found) else {
      let reason = found.sorted.first?.message ?? "the file cannot be read"
      log.add(path.location, "\(path.text): \(reason)")
      return nil
    }
    guard file.bytes.count <= Self.maximumSize else {
      log.add(path.location, "\(path.text): the file is longer than \(Self.maximumSize) bytes")
      return nil
    }
    return .file(path.text, Array(file.bytes))
  }

  /// Parses a list of ``FaultDemand`` names.
  static func demands(_ value: FixtureDocument.Value) -> Set<FaultDemand> {
    Set(value.list("demands").compactMap { $0.choice("a demand on a program", FaultDemand.self) })
  }

  /// Parses `files:`, a map from paths to contents.
  func files(_ value: FixtureDocument.Value?) -> [Scenario.File] {
    (value?.map("'files'") ?? []).compactMap { path, value in
      parse(value, "the content of a file").map {
        Scenario.File(path: templates.plainText(fill(path)), content: $0)
      }
    }
  }

  /// Parses `environment:`, `directory:`, `stdin:` and `faults:`, each a map from roles to values.
  func starts(
    _ keys: [String: FixtureDocument.Value], roles: [(name: String, part: Role.Part)]
  ) -> [String: ProgramStart] {
    var starts: [String: ProgramStart] = [:]
    func each(_ key: String, _ body: (FixtureDocument.Value, inout ProgramStart) -> Void) {
      for (name, value) in keys[key]?.map("'\(key)'") ?? [] {
        guard let role = roles.first(where: { $0.name == name.text }) else {
          let clause = Suggestion.clause(for: name.text, among: roles.map(\.name))
          log.add(name.location, "unknown role '\(name.text)'\(clause)")
          continue
        }
        guard role.part != .peer else {
          log.add(name.location, "'\(name.text)' is a peer, but '\(key)' is only for programs")
          continue
        }
        body(value, &starts[name.text, default: ProgramStart(demands: demands)])
      }
    }
    each("environment") { value, start in
      for (name, value) in value.map("the environment of a role") ?? [] {
        if name.text.contains("=") { log.add(name.location, "the name of a variable must not contain '='") }
        guard let text = value.text("the value of a variable", mayBeEmpty: true) else { continue }
        start.environment.append(
          ProgramStart.Variable(name: name.text, value: templates.plainText(fill(text))))
      }
    }
    each("directory") { value, start in
      guard let text = value.text("a directory").map(fill) else { return }
      guard !text.text.hasPrefix("/"), !text.text.hasPrefix("{") else {
        start.directory = templates.plainText(text)
        return
      }
      guard let project else {
        log.add(text.location, "a directory of the suite begins with '/' or with a variable, not with '\(text.text)'")
        return
      }
      let path = project.beside(text.text)
      var isDirectory: ObjCBool = false
      let exists = unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
      if !exists || !isDirectory.boolValue {
        log.add(text.location, "the directory '\(text.text)' does not exist")
      }
      start.directory = Template(pieces: [.literal(path)])
    }
    each("faults") { value, start in
      if project == nil { value.report("only a scenario of a project has 'faults'") }
      start.demands = Self.demands(value)
    }
    each("stdin") { value, start in start.input = parse(value, "standard input") }
    return starts
  }
}
