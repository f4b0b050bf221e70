/// The words that can occur in the cell ids of one script or scenario before its system calls are known.
struct InjectionNames {
  private let scenario: String
  private let words: [String]

  /// Adds the scenario's roles and parameters and all faults to `words`, which contains words such as languages and
  /// system calls.
  init(of scenario: Scenario, words: [String]) {
    self.scenario = scenario.id
    self.words =
      words + scenario.roles.map(\.name) + scenario.parameters.map { "\($0.name)=\($0.value)" }
      + InjectedFault.allCases.map(\.rawValue)
  }

  /// Returns whether a filter could match one of the cell ids.
  func mayMatch(_ filter: String) -> Bool {
    var beginning = filter.prefix { !"[*".contains($0) }
    if scenario.contains(beginning) { return true }
    // The only slash in a cell id is in the scenario id, which precedes the bracket.
    if beginning.contains("/") || filter.contains("[") { return false }
    if beginning.last == "]" {
      // The closing bracket ends the cell id, and the fault precedes it.
      beginning = beginning.dropLast()
      let fault = beginning.split(separator: ",", omittingEmptySubsequences: false).last ?? ""
      guard InjectedFault.allCases.contains(where: { $0.rawValue.hasSuffix(fault) }) else { return false }
    }
    return beginning.split { ",.:".contains($0) }.allSatisfy { word in
      Int(word) != nil || words.contains { $0.contains(word) }
    }
  }
}
