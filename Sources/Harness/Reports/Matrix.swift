/// The number of passed cells for each mechanism and pairing.
struct Matrix {
  /// The mechanisms, in the order of the results.
  let mechanisms: [String]
  let pairings: [Pairing]
  private let entries: [String: [Pairing: Entry]]
  private let reference: String?

  struct Entry {
    var passed = 0
    var total = 0
    var failures = 0
    var notRun = 0

    /// The number of passed cells and the total, followed by `!` if a result is unexpected.
    ///
    /// The marker is necessary because the output may have no color.
    var text: String { "\(passed)/\(total)\(failures > 0 ? "!" : "")" }
  }

  /// A column, which can contain several pairings.
  ///
  /// With many roles, there are too many pairings to give each one a column.
  enum Pairing: Hashable, Comparable, CustomStringConvertible {
    /// All roles in one language.
    case uniform(String)
    /// Two roles in two different languages.
    case pair(String, String)
    case mixed
    /// One language with itself and with the reference, if there are many languages.
    case language(String)
    /// Two languages, neither of which is the reference, if there are many languages.
    case others

    /// If there are many languages, `reference` is the language that takes part in every named pairing.
    init(_ cell: Cell, reference: String?) {
      if let reference {
        let others = Set(cell.pairing.map(\.language)).subtracting([reference])
        self = others.count > 1 ? .others : .language(others.first ?? reference)
        return
      }
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
      case .language(let language): language
      case .others: "others"
      }
    }
  }

  init(_ results: [CellResult]) {
    var mechanisms: [String] = []
    var entries: [String: [Pairing: Entry]] = [:]
    reference = Self.commonLanguage(results)
    for result in results {
      if entries[result.cell.mechanism] == nil { mechanisms.append(result.cell.mechanism) }
      let pairing = Pairing(result.cell, reference: reference)
      var entry = entries[result.cell.mechanism]?[pairing] ?? Entry()
      entry.total += 1
      if result.verdict == .passed { entry.passed += 1 }
      if result.isFailure { entry.failures += 1 }
      if result.verdict == .notRun { entry.notRun += 1 }
      entries[result.cell.mechanism, default: [:]][pairing] = entry
    }
    self.mechanisms = mechanisms
    self.pairings = Set(entries.values.flatMap(\.keys)).sorted()
    self.entries = entries
  }

  /// The maximum number of languages for which each pairing has its own column.
  private static let maximumOfPairings = 4

  /// Returns the language that most cells use; nil if there are few enough languages to give each pairing its own
  /// column.
  private static func commonLanguage(_ results: [CellResult]) -> String? {
    var counts: [String: Int] = [:]
    for result in results {
      for language in Set(result.cell.pairing.map(\.language)) { counts[language, default: 0] += 1 }
    }
    guard counts.count > maximumOfPairings else { return nil }
    return counts.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
  }

  /// Returns the column of a cell.
  func pairing(of cell: Cell) -> Pairing { Pairing(cell, reference: reference) }

  /// The number of a mechanism's cells that passed in a pairing; nil if the mechanism has no such pairing.
  subscript(mechanism: String, pairing: Pairing) -> Entry? { entries[mechanism]?[pairing] }
}
