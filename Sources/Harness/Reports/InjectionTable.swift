/// The fault-injection table, which shows for each language how many calls in each operation handled each fault
/// correctly.
struct InjectionTable {
  private var rows: [String: [Place: Tally]] = [:]
  private var order: [String] = []
  private var languages: [String] = []

  private struct Place: Hashable {
    let fault: InjectedFault
    let language: String
  }

  private struct Tally {
    var passed = 0
    var total = 0
  }

  private let faults: [InjectedFault]

  /// Creates a table from the results that have an injected fault.
  ///
  /// For programs, a row stands for a call in a role, such as `server: mq_open`. `faults` contains the columns.
  init(_ results: [CellResult], faults: [InjectedFault] = InjectedFault.allCases) {
    self.faults = faults
    let hasScenarios = Set(results.lazy.filter { $0.cell.injection != nil }.map(\.cell.scenario)).count > 1
    for result in results {
      guard let injection = result.cell.injection,
        let language = result.cell.pairing.first(where: { $0.role == injection.role })?.language
      else { continue }
      let scenario = hasScenarios ? "\(result.cell.scenario.escapedForDisplay) " : ""
      let operation = injection.operation ?? "\(scenario)\(injection.role): \(injection.call)"
      let place = Place(fault: injection.fault, language: language)
      if rows[operation] == nil { order.append(operation) }
      if !languages.contains(language) { languages.append(language) }
      var tally = rows[operation]?[place] ?? Tally()
      tally.total += 1
      if result.verdict == .passed { tally.passed += 1 }
      rows[operation, default: [:]][place] = tally
    }
  }

  /// The operations with the most failures; empty if there are no failures.
  var worst: [String] {
    func failures(_ operation: String) -> Int { rows[operation]?.values.reduce(0) { $0 + $1.total - $1.passed } ?? 0 }
    let most = order.map(failures).max() ?? 0
    return most == 0 ? [] : order.filter { failures($0) == most }
  }

  func lines(_ style: Style) -> [String] {
    guard !order.isEmpty else { return [] }
    var table = TextTable()
    let empty = languages.dropFirst().map { _ in TextTable.Cell("") }
    table.add([.init("")] + faults.flatMap { [.init($0.rawValue, .heading)] + empty })
    table.add([.init("")] + faults.flatMap { _ in languages.map { .init($0, .faint) } })
    for operation in order {
      table.add(
        [.init(operation)]
          + faults.flatMap { fault in
            languages.map { cell(rows[operation]?[Place(fault: fault, language: $0)]) }
          })
    }
    return table.lines(style) + [""]
  }

  /// Returns the number of calls or, if some calls failed the test, the number of failures and a marker.
  private func cell(_ tally: Tally?) -> TextTable.Cell {
    guard let tally else { return .init("-") }
    if tally.passed == tally.total { return .init("\(tally.total)", .good) }
    return .init("\(tally.passed)/\(tally.total)!", .bad)
  }
}

extension InjectionTable {
  /// Returns the table of the faults that were injected into programs; nil if there are none.
  static func ofPrograms(_ results: [CellResult]) -> InjectionTable? {
    let injected = results.filter { result in
      result.cell.injection.map { $0.request == nil } == true && result.verdict != .notRun
    }
    let used = Set(injected.compactMap(\.cell.injection?.fault))
    return used.isEmpty ? nil : InjectionTable(injected, faults: InjectedFault.allCases.filter(used.contains))
  }
}

/// The console report for fault injection: the run report, followed by the table.
public struct InjectionConsoleReport: Report {
  private let style: Style
  private var console: ConsoleReport
  private var record = RunRecord()

  /// Creates a report for a destination that has the capabilities in `style`.
  public init(style: Style) {
    self.style = style
    console = ConsoleReport(style: style)
  }

  /// Returns the text to print after an event; the text may redraw lines.
  public mutating func receive(_ event: Event) -> String {
    record.receive(event)
    let text = console.receive(event)
    guard case .runEnded = event else { return text }
    let table = InjectionTable(record.results)
    let worst = table.worst
    let verdict = worst.isEmpty ? [] : ["The worst row: \(worst.joined(separator: ", "))", ""]
    return (table.lines(style) + verdict).map { $0 + "\n" }.joined() + text
  }
}
