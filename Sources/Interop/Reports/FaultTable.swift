/// Operation × fault, each language side by side: how many calls of the operation took the fault as they must.
struct FaultTable {
  private var rows: [String: [Place: Tally]] = [:]
  private var order: [String] = []
  private var languages: [String] = []

  private struct Place: Hashable {
    let fault: Fault
    let language: String
  }

  private struct Tally {
    var passed = 0
    var total = 0
  }

  init(_ results: [CellResult]) {
    for result in results {
      guard let operation = result.cell.parameters["operation"], let language = result.cell.pairing.first?.language,
        let fault = result.cell.parameters["fault"].flatMap(Fault.init)
      else { continue }
      if rows[operation] == nil { order.append(operation) }
      if !languages.contains(language) { languages.append(language) }
      var tally = rows[operation]?[Place(fault: fault, language: language)] ?? Tally()
      tally.total += 1
      if result.verdict == .passed { tally.passed += 1 }
      rows[operation, default: [:]][Place(fault: fault, language: language)] = tally
    }
  }

  /// The operations that take the fewest of their faults as they must; none when all take all.
  var worst: [String] {
    func failures(_ operation: String) -> Int { rows[operation]?.values.reduce(0) { $0 + $1.total - $1.passed } ?? 0 }
    let most = order.map(failures).max() ?? 0
    return most == 0 ? [] : order.filter { failures($0) == most }
  }

  func lines(_ style: Style) -> [String] {
    guard !order.isEmpty else { return [] }
    let width = (order.map(\.count).max() ?? 0) + 2
    let cellWidth = max(6, languages.map(\.count).max() ?? 0) + 1
    let columnWidth = max(cellWidth * languages.count + 1, (Fault.allCases.map(\.rawValue.count).max() ?? 0) + 2)
    let gap = String(repeating: " ", count: columnWidth - cellWidth * languages.count)
    let head = String(repeating: " ", count: width)
    let faults = head + Fault.allCases.map { $0.rawValue.padded(to: columnWidth) }.joined()
    let spoken =
      head
      + Fault.allCases.map { _ in
        languages.map { $0.padded(to: cellWidth) }.joined().padded(to: columnWidth)
      }.joined()
    let body = order.map { operation in
      operation.harmless.padded(to: width)
        + Fault.allCases.map { fault in
          languages.map { text(operation, Place(fault: fault, language: $0), cellWidth, style) }.joined() + gap
        }.joined()
    }
    return [style.painted(faults.withoutSpacesBehind, .heading), style.painted(spoken.withoutSpacesBehind, .faint)]
      + body.map(\.withoutSpacesBehind) + [""]
  }

  /// The number of calls, or how many of them failed the test, marked without colour as well.
  private func text(_ operation: String, _ place: Place, _ width: Int, _ style: Style) -> String {
    guard let tally = rows[operation]?[place] else { return "-".padded(to: width) }
    let text = tally.passed == tally.total ? "\(tally.total)" : "\(tally.passed)/\(tally.total)!"
    let spaces = String(repeating: " ", count: max(0, width - text.count))
    return style.painted(text, tally.passed == tally.total ? .good : .bad) + spaces
  }
}

/// What people see of a run of faults: what they see of any run, and at its end the table.
public struct FaultConsoleReport: Report {
  private let style: Style
  private var console: ConsoleReport
  private var record = RunRecord()

  public init(style: Style) {
    self.style = style
    console = ConsoleReport(style: style)
  }

  public mutating func receive(_ event: Event) -> String {
    record.receive(event)
    let text = console.receive(event)
    guard case .runEnded = event else { return text }
    let table = FaultTable(record.results)
    let worst = table.worst
    let verdict =
      worst.isEmpty ? [] : ["The worst row: \(worst.joined(separator: ", "))", ""]
    return (table.lines(style) + verdict).map { $0 + "\n" }.joined() + text
  }
}
