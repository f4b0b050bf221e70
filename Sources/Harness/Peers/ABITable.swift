import PeerProtocol

/// The C sizes, offsets and constants that the peers report; the `abi` command shows the table.
public struct ABITable: Sendable, Encodable, FormattedDocument {
  /// The groups of peers that report the same values; the first group contains the reference.
  public let groups: [Group]
  /// The rows, in the order in which peers report them.
  public let rows: [Row]

  /// Peers with the same ABI.
  public struct Group: Sendable, Encodable {
    /// The peers' languages.
    public let languages: [String]
    /// The C library and the ABI.
    public let platform: String
  }

  /// One size, offset or constant.
  public struct Row: Sendable, Encodable {
    /// The name in the response: `long`, `timespec.tv_nsec`, `O_DIRECT`.
    public let name: String
    /// The value in each group; nil if the group's peers do not report it.
    public let values: [String?]
    /// Whether two groups have different values.
    public var differs: Bool { Set(values.compactMap { $0 }).count > 1 }

    private enum CodingKeys: String, CodingKey { case name, values }
  }

  /// The operations that report facts about an ABI.
  private static let operations = ["layout", "shared_layout", "block_layout", "constants", "limits"]

  /// Queries each peer in a configuration.
  public init(_ configuration: RunConfiguration) throws(RunError) {
    let context = configuration.context(try MachineProbe.capabilities(configuration))
    let list = configuration.peers
    let probed = try PeerProbe.probe(list.peers, list, context)
    var answers: [(language: String, platform: String, facts: [String: String])] = []
    var names: [String] = []
    var known: Set<String> = []
    for peer in list.peers {
      guard let greeting = probed[peer.language]?.greeting else { continue }
      let asked = Self.operations.filter(greeting.operations.contains)
      guard !asked.isEmpty else { continue }
      var facts: [String: String] = [:]
      let responses = try PeerProbe.ask(peer, asked.map { Request($0) }, context)
      for (operation, response) in zip(asked, responses) {
        guard case .ok(let fields) = response else { continue }
        for entry in fields.entries {
          let name = operation == "block_layout" ? "block.\(entry.key)" : entry.key
          facts[name] = String(decoding: entry.value, as: UTF8.self)
          if known.insert(name).inserted { names.append(name) }
        }
      }
      answers.append((peer.language, "\(PeerPlatform(greeting))", facts))
    }
    var groups: [(platform: String, languages: [String], facts: [String: String])] = []
    for answer in answers {
      // A peer that reports only some of the values joins the first group that has the same values for them.
      if let place = groups.firstIndex(where: { group in
        group.platform == answer.platform && answer.facts.allSatisfy { group.facts[$0.key] == $0.value }
      }) {
        groups[place].languages.append(answer.language)
      } else {
        groups.append((answer.platform, [answer.language], answer.facts))
      }
    }
    self.groups = groups.map { Group(languages: $0.languages, platform: $0.platform) }
    rows = names.map { name in Row(name: name, values: groups.map { $0.facts[name] }) }
  }

  /// The table formats that `--format` accepts.
  public static let formats: [ReportFormat] = [.console, .json, .markdown]

  /// Returns the table in one of the ``formats``; nil for any other format.
  ///
  /// Console output marks a row with different values with `*`; Markdown shows the row in bold.
  public func text(_ format: ReportFormat) throws -> String? {
    switch format {
    case .console: console
    case .json: try json(self)
    case .markdown: markdown
    default: nil
    }
  }

  private var console: String {
    var table = TextTable()
    table.add([.init("")] + groups.map { .init($0.platform, isNumber: true) })
    for row in rows {
      table.add([.init(row.name + (row.differs ? " *" : ""))] + row.values.map { .init($0 ?? "", isNumber: true) })
    }
    let legend = groups.map { "\($0.platform): \($0.languages.joined(separator: ", "))" }
    return (table.lines() + [""] + legend).map { $0.escapedForDisplay + "\n" }.joined()
  }

  private var markdown: String {
    var page = MarkdownWriter()
    page.list(groups.map { "\($0.platform): \($0.languages.joined(separator: ", "))".asInlineText })
    page.table(
      [""] + groups.map(\.platform.asInlineText),
      rows.map { row in
        [row.differs ? "**\(row.name.asInlineText)**" : row.name.asInlineText]
          + row.values.map { ($0 ?? "").asInlineText }
      }, alignedRight: 1..<groups.count + 1)
    return page.text
  }
}
