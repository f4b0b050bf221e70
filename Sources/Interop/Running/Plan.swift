/// Every cell that a run will run, in order.
struct Plan: Sendable {
  let groups: [Group]

  /// The cells of one scenario and one row of parameters: they share a control cell, which stands first if it was
  /// selected at all.
  struct Group: Sendable {
    let scenario: Scenario
    /// Of the reference alone; nil where it takes no part, and nobody can vouch for the machine.
    let control: PlannedCell?
    let cells: [PlannedCell]
  }

  struct PlannedCell: Sendable {
    let cell: Cell
    let pairing: Pairing
    let isControl: Bool
  }

  var cells: [Cell] { groups.flatMap { $0.cells.map(\.cell) } }

  init(groups: [Group]) { self.groups = groups }

  init(scenarios: [Scenario], peers: PeerList, selection: Selection) {
    let reference = peers.reference.language
    groups = scenarios.compactMap { scenario in
      let able = peers.peers.filter { peer in
        scenario.roles.allSatisfy { role in
          role.language != nil || (role.part == .peer ? peer.peer != nil : peer.examples != nil)
        }
      }
      let all = Pairing.all(of: scenario, languages: able.map(\.language)).map { pairing in
        PlannedCell(
          cell: Cell(scenario, pairing), pairing: pairing,
          isControl: pairing.languages.allSatisfy { $0 == reference })
      }
      let cells = all.filter { selection.includes($0.cell) }.sorted { $0.isControl && !$1.isControl }
      guard !cells.isEmpty else { return nil }
      return Group(scenario: scenario, control: all.first(where: \.isControl), cells: cells)
    }
  }
}

extension Cell {
  init(_ scenario: Scenario, _ pairing: Pairing) {
    let parameters = scenario.parameters.map { "\($0.name)=\($0.value)" }
    self.init(
      id: "\(scenario.id)[\(([pairing.description] + parameters).joined(separator: ","))]", scenario: scenario.id,
      mechanism: scenario.mechanism, title: scenario.title, spec: scenario.spec, level: scenario.level.rawValue,
      pairing: zip(scenario.roles, pairing.languages).map { Assignment(role: $0.name, language: $1) },
      parameters: Dictionary(scenario.parameters.map { ($0.name, $0.value) }) { first, _ in first },
      location: scenario.location.description)
  }
}
