import ArgumentParser
import Harness

struct Peers: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Lists the peers with their compilers, C libraries, ABIs and operations.",
    usage: "ipc-interop peers [<options>]",
    discussion: """
      EXAMPLES
        ipc-interop peers                            the suite's peers that are built
        ipc-interop peers --peers mine.yaml          c, swift, and the peers in a file
        ipc-interop peers --format markdown          a table of all languages
      """)

  @OptionGroup var list: PeerListOptions<PeerSurvey>

  func run() throws {
    let survey = try PeerSurvey(try list.configuration())
    try list.output.write(try survey.text(list.output.format) ?? "")
  }
}

/// The options for the commands that start each peer once.
struct PeerListOptions<Document: FormattedDocument>: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A file with more languages, formatted like fixtures/peers.yaml, or 'all' for those that 'make peers' has built. May be given more than once.",
      valueName: "file")
  )
  var peers: [String] = [Fixtures.allPeers]

  @OptionGroup var running: RunningOptions
  @OptionGroup var output: OutputOptions<Document>

  func configuration() throws -> RunConfiguration { try running.fixtures(peers: peers).configuration }
}
