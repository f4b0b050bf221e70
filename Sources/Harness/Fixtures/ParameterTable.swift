/// One row of `with:`: the values that replace parameters in a scenario's text when it is loaded.
struct ParameterRow {
  private(set) var parameters: [Scenario.Parameter] = []

  var names: [String] { parameters.map(\.name) }
  subscript(name: String) -> String? { parameters.first { $0.name == name }?.value }

  func with(_ name: String, _ value: String) -> ParameterRow {
    var row = self
    row.parameters.append(Scenario.Parameter(name: name, value: value))
    return row
  }

  /// Returns `source` with each parameter `{name}` in this row, and each `{formula}` of parameters, replaced by its
  /// value.
  ///
  /// Cell variables stay in braces, because they are replaced when the cell runs.
  func filling(_ source: SourceText, log: DiagnosticLog) -> SourceText {
    if parameters.isEmpty { return source }
    var result = source
    var index = 0
    while let open = result.firstIndex(of: "{", from: index), let close = result.firstIndex(of: "}", from: open) {
      index = open + 1
      let inner = result[open + 1..<close]
      guard let formula = Formula(inner.text), formula.names.contains(where: names.contains) else { continue }
      do throws(Formula.EvaluationError) {
        let value = try formula.value(in: self)
        result = result.replacing(open..<close + 1, with: value)
        index = open + value.utf8.count
      } catch {
        log.add(inner.location, error.message)
        // Replace the formula: if it stayed in braces, it would be parsed as a cell variable and cause a second error.
        result = result.replacing(open..<close + 1, with: "0")
      }
    }
    return result
  }
}

/// An expression of parameters and integers with `+`, `-` and `*`, such as `bytes+1` or `writers*records`.
struct Formula {
  private let operands: [String]
  /// The operators between the operands.
  private let signs: [Character]

  struct EvaluationError: Error { let message: String }

  /// Parses a formula; nil if `text` is not a formula.
  init?(_ text: String) {
    operands = text.split(omittingEmptySubsequences: false) { "+-*".contains($0) }.map(String.init)
    signs = text.filter { "+-*".contains($0) }
    guard operands.allSatisfy({ Int($0) != nil || Identifier.isVariable($0) }) else { return nil }
  }

  var names: [String] { operands.filter { Int($0) == nil } }

  /// Returns the value for `row`: any text for a single name, otherwise a number.
  func value(in row: ParameterRow) throws(EvaluationError) -> String {
    for name in names where row[name] == nil {
      throw EvaluationError(message: "unknown parameter '\(name)'\(Suggestion.clause(for: name, among: row.names))")
    }
    if signs.isEmpty { return row[operands[0]] ?? operands[0] }
    var sum = 0
    var product = try number(operands[0], in: row)
    for (sign, operand) in zip(signs, operands.dropFirst()) {
      let number = try number(operand, in: row)
      if sign == "*" {
        product = try Self.exact(product.multipliedReportingOverflow(by: number))
      } else {
        sum = try Self.exact(sum.addingReportingOverflow(product))
        product = sign == "-" ? try Self.exact(0.subtractingReportingOverflow(number)) : number
      }
    }
    return String(try Self.exact(sum.addingReportingOverflow(product)))
  }

  private func number(_ operand: String, in row: ParameterRow) throws(EvaluationError) -> Int {
    let text = row[operand] ?? operand
    guard let number = Int(text) else {
      throw EvaluationError(message: "the parameter '\(operand)' is '\(text)' here, which is not a number")
    }
    return number
  }

  private static func exact(_ result: (partialValue: Int, overflow: Bool)) throws(EvaluationError) -> Int {
    if result.overflow { throw EvaluationError(message: "the result does not fit into 64 bits") }
    return result.partialValue
  }
}

/// Parses `with:` into rows: either the listed rows, or all combinations of the values in a map of lists.
enum ParameterTable {
  /// The maximum number of rows.
  ///
  /// A table with more rows is assumed to be a mistake.
  private static let maximumRows = 256

  static func rows(_ value: FixtureDocument.Value?) -> [ParameterRow] {
    guard let value else { return [ParameterRow()] }
    return value.isList ? listedRows(value) : combinations(value)
  }

  private static func listedRows(_ value: FixtureDocument.Value) -> [ParameterRow] {
    let rows = value.nonEmptyList("rows").compactMap { row in
      row.map("a row of parameters").map { entries in
        entries.reduce(ParameterRow()) { row, entry in
          guard isName(entry.key, value), let text = text(entry.value) else { return row }
          return row.with(entry.key.text, text)
        }
      }
    }
    if let first = rows.first, let odd = rows.first(where: { Set($0.names) != Set(first.names) }) {
      func list(_ names: [String]) -> String { names.sorted().joined(separator: ", ") }
      value.report("all rows must have the same parameters; one has \(list(first.names)), another \(list(odd.names))")
      return []
    }
    return rows
  }

  private static func combinations(_ value: FixtureDocument.Value) -> [ParameterRow] {
    var rows = [ParameterRow()]
    for (key, list) in value.map("'with'") ?? [] {
      guard isName(key, value) else { continue }
      let values = list.nonEmptyList("values").compactMap(text)
      guard rows.count * values.count <= maximumRows else {
        value.report("'with' has more than \(maximumRows) rows")
        return []
      }
      rows = rows.flatMap { row in values.map { row.with(key.text, $0) } }
    }
    return rows
  }

  private static func text(_ value: FixtureDocument.Value) -> String? {
    value.text("the value of a parameter", mayBeEmpty: true)?.text
  }

  private static func isName(_ key: SourceText, _ value: FixtureDocument.Value) -> Bool {
    let name = key.text
    if Identifier.isVariable(name), !TemplateParser.fresh.contains(name), name != "number" { return true }
    let reserved = (["number"] + TemplateParser.fresh).joined(separator: ", ")
    value.log.add(
      key.location, "'\(name)' cannot be a parameter: use letters, digits and _, and none of \(reserved)")
    return false
  }
}
