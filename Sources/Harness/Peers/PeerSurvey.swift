import PeerProtocol

/// The properties and operations in the greetings of all listed peers, as shown by the `peers` command.
public struct PeerSurvey: Sendable, Encodable, FormattedDocument {
  /// The peers, in file order.
  public let peers: [Peer]
  /// A note for each peer omitted because its program does not exist.
  public let leftOut: [String]

  /// One peer in the survey.
  public struct Peer: Sendable, Encodable {
    /// The peer's name in pairings.
    public let language: String
    /// The compiler or interpreter.
    public let implementation: String
    /// The C library; nil if the peer does not report it.
    public let library: String?
    /// The ABI; nil if the peer does not report it.
    public let abi: String?
    /// Whether an emulator runs the peer on this machine.
    public let isEmulated: Bool
    /// The operations by mechanism.
    public let mechanisms: [CapabilitySummary.Mechanism]
    /// The options that the peer omits.
    public let without: [String]

    package var count: Int { mechanisms.reduce(0) { $0 + $1.present.count } }
    fileprivate var abiText: String { (abi ?? "") + (isEmulated ? " (emulated)" : "") }
  }

  package init(peers: [Peer], leftOut: [String] = []) {
    self.peers = peers
    self.leftOut = leftOut
  }

  /// Starts each peer in a configuration once.
  public init(_ configuration: RunConfiguration) throws(RunError) {
    let start = configuration.context(try MachineProbe.capabilities(configuration))
    let list = configuration.peers
    let probed = try PeerProbe.probe(list.peers, list, start)
    let context = start.knowing(probed, configuration.registry)
    leftOut = list.leftOut.map(\.note)
    peers = list.peers.compactMap { peer in
      guard let greeting = probed[peer.language]?.greeting,
        let summary = context.capabilities.summary(of: peer.language)
      else { return nil }
      return Peer(
        language: peer.language, implementation: greeting.implementation, library: greeting.library, abi: greeting.abi,
        isEmulated: PeerPlatform(greeting).isEmulated, mechanisms: summary.mechanisms, without: summary.without)
    }
  }

  /// The survey formats that `--format` accepts.
  public static let formats: [ReportFormat] = [.console, .json, .markdown]

  /// Returns the survey in one of the ``formats``; nil for any other format.
  public func text(_ format: ReportFormat) throws -> String? {
    switch format {
    case .console: console
    case .json: try json(self)
    case .markdown: markdown
    default: nil
    }
  }

  package var mechanisms: [String] { peers.first?.mechanisms.map(\.mechanism) ?? [] }

  /// Returns a peer's share of a mechanism's operations: `all` (with all options), `3/9`, or an empty string for none.
  package func share(_ peer: Peer, _ mechanism: String) -> String {
    guard let row = peer.mechanisms.first(where: { $0.mechanism == mechanism }), !row.present.isEmpty else { return "" }
    let omits = peer.without.contains { omission in row.present.contains { omission.hasPrefix("\($0):") } }
    return row.missing.isEmpty && !omits ? "all" : "\(row.present.count)/\(row.present.count + row.missing.count)"
  }

  private var console: String {
    var table = TextTable()
    table.add(["peer", "implementation", "C library", "ABI", "operations"].map { .init($0) })
    for peer in peers {
      table.add([
        .init(peer.language), .init(peer.implementation), .init(peer.library ?? ""), .init(peer.abiText),
        .init("\(peer.count)", isNumber: true),
      ])
    }
    var operations = TextTable()
    operations.add([.init("")] + peers.map { .init($0.language, isNumber: true) })
    for mechanism in mechanisms {
      operations.add([.init(mechanism)] + peers.map { .init(share($0, mechanism), isNumber: true) })
    }
    let lines = table.lines() + [""] + operations.lines() + (leftOut.isEmpty ? [] : [""] + leftOut)
    return lines.map { $0.escapedForDisplay + "\n" }.joined()
  }

  /// One peer for each language.
  ///
  /// Other builds of the same peer, such as `c-musl`, are omitted.
  package var languages: [Peer] {
    let names = Set(peers.map(\.language))
    return peers.filter { peer in
      !peer.language.indices.contains { peer.language[$0] == "-" && names.contains(String(peer.language[..<$0])) }
    }
  }

  /// The languages page; it does not depend on this machine's builds and versions.
  private var markdown: String {
    var page = MarkdownWriter()
    page.heading(1, "Languages")
    page.paragraph(
      """
      The suite's peers in other languages show what a program can do with its language's standard library, or with
      the C library. This page shows how many of a mechanism's operations each peer supports: *all* of them with every
      option, or for example *7/11* of them. *11/11* means all operations, but not all of their options. Cells that
      need an unsupported operation or option are *not run*.

      [abi.md](abi.md) shows what builds of the C peer for different C libraries and ABIs can safely share.
      `fixtures/more-peers.yaml` lists the peers, and [your-peer.md](your-peer.md) describes how to write one.
      Generated by `make docs/languages.md`.
      """)
    let languages = languages
    let total = ["operations"] + languages.map { "\($0.count)" }
    page.table(
      ["mechanism"] + languages.map(\.language.inMarkdownTable),
      [total] + mechanisms.map { mechanism in [mechanism] + languages.map { share($0, mechanism) } },
      alignedRight: 1..<languages.count + 1)
    return page.text
  }
}
