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

  /// Every cell that there is.
  init(scenarios: [Scenario], peers: PeerList) {
    let reference = peers.reference.language
    groups = scenarios.compactMap { scenario in
      let able = peers.peers.filter { peer in
        scenario.roles.allSatisfy { role in
          role.language != nil || (role.part == .peer ? peer.peer != nil : peer.examples != nil)
        }
      }
      let cells = Pairing.all(of: scenario, languages: able.map(\.language)).map { pairing in
        PlannedCell(
          cell: Cell(scenario, pairing), pairing: pairing,
          isControl: pairing.languages.allSatisfy { $0 == reference })
      }
      guard !cells.isEmpty else { return nil }
      return Group(
        scenario: scenario, control: cells.first(where: \.isControl),
        cells: cells.filter(\.isControl) + cells.filter { !$0.isControl })
    }
  }

  /// The cells of this plan that belong to a selection.
  func selecting(_ selection: Selection) -> Plan {
    if selection.isEverything { return self }
    let filter = CellFilter(selection)
    return Plan(
      groups: groups.compactMap { group in
        let cells = group.cells.filter { filter.includes($0.cell) }
        return cells.isEmpty ? nil : Group(scenario: group.scenario, control: group.control, cells: cells)
      })
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
