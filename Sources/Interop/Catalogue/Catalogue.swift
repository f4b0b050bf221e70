import FoundationEssentials

/// What a run would do, without running it: the scenarios of its cells, and the pitfalls that they keep a peer from.
public struct Catalogue: Sendable, Encodable {
  /// The version of the form, for programs.
  let format = 1
  let scenarios: [Entry]
  let pitfalls: [PitfallGroup]

  /// One scenario, with all rows of its parameters.
  struct Entry: Sendable, Encodable {
    let id: String
    let mechanism: String
    let title: String
    let spec: String
    let level: String
    let location: String
    /// The ids of its cells, in the order of the plan.
    var cells: [String]
  }

  /// - Parameters:
  ///   - cells: In the order of the plan, as ``Runner/cells`` has them.
  ///   - pitfalls: Those are kept, and their scenarios, that belong to one of the cells.
  public init(cells: [Cell], pitfalls: [PitfallGroup]) {
    var scenarios: [Entry] = []
    var places: [String: Int] = [:]
    for cell in cells {
      if let place = places[cell.scenario] {
        scenarios[place].cells.append(cell.id)
      } else {
        places[cell.scenario] = scenarios.count
        scenarios.append(
          Entry(
            id: cell.scenario, mechanism: cell.mechanism, title: cell.title, spec: cell.spec, level: cell.level,
            location: cell.location, cells: [cell.id]))
      }
    }
    self.scenarios = scenarios
    self.pitfalls = pitfalls.compactMap { $0.keeping { places[$0] != nil } }
  }

  /// The forms in which it can be told, by the names that `--format` takes.
  public static let formats: [ReportFormat] = [.console, .json, .markdown]

  /// The list in one of these ``formats``; nil for another.
  public func text(_ format: ReportFormat, style: Style = Style()) throws -> String? {
    switch format {
    case .console: console(style)
    case .json: try json()
    case .markdown: markdown
    case .junit, .tap: nil
    }
  }

  private func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self).escapedForJSON + "\n"
  }
}
