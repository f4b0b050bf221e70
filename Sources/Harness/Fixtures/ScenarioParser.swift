/// Parses one scenario into one value for each row of parameters.
struct ScenarioParser {
  let document: FixtureDocument
  let registry: OperationRegistry
  var origin = Origin.suite
  /// The scenarios to parse; the others have no value.
  var scope = LoadingScope.everything
  /// The file's default requirements for programs when a system call fails.
  var demands = FaultDemand.all
  /// Whether the file contains benchmarks rather than tests of a standard.
  var isBenchmark = false

  /// The origin of a scenario file.
  enum Origin {
    /// The suite.
    case suite
    /// A user's file of scenarios for peers.
    case user
    /// A user's project file; the resolver has the directory of its paths.
    case project(CommandResolver)

    /// The paths in the user's project; nil for other files.
    var project: CommandResolver? { if case .project(let resolver) = self { resolver } else { nil } }
    /// Whether the file belongs to a user: `spec` and `level` are optional, and ids need not begin with the file's name.
    var isOfUser: Bool { if case .suite = self { false } else { true } }
  }

  private typealias Value = FixtureDocument.Value
  private var project: CommandResolver? { origin.project }
  private var log: DiagnosticLog { document.log }

  private static let keys = [
    "id", "title", "spec", "level", "roles", "programs", "as", "pin", "environment", "directory", "stdin", "files",
    "faults", "steps", "needs", "with", "pairings", "negative-control",
  ]

  func parse(_ value: FixtureDocument.Value) -> [Scenario] {
    let required = ["id", "title"] + (!origin.isOfUser && !isBenchmark ? ["spec", "level"] : []) + ["steps"]
    let known = Self.keys + (isBenchmark ? BenchmarkLoader.keys : [])
    guard let keys = value.map("a scenario", keys: known, required: required) else { return [] }
    if keys["roles"] == nil, keys["programs"] == nil {
      value.report("a scenario must have the key 'roles' or 'programs'")
    }
    if let id = keys["id"]?.text("an id") {
      guard scope.containsScenario(id.text) else { return [] }
      checkID(id)
    }
    let rows = ParameterTable.rows(keys["with"])
    let errorsBefore = log.count
    let scenarios = rows.map { scenario($0, keys, value) }
    if log.count == errorsBefore { checkUse(of: rows.first?.names ?? [], in: keys) }
    return scenarios
  }

  private func scenario(_ row: ParameterRow, _ keys: [String: Value], _ value: Value) -> Scenario {
    func text(_ key: String) -> String {
      keys[key]?.text("'\(key)'").map { row.filling($0, log: log).text } ?? ""
    }
    func fill(_ source: SourceText, _ number: String?) -> SourceText {
      (number.map { row.with("number", $0) } ?? row).filling(source, log: log)
    }
    var templates = TemplateParser(roles: [], parameters: row.names, log: log)
    if project != nil { templates.captured.insert(StepInterpreter.projectVariable) }
    let contents = ContentParser(log: log, templates: templates, project: project, demands: demands) { fill($0, nil) }
    let roles = RoleParser(log: log, isOfProject: project != nil) { fill($0, nil) }.parse(
      keys, templates: templates, contents)
    templates.roles = roles.map(\.name)
    templates.users = templates.roles
    let pairings = keys["pairings"]?.choice("a rule of pairings", Scenario.PairingRule.self) ?? .all
    let free = roles.count { $0.language == nil }
    let rolesValue = keys["roles"] ?? keys["programs"] ?? value
    if pairings == .all, free > RoleParser.maximumOfAllLanguages {
      rolesValue.report(
        "\(free) roles would each have every language in turn; at most \(RoleParser.maximumOfAllLanguages) may: add 'pairings: mixed'"
      )
    }
    let errorsBefore = log.count
    var steps: [Step] = []
    // Without roles, every step would also cause an error.
    if let list = keys["steps"], !roles.isEmpty {
      var parser = StepParser(
        log: log, registry: registry, roles: roles, templates: templates, project: project, fill: fill)
      steps = parser.parse(list)
      if steps.isEmpty, list.isList { list.report("the list of steps is empty") }
    }
    // Check the order of the steps only if all of them were parsed. Otherwise, a step that seems to be missing could be
    // the step with the error.
    if log.count == errorsBefore {
      ScriptCheck.run(steps, roles: roles, registry: registry, place: rolesValue.location, log: log)
    }
    var needs = keys["needs"]?.list("needs").compactMap { $0.choice("a need", Feature.self) } ?? []
    for user in Role.User.allCases where roles.contains(where: { $0.user == user }) {
      if let need = Feature(rawValue: user.rawValue), !needs.contains(need) { needs.append(need) }
    }
    if roles.contains(where: \.hasInterruptedCloses), !needs.contains(.tracing) { needs.append(.tracing) }
    return Scenario(
      id: text("id"), title: text("title"),
      spec: keys["spec"] == nil && (origin.isOfUser || isBenchmark) ? document.file : text("spec"),
      level: keys["level"]?.choice("a level", Scenario.Level.self) ?? .must,
      roles: roles, files: contents.files(keys["files"]), steps: steps, needs: needs, parameters: row.parameters,
      pairings: pairings, isNegativeControl: keys["negative-control"]?.boolean("'negative-control'") ?? false,
      location: value.location)
  }

