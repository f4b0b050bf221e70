/// The words that can occur in the cell ids of one script or scenario whose system calls are not yet known.
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

  /// Returns whether a filter may match one of the cell ids.
  func mayMatch(_ filter: String) -> Bool {
    var beginning = filter.prefix { !"[*".contains($0) }
    if scenario.contains(beginning) { return true }
    // The scenario id contains the only slash and precedes the bracket.
    if beginning.contains("/") || filter.contains("[") { return false }
    if beginning.last == "]" {
      // The bracket ends the id and follows the fault.
      beginning = beginning.dropLast()
      let fault = beginning.split(separator: ",", omittingEmptySubsequences: false).last ?? ""
      guard InjectedFault.allCases.contains(where: { $0.rawValue.hasSuffix(fault) }) else { return false }
    }
    return beginning.split { ",.:".contains($0) }.allSatisfy { word in
      Int(word) != nil || words.contains { $0.contains(word) }
    }
  }
}
