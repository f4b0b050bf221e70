import Foundation

/// The contents of `build/cost.json`.
struct Report: Codable {
  var targets = Targets()
  var messages: [String: MessageCost] = [:]
  var times: [String: TimeCost] = [:]
}

/// The maximum cost that the library may add per message, compared with C.
struct Targets: Codable {
  var instructionsOverSpans = 120.0
  var instructionsOverArrays = 250.0
  var systemCalls = 0.0
  var allocations = 0.0
}

/// The cost of sending and receiving a 64-byte message, or of two calls that transfer no bytes; `arrays` is nil for the
/// latter.
struct MessageCost: Codable {
  struct Figures: Codable {
    /// The number of user-mode instructions.
    let instructions: Double
    let systemCalls: Double
    let allocations: Double
  }

  let c: Figures
  let spans: Figures
  let arrays: Figures?

  /// Returns the additional cost of the more expensive Swift variant, compared with C.
  func extra(_ figure: (Figures) -> Double) -> Double {
    max(figure(spans), arrays.map(figure) ?? 0) - figure(c)
  }
}

/// The shortest time per round, in ns.
struct TimeCost: Codable {
  let c: Double
  let swift: Double
  /// The Swift time divided by the C time.
  let ratio: Double
}

/// Formats the rows of both tables.
struct Table {
  private static let widths = [16, 14, 9, 9, 15, 13]
  let targets: Targets

  /// Whether any value so far exceeds its target.
  private(set) var hasMarks = false

  init(_ targets: Targets) { self.targets = targets }

  static let messageHeader = """
    Cost of sending and receiving 64 bytes, or of two calls without bytes: C, and the additional cost of Swift

    \(row(["mechanism", "C instructions", "+spans", "+arrays", "+system calls", "+allocations"]))
    """

  static let timeHeader = """
    The time of one round in ns, in the shortest of 7 runs

    \(row(["measurement", "C", "Swift", "ratio"]))
    """

  mutating func row(_ name: String, _ cost: MessageCost) -> String {
    let arrays = cost.arrays.map { $0.instructions - cost.c.instructions }
    let cells = [
      name, "\(Int(cost.c.instructions.rounded()))",
      cell(cost.spans.instructions - cost.c.instructions, targets.instructionsOverSpans, digits: 0),
      arrays.map { cell($0, targets.instructionsOverArrays, digits: 0) } ?? "-",
      cell(cost.extra(\.systemCalls), targets.systemCalls, digits: 2),
      cell(cost.extra(\.allocations), targets.allocations, digits: 2),
    ]
    return Self.row(cells)
  }

  static func row(_ name: String, _ cost: TimeCost) -> String {
    row([name, text(cost.c, digits: 1), text(cost.swift, digits: 1), text(cost.ratio, digits: 2)])
  }

  /// The line below the table, which explains the asterisks or states that no value exceeds its target.
  var footer: String {
    let limits =
      "+\(Int(targets.instructionsOverSpans)) instructions over spans, +\(Int(targets.instructionsOverArrays)) over "
      + "arrays, no system calls, no allocations"
    return hasMarks ? "* over its target: \(limits)" : "No value is over its target: \(limits)"
  }

  /// Returns the difference from C, followed by an asterisk if it exceeds its target.
  private mutating func cell(_ value: Double, _ target: Double, digits: Int) -> String {
    let shown = Self.text(value, digits: value == value.rounded() ? 0 : digits)
    let sign = value > 0 && shown != "0" ? "+" : ""
    guard value > target else { return sign + shown }
    hasMarks = true
    return sign + shown + "*"
  }

  private static func text(_ value: Double, digits: Int) -> String {
    let text = String(format: "%.\(digits)f", value)
    return text == "-0" ? "0" : text
  }

  /// Returns a row whose first cell is left-aligned and whose other cells are right-aligned.
  ///
  /// An asterisk replaces the space that follows the number.
  private static func row(_ cells: [String]) -> String {
    let columns = zip(cells, widths).enumerated().map { index, column in
      let (text, width) = column
      if index == 0 { return text.padding(toLength: width, withPad: " ", startingAt: 0) }
      let space = String(repeating: " ", count: max(0, width - text.count - (text.hasSuffix("*") ? 0 : 1)))
      return space + text + (text.hasSuffix("*") ? "" : " ")
    }
    let line = columns.joined(separator: " ")
    return String(line[..<(line.lastIndex { $0 != " " }.map(line.index(after:)) ?? line.endIndex)])
  }
}
