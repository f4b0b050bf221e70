/// The number of passed cells for each mechanism and pairing.
struct Matrix {
  /// The mechanisms, in the order of the results.
  let mechanisms: [String]
  let pairings: [Pairing]
  private let entries: [String: [Pairing: Entry]]

  struct Entry {
    var passed = 0
    var total = 0
    var failures = 0

    /// The numbers, with a mark if a result is not as expected, because colour may be missing.
    var text: String { "\(passed)/\(total)\(failures > 0 ? "!" : "")" }
  }

  /// The pairings that share a column: scenarios with many roles have too many pairings for one column each.
  enum Pairing: Hashable, Comparable, CustomStringConvertible {
    /// Every role in the same language.
    case uniform(String)
    /// Two roles in two languages.
    case pair(String, String)
    case mixed

    init(_ cell: Cell) {
      let languages = cell.pairing.map(\.language).filter { $0 != PeerList.referencePeer }
      guard let first = languages.first else {
        self = .uniform(PeerList.referencePeer)
        return
      }
      if languages.allSatisfy({ $0 == first }) {
        self = .uniform(first)
      } else if languages.count == 2 {
        self = .pair(languages[0], languages[1])
      } else {
        self = .mixed
      }
    }

    var description: String {
      switch self {
      case .uniform(let language): "all \(language)"
      case .pair(let first, let second): "\(first)>\(second)"
      case .mixed: "mixed"
      }
    }
  }

  init(_ results: [CellResult]) {
    var mechanisms: [String] = []
    var entries: [String: [Pairing: Entry]] = [:]
    for result in results {
      if entries[result.cell.mechanism] == nil { mechanisms.append(result.cell.mechanism) }
      var entry = entries[result.cell.mechanism]?[Pairing(result.cell)] ?? Entry()
      entry.total += 1
      if result.verdict == .passed { entry.passed += 1 }
      if result.isFailure { entry.failures += 1 }
      entries[result.cell.mechanism, default: [:]][Pairing(result.cell)] = entry
    }
    self.mechanisms = mechanisms
    self.pairings = Set(entries.values.flatMap(\.keys)).sorted()
    self.entries = entries
  }

  /// How many cells of a mechanism passed in a pairing; nil if the mechanism has no such pairing.
  subscript(mechanism: String, pairing: Pairing) -> Entry? { entries[mechanism]?[pairing] }
}
