/// The cells in a run, in order.
struct Plan: Sendable {
  let groups: [Group]

  /// The cells for one scenario with one row of parameters.
  ///
  /// The cells share one control cell, which comes first if selected.
  struct Group: Sendable {
    let scenario: Scenario
    /// The cell in which the reference plays all roles; nil if the reference does not take part.
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

  /// Plans all cells that a strategy selects.
  ///
  /// `context` determines which cells the peers can run; without it, they can run all cells.
  init(
    scenarios: [Scenario], peers: PeerList, strategy: PairingStrategy = .all, context: CellContext? = nil
  ) {
    let reference = peers.reference.language
    func cell(_ scenario: Scenario, _ pairing: Pairing) -> PlannedCell {
      PlannedCell(
        cell: Cell(scenario, pairing), pairing: pairing,
        isControl: pairing.languages.allSatisfy { $0 == reference || $0 == PeerList.referencePeer })
    }
    let languages = scenarios.map { scenario in
      peers.peers.filter { peer in
        scenario.roles.allSatisfy { role in
          role.language != nil || (role.part == .peer ? peer.peer != nil : peer.hasPrograms)
        }
      }.map(\.language)
    }
    let coverage = strategy.coverage(of: scenarios, languages: languages, reference: reference) { scenario, pairing in
      context?.canRun(cell(scenario, pairing), of: scenario) ?? true
    }
    groups = scenarios.enumerated().compactMap { index, scenario in
      let pairings =
        coverage?.pairings(of: scenario, at: index, languages: languages[index])
        ?? Pairing.all(of: scenario, languages: languages[index])
      let cells = pairings.map { cell(scenario, $0) }
      guard !cells.isEmpty else { return nil }
      return Group(
        scenario: scenario, control: cells.first(where: \.isControl),
        cells: cells.filter(\.isControl) + cells.filter { !$0.isControl })
    }
  }

  /// Returns the plan without the cells that are not selected.
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

extension Plan {
  /// Returns the plan, shuffled using the seed; 0 keeps the file order.
  func shuffled(seed: UInt64) -> Plan {
    guard seed != 0 else { return self }
    var random = SeededGenerator(seed: seed)
    return Plan(groups: groups.shuffled(using: &random))
  }
}

/// The splitmix64 generator: the same seed produces the same order.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
