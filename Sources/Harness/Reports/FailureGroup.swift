/// A failure, and the cells that are broken only because of it.
struct FailureGroup {
  let failure: CellResult
  /// The ids of the broken cells.
  private(set) var dependents: [String] = []

  /// Returns the failures in `results`; each cell that is broken because of a failed control cell is a dependent.
  ///
  /// If the results do not include the control cell, the first broken cell represents it.
  static func all(_ results: [CellResult]) -> [FailureGroup] {
    let failures = results.filter(\.isFailure)
    var leaders = Set(failures.map(\.cell.id))
    var groups: [FailureGroup] = []
    var followers: [String: [String]] = [:]
    for result in failures {
      if let cause = result.outcome.control?.cell, !leaders.insert(cause).inserted {
        followers[cause, default: []].append(result.cell.id)
      } else {
        groups.append(FailureGroup(failure: result))
      }
    }
    for index in groups.indices {
      let failure = groups[index].failure
      groups[index].dependents = followers.removeValue(forKey: failure.outcome.control?.cell ?? failure.cell.id) ?? []
    }
    return groups
  }

  /// The number of dependents in words: `2 more cells are broken because of it`; nil if there are none.
  var consequence: String? {
    guard !dependents.isEmpty else { return nil }
    return "\(counted(dependents.count, "more cell")) \(dependents.count == 1 ? "is" : "are") broken because of it"
  }

  /// The number and the first ids of the dependents; nil if there are none.
  var consequenceWithNames: String? {
    let names = dependents.prefix(Self.maximumListed).joined(separator: ", ")
    let rest = dependents.count - Self.maximumListed
    return consequence.map { "\($0): \(names)" + (rest > 0 ? " and \(rest) more" : "") }
  }

  private static let maximumListed = 10
}
