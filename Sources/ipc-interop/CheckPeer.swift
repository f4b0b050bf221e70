import ArgumentParser
import Foundation
import Harness

struct CheckPeer: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check-peer",
    abstract: "Checks everything that a peer in any language supports.",
    discussion: """
      COMMAND starts a peer as described in docs/peer-protocol.md. check-peer checks the peer's greeting, compares the \
      peer with the golden transcripts, runs every scenario with this peer and the C peer, and injects faults into the \
      peer's system calls. It does not test operations that the greeting omits. Options precede COMMAND. The peer runs \
      in the current directory. With --scenarios, check-peer runs only the scenarios in that file.

      EXAMPLES
        ipc-interop check-peer python3 peer.py
        ipc-interop check-peer --quick --mechanism pipe ./peer --debug
        ipc-interop check-peer --filter contract/lines ./peer
        ipc-interop check-peer --scenarios my-scenarios.yaml ./peer
        ipc-interop check-peer --require-operations pipe,mq_open ./peer
        ipc-interop check-peer --format junit --output peer.xml ./peer

      EXIT STATUS
        0 everything that the peer supports is correct   1 failures   2 usage
        3 environment broken
        4 nothing selected, or nothing that the peer supports
        5 only leaks   130 interrupted
      """)

  @Flag(help: "Skip fault injection, the slowest part. Only fault injection tests partial transfers.")
  var quick = false

  @Option(
    help: ArgumentHelp("Run only cells whose names contain this. May be given more than once.", valueName: "text"),
    completion: Completion.scenarios)
  var filter: [String] = []

  @OptionGroup var matrix: MatrixOptions
  @OptionGroup var own: ScenarioOptions

  @Argument(
    parsing: .captureForPassthrough,
    help: ArgumentHelp("The peer program and its arguments.", valueName: "command"))
  var command: [String]

  /// The peer command, without the `--` before it.
  private var words: [String] { command.first == "--" ? Array(command.dropFirst()) : command }

  func validate() throws {
    try MatrixOptions.rejectEmpty(filter, "--filter")
    guard let program = words.first else { throw ValidationError("the command of the peer is missing") }
    if wantsHelp { return }
    try matrix.output.check("check-peer", RunReport.formatsOfAnyRun)
    if program.hasPrefix("-") {
      throw ValidationError("'\(program)' is not an option of check-peer; options precede the command of the peer")
    }
  }

  /// Whether the user requests help.
  ///
  /// The parser treats the option as the peer command.
  private var wantsHelp: Bool { command.first == "--help" || command.first == "-h" }

  func run() throws {
    if wantsHelp { throw CleanExit.helpRequest(Self.self) }
    for option in try misplacedOptions() {
      let text = "note: \(option) follows the command, so the peer gets it; options of check-peer precede the command\n"
      try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }
    let (scenarios, _) = try matrix.files(scenarios: own.scenarios)
    let fixtures = try matrix.running.fixtures(scenarios: scenarios)
    let peer = try identified(fixtures)
    var configuration = fixtures.configuration(checking: peer)
    configuration.scenarioFiles = scenarios
    configuration.checkedCommand = words.map(RunningOptions.quoted).joined(separator: " ")
    let reference = fixtures.peers.reference.language
    try matrix.run(
      configuration, scenarios: fixtures.scenarios, expectations: fixtures.expectations, pitfalls: fixtures.pitfalls,
      filters: filter, more: ScenarioOptions.rerun(scenarios) + (quick ? [("--quick", "")] : []),
      defaultPairs: [[reference, peer.language], [peer.language, reference], [peer.language]]
    ) { runner, configuration, expectations in
      if !quick, scenarios.isEmpty { prepareFaults(&runner, configuration, expectations) }
    }
  }

  /// Returns this command's options that occur among the peer's arguments; none if the user wrote `--` before the peer
  /// command.
  private func misplacedOptions() throws -> [String] {
    guard command.first != "--" else { return [] }
    let tool = try JSONDecoder().decode(ToolDescription.self, from: Data(Self._dumpHelp().utf8))
    let names = (tool.command.arguments ?? []).flatMap { $0.names ?? [] }.map { "--\($0.name)" }
    return words.dropFirst().map { String($0.prefix { $0 != "=" }) }.filter { $0 != "--help" && names.contains($0) }
  }

  /// Starts the peer once, and returns its description, named after the language in its greeting.
  private func identified(_ fixtures: Fixtures) throws(RunError) -> PeerDescription {
    let here = FileManager.default.currentDirectoryPath
    let command = try PeerCommand.resolved(words, in: here)
    var configuration = fixtures.configuration
    configuration.timeoutMultiplier = matrix.running.timeoutMultiplier
    return try PeerIdentification.peer(
      command, in: here, known: fixtures.peers.peers.map(\.language), configuration)
  }

  /// Adds fault injection if possible; otherwise adds a note with the reason.
  private func prepareFaults(
    _ runner: inout Runner, _ configuration: RunConfiguration, _ expectations: Expectations
  ) {
    var selection = InjectionSelection()
    selection.filters = configuration.selection.filters
    selection.skipped = configuration.selection.skipped
    selection.cells = configuration.selection.cells
    selection.mechanisms = matrix.mechanism
    selection.pairs = configuration.selection.pairs
    selection.languages = configuration.checkedPeer.map { [$0.language] } ?? []
    do throws(RunError) {
      var injection = try InjectionRunner(configuration, selection: selection)
      injection.expectations = expectations
      runner.injection = .peer(injection)
    } catch {
      // With this status, the filters select only matrix cells, which is not a problem.
      if error.status != .nothingSelected { runner.notes.append("no faults are injected: \(error)") }
    }
  }
}
