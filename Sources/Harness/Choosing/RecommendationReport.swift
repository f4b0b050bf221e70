extension Recommendation: FormattedDocument {
  /// The formats of a recommendation, with the names that `--format` accepts.
  public static let formats: [ReportFormat] = [.console, .json]

  /// Returns the recommendation in one of the ``formats``; nil for any other format.
  public func text(_ format: ReportFormat, style: Style = Style()) throws -> String? {
    switch format {
    case .console: console(style)
    case .json: try json(document)
    default: nil
    }
  }

  /// The number of mechanisms that the console report describes in full; every other mechanism gets one line.
  private static let described = 3

  func console(_ style: Style) -> String {
    var lines: [String] = []
    for (place, choice) in choices.prefix(Self.described).enumerated() {
      lines += Self.description(of: choice, place: place + 1, style) + [""]
    }
    if choices.isEmpty { lines += ["No mechanism meets all of these needs.", ""] }
    lines += Self.list(
      "Also possible", choices.dropFirst(Self.described).map { ($0.facts.id, $0.facts.summary) }, style)
    lines += Self.list("Not suitable", excluded.map { ($0.mechanism, $0.reasons.joined(separator: " ")) }, style)
    if let costsFrom { lines.append("Costs are from \(costsFrom.escapedForDisplay).") }
    if lines.last == "" { lines.removeLast() }
    return lines.map { $0 + "\n" }.joined()
  }

  private static func description(of choice: Choice, place: Int, _ style: Style) -> [String] {
    let facts = choice.facts
    var lines = ["\(place). " + style.painted(choice.title, .heading) + " (\(facts.id))"]
    func add(_ label: String, _ text: String) {
      for (number, line) in text.wrapped(to: style.width - 13).enumerated() {
        lines.append("   " + (number == 0 ? label : "").padded(to: 10) + line)
      }
    }
    add("", facts.summary)
    for reason in choice.reasons where reason.need != .reliable {
      add(reason.fitness.level == .fits ? "fits" : "works", "\(reason.need.rawValue): \(reason.fitness.reason)")
    }
    for warning in facts.warnings { add("watch", warning) }
    if let cost = choice.cost { add("cost", cost.words) }
    for part in [facts] + choice.additions {
      let header = part.header.map { " (copy c-peers/include/\($0))" } ?? ""
      add("C", part.functions.joined(separator: ", ") + header)
      add("Swift", part.types.joined(separator: ", "))
      if !part.examples.isEmpty {
        add("example", part.examples.map { "c-peers/examples/\($0).c, swift-examples \($0)" }.joined(separator: "; "))
      }
      add("page", "Sources/IPC/IPC.docc/\(part.page).md")
    }
    return lines
  }

  private static func list(_ title: String, _ entries: [(id: String, text: String)], _ style: Style) -> [String] {
    guard !entries.isEmpty else { return [] }
    let width = (entries.map(\.id.count).max() ?? 0) + 2
    return [title]
      + entries.flatMap { entry in
        entry.text.wrapped(to: max(style.width - width - 3, 30)).enumerated().map { number, line in
          "   " + (number == 0 ? entry.id : "").padded(to: width) + line
        }
      } + [""]
  }
}

extension MechanismCosts.Cost {
  /// The cost on one line.
  var words: String {
    let measured = [
      oneWay.map { "\(BenchmarkText.time($0)) one way" },
      messagesPerSecond.map { "\(BenchmarkText.rate($0)) messages" },
      bytesPerSecond.map(BenchmarkText.bytes),
    ]
    return "\(measured.compactMap(\.self).joined(separator: ", ")) with \(size) bytes: \(benchmark)"
  }
}

extension Recommendation {
  private struct Document: Encodable {
    let format = 1
    let choices: [Entry]
    let excluded: [Exclusion]
    let costsFrom: String?
  }

  private struct Entry: Encodable {
    let mechanism: String
    let name: String
    let summary: String
    let reasons: [ReasonEntry]
    let warnings: [String]
    let cost: MechanismCosts.Cost?
    /// The mechanism itself, and the additional mechanisms that the program must use.
    let parts: [Part]
  }

  private struct ReasonEntry: Encodable {
    let need: Need
    let level: Fitness.Level
    let reason: String
  }

  private struct Part: Encodable {
    let mechanism: String
    let functions: [String]
    let header: String?
    let types: [String]
    let examples: [String]
    let page: String
  }

  private var document: Document {
    Document(
      choices: choices.map { choice in
        Entry(
          mechanism: choice.facts.id, name: choice.title, summary: choice.facts.summary,
          reasons: choice.reasons.map {
            ReasonEntry(need: $0.need, level: $0.fitness.level, reason: $0.fitness.reason)
          },
          warnings: choice.facts.warnings, cost: choice.cost,
          parts: ([choice.facts] + choice.additions).map {
            Part(
              mechanism: $0.id, functions: $0.functions, header: $0.header, types: $0.types, examples: $0.examples,
              page: "Sources/IPC/IPC.docc/\($0.page).md")
          })
      }, excluded: excluded, costsFrom: costsFrom)
  }
}
