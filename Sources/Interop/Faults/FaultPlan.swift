/// Every script with a fault in every call of every role, in every language.
struct FaultPlan: Sendable {
  var planned: [Planned] = []

  /// A script in one language, without a fault or with one.
  struct Planned: Sendable {
    let cell: Cell
    let scenario: Scenario
    let peer: PeerDescription
    let injection: FaultRun.Injection?
  }

  /// What a recorded script tells of the faults that it can take.
  mutating func add(_ points: [FaultPoint], of recording: Planned, table: SystemCallTable, selection: FaultSelection) {
    for point in points {
      for fault in point.faults(table) {
        let cell = Cell(recording.scenario, language: recording.peer.language, point: point, fault: fault)
        guard selection.includes(cell) else { continue }
        planned.append(
          Planned(
            cell: cell, scenario: recording.scenario, peer: recording.peer,
            injection: FaultRun.Injection(fault: fault, point: point)))
      }
    }
  }
}

/// Which cells of the table are to be run. An empty list is all.
public struct FaultSelection: Sendable {
  /// Cells whose id has one of these in it; a `*` stands for any text.
  public var filters: [String] = []
  public var mechanisms: [String] = []
  public var operations: [String] = []
  public var languages: [String] = []
  public var faults: [Fault] = []

  public init() {}

  var isEverything: Bool {
    filters.isEmpty && mechanisms.isEmpty && operations.isEmpty && languages.isEmpty && faults.isEmpty
  }

  /// Whether a script has to be recorded for it.
  func mayInclude(_ scenario: Scenario, language: String) -> Bool {
    (mechanisms.isEmpty || mechanisms.contains(scenario.mechanism))
      && (languages.isEmpty || languages.contains(language))
      && (operations.isEmpty || !scenario.operations.isDisjoint(with: operations))
  }

  func includes(_ cell: Cell) -> Bool {
    let (operation, fault) = (cell.parameters["operation"] ?? "", cell.parameters["fault"] ?? "")
    return (filters.isEmpty || filters.contains { Glob(containing: $0).matches(cell.id) })
      && (mechanisms.isEmpty || mechanisms.contains(cell.mechanism))
      && (languages.isEmpty || cell.pairing.contains { languages.contains($0.language) })
      && (operations.isEmpty || operations.contains(operation))
      && (faults.isEmpty || faults.contains { $0.rawValue == fault })
  }

  /// Everything that was asked for and does not exist: a misspelt filter must not be a green run.
  func complaints(scripts: [Scenario], vocabulary: Vocabulary, languages known: [String]) -> [String] {
    func complaints(_ kind: String, _ asked: [String], among known: [String]) -> [String] {
      asked.filter { !known.contains($0) }.map {
        "there is no \(kind) '\($0)'\(Suggestion.clause(for: $0, among: known))"
      }
    }
    return complaints("mechanism", mechanisms, among: Set(scripts.map(\.mechanism)).sorted())
      + complaints("operation", operations, among: vocabulary.names)
      + complaints("language", languages, among: known)
  }
}

extension Scenario {
  /// The operations that its script performs.
  var operations: Set<String> {
    Set(
      steps.compactMap { step in
        if case .request(_, let template, _) = step.action { template.operation } else { nil }
      })
  }
}

extension Cell {
  /// `pipe/transfers[swift,writer:3:write,write.1,EINTR]`: the language, the parameters, the role with the number of its
  /// request and the operation, the call and which of its name, and the fault. Without a point it is the recording of the
  /// script.
  init(_ scenario: Scenario, language: String, point: FaultPoint?, fault: Fault?) {
    var parameters: [String: String] = [:]
    var words = [language] + scenario.parameters.map { "\($0.name)=\($0.value)" }
    if let point, let fault {
      words += [
        "\(point.role):\(point.request + 1):\(point.operation)", "\(point.call).\(point.occurrence)", fault.rawValue,
      ]
      parameters = [
        "role": point.role, "request": "\(point.request + 1)", "operation": point.operation, "call": point.call,
        "occurrence": "\(point.occurrence)", "fault": fault.rawValue,
      ]
    } else {
      words.append("recording")
    }
    self.init(
      id: "\(scenario.id)[\(words.joined(separator: ","))]", scenario: scenario.id, mechanism: scenario.mechanism,
      title: scenario.title, spec: scenario.spec, level: scenario.level.rawValue,
      pairing: scenario.roles.map { Assignment(role: $0.name, language: language) }, parameters: parameters,
      location: scenario.location.description)
  }
}
