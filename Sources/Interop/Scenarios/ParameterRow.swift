/// One row of `with:`: the values that a scenario's text is filled with as it is loaded.
struct ParameterRow {
  private(set) var parameters: [Scenario.Parameter] = []

  var names: [String] { parameters.map(\.name) }

  subscript(name: String) -> String? { parameters.first { $0.name == name }?.value }

  func with(_ name: String, _ value: String) -> ParameterRow {
    var row = self
    row.parameters.append(Scenario.Parameter(name: name, value: value))
    return row
  }

  /// `source` with each `{name}` of this row, and each sum or product of such, replaced by its value. Other braces are
  /// left: they are filled when the cell runs.
  func filling(_ source: SourceText, log: MistakeLog) -> SourceText {
    var result = source
    var index = 0
    while let open = result.firstIndex(of: "{", from: index), let close = result.firstIndex(of: "}", from: open) {
      index = open + 1
      let inner = result[open + 1..<close]
      guard let formula = Formula(inner.text), formula.names.contains(where: names.contains) else { continue }
      do throws(Formula.Fault) {
        let value = try formula.value(in: self)
        result = result.replacing(open..<close + 1, with: value)
        index = open + value.utf8.count
      } catch {
        log.add(inner.location, error.message)
        // One mistake is enough: what is left in its braces would be taken for a variable of the cell.
        result = result.replacing(open..<close + 1, with: "0")
      }
    }
    return result
  }
}
