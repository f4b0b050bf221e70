import PeerProtocol

/// The properties and operations of the peers of a list, from their greetings: the command `peers`.
public struct PeerSurvey: Sendable, Encodable, FormattedDocument {
  /// The peers in the order of their files.
  public let peers: [Peer]
  /// A note for each peer that is left out because its program does not exist.
  public let leftOut: [String]

  /// One peer.
  public struct Peer: Sendable, Encodable {
    /// The name in pairings.
    public let language: String
    /// The compiler or interpreter.
    public let implementation: String
    /// The C library; nil if the peer does not report it.
    public let library: String?
    /// The ABI; nil if the peer does not report it.
    public let abi: String?
    /// Whether an emulator executes it on this machine.
    public let isEmulated: Bool
    /// The operations by mechanism.
    public let mechanisms: [CapabilitySummary.Mechanism]
    /// The options that it omits.
    public let without: [String]

    fileprivate var count: Int { mechanisms.reduce(0) { $0 + $1.present.count } }
    fileprivate var abiText: String { (abi ?? "") + (isEmulated ? " (emulated)" : "") }
  }

  /// Starts each peer of a configuration once.
  public init(_ configuration: RunConfiguration) throws(RunError) {
    let start = configuration.context(try MachineProbe.capabilities(configuration))
    let list = configuration.peers
    let probed = try PeerProbe.probe(list.peers, list, start)
    let context = start.knowing(probed, configuration.registry)
    leftOut = list.leftOut
    peers = list.peers.compactMap { peer in
      guard let greeting = probed[peer.language]?.greeting,
        let summary = context.capabilities.summary(of: peer.language)
      else { return nil }
      return Peer(
        language: peer.language, implementation: greeting.implementation, library: greeting.library, abi: greeting.abi,
        isEmulated: PeerPlatform(greeting).isEmulated, mechanisms: summary.mechanisms, without: summary.without)
    }
  }

  /// The formats of a survey, with the names that `--format` accepts.
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

  private var mechanisms: [String] { peers.first?.mechanisms.map(\.mechanism) ?? [] }

  /// Returns how many operations of a mechanism a peer has: `all`, `3/9`, or an empty text for none.
  private func share(_ peer: Peer, _ mechanism: String) -> String {
    guard let row = peer.mechanisms.first(where: { $0.mechanism == mechanism }), !row.present.isEmpty else { return "" }
    return row.missing.isEmpty ? "all" : "\(row.present.count)/\(row.present.count + row.missing.count)"
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

  private var markdown: String {
    var page = MarkdownWriter()
    page.table(
      ["peer", "implementation", "C library", "ABI", "operations"],
      peers.map { peer in
        [peer.language, peer.implementation, peer.library ?? "", peer.abiText, "\(peer.count)"].map(\.inMarkdownTable)
      }, alignedRight: 4..<5)
    page.table(
      ["mechanism"] + peers.map(\.language.inMarkdownTable),
      mechanisms.map { mechanism in [mechanism] + peers.map { share($0, mechanism) } },
      alignedRight: 1..<peers.count + 1)
    page.list(leftOut.map(\.inMarkdownTable))
    return page.text
  }
}