  /// Checks that a scenario id in the suite begins with the name of its file, so that readers of a verdict can find the
  /// file.
  private func checkID(_ id: SourceText) {
    if origin.isOfUser {
      let parts = id.text.split(separator: "/", omittingEmptySubsequences: false)
      if parts.count > 2 || !parts.allSatisfy({ Identifier.isDashed($0) }) {
        log.add(
          id.location,
          "an id is a name of lower-case letters, digits and dashes, or two joined by '/', not '\(abbreviated(id.text))'"
        )
      }
      return
    }
    let file = ScenarioLoader.mechanism(of: document.file)
    let parts = id.text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0] == file, !parts[1].isEmpty, Identifier.isDashed(parts[0]),
      Identifier.isDashed(parts[1])
    else {
      log.add(
        id.location,
        "an id in this file is '\(file)/' and a name of lower-case letters, digits and dashes, not '\(abbreviated(id.text))'"
      )
      return
    }
  }

  /// Reports an error for each unused parameter, because its values would only produce identical cells.
  private func checkUse(of names: [String], in keys: [String: Value]) {
    guard let table = keys["with"], !names.isEmpty else { return }
    var used: Set<String> = []
    for (key, value) in keys where key != "with" {
      value.forEachText { text in
        for part in text.utf8.split(separator: UInt8(ascii: "{"), omittingEmptySubsequences: false).dropFirst() {
          let inner = part.prefix { $0 != UInt8(ascii: "}") }
          if let formula = Formula(String(Substring(inner))) { used.formUnion(formula.names) }
        }
      }
    }
    for name in names where !used.contains(name) { table.report("the parameter '\(name)' is not used") }
  }
}

/// Checks the characters of ids, parameters and other names in the fixtures.
enum Identifier {
  /// Whether `text` consists of lower-case letters, digits and dashes, as in the names of scenarios, roles, mutants and
  /// languages.
  static func isDashed(_ text: some StringProtocol, startingWithLetter: Bool = false) -> Bool {
    guard let first = text.utf8.first else { return false }
    if startingWithLetter, !isLowerCase(first) { return false }
    return text.utf8.allSatisfy { isLowerCase($0) || isDigit($0) || $0 == UInt8(ascii: "-") }
  }

  /// Whether `text` is a letter or `_`, followed by letters, digits and `_`, as in the names of parameters and
  /// variables.
  ///
  /// Dashes are not allowed, because `{bytes-1}` means a difference.
  static func isVariable(_ text: some StringProtocol) -> Bool {
    guard let first = text.utf8.first, !isDigit(first) else { return false }
    return text.utf8.allSatisfy { byte in
      isLowerCase(byte) || isDigit(byte) || byte == UInt8(ascii: "_")
        || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }
  }

  private static func isLowerCase(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
