import Yams

/// Reads `with:` into rows: all combinations of a map of lists, or a list of rows as they stand.
struct ParameterTable {
  let document: Document

  /// More cells than this of one scenario are a slip of the pen.
  static let largestTable = 256

  func rows(_ node: Node?) -> [ParameterRow] {
    guard let node else { return [ParameterRow()] }
    if case .sequence = node {
      let rows = document.list(node, of: "rows").compactMap { row in
        document.map(row, "a row of parameters").map { entries in
          entries.reduce(ParameterRow()) { row, entry in
            guard isName(entry.key), let value = value(entry.value) else { return row }
            return row.with(entry.key.text, value)
          }
        }
      }
      if let first = rows.first, let odd = rows.first(where: { Set($0.names) != Set(first.names) }) {
        document.mistake(
          node,
          "each row has the same parameters; one has \(list(first.names)), another \(list(odd.names))")
        return []
      }
      if rows.isEmpty { document.mistake(node, "'with' names no row") }
      return rows
    }
    var rows = [ParameterRow()]
    for (key, list) in document.map(node, "'with'") ?? [] {
      guard isName(key) else { continue }
      let values = document.list(list, of: "values").compactMap(value)
      if case .sequence = list, values.isEmpty { document.mistake(list, "'\(key.text)' has no value") }
      guard rows.count * values.count <= Self.largestTable else {
        document.mistake(node, "'with' makes more than \(Self.largestTable) rows")
        return []
      }
      rows = rows.flatMap { row in values.map { row.with(key.text, $0) } }
    }
    return rows
  }

  private func list(_ names: [String]) -> String { names.sorted().joined(separator: ", ") }

  private func value(_ node: Node) -> String? {
    document.text(node, for: "the value of a parameter", mayBeEmpty: true)?.text
  }

  private func isName(_ key: SourceText) -> Bool {
    let name = key.text
    if Formula.isName(name), !TemplateParser.fresh.contains(name), name != "number" { return true }
    document.log.add(
      key.location, "'\(name)' cannot name a parameter: letters, digits and _, and none of number, mq, fifo, path, key")
    return false
  }
}
