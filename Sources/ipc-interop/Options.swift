import ArgumentParser
import Harness
import SystemPackage

/// The option for all commands that read the fixtures.
struct SuiteOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A checkout or 'make install' prefix to use instead of this program's own.", valueName: "directory"),
    completion: .directory)
  var root: String?

  /// Loads the fixtures that a selection needs, with the additional languages in the files `peers`.
  ///
  /// If `scenarios` names a user's files, their scenarios replace those of the suite.
  func fixtures(
    peers: [String] = [], scenarios: [String] = [], for selection: Selection = Selection()
  ) throws -> Fixtures {
    let installation = try installation()
    return try Self.reporting { () throws(FixtureErrors) in
      try Fixtures(installation, peers: peers, scenarios: scenarios, for: selection)
    }
  }

  /// Finds the suite's files.
  func installation() throws(RunError) -> Installation {
    guard let found = Installation.find(given: root) else {
      let place = root ?? "any directory above this program or the working directory"
      throw RunError("there is no fixtures/scenarios in \(place); pass its directory with --root", status: .usage)
    }
    return found
  }

  /// Reads fixtures, and reports their errors as usage errors.
  static func reporting<Result>(_ read: () throws(FixtureErrors) -> Result) throws(RunError) -> Result {
    do throws(FixtureErrors) { return try read() } catch { throw RunError("\(error)", status: .usage) }
  }
}

/// The options for all commands that run cells.
struct RunningOptions: ParsableArguments {
  @Option(name: .shortAndLong, help: ArgumentHelp("The number of cells to run at a time.", valueName: "n"))
  var jobs = RunConfiguration.defaultJobs

  @Option(help: ArgumentHelp("Multiply every time limit.", valueName: "factor"))
  var timeoutMultiplier = 1.0

  @OptionGroup var suite: SuiteOptions

  func validate() throws {
    if jobs < 1 || jobs > 256 { throw ValidationError("--jobs must be from 1 to 256") }
    if !(timeoutMultiplier > 0 && timeoutMultiplier < 1e6) {
      throw ValidationError("--timeout-multiplier must be above 0 and below 1000000")
    }
  }

  func fixtures(
    peers: [String] = [], scenarios: [String] = [], for selection: Selection = Selection()
  ) throws -> Fixtures {
    try suite.fixtures(peers: peers, scenarios: scenarios, for: selection)
  }

  func installation() throws(RunError) -> Installation { try suite.installation() }

  /// Sets these options in a configuration.
  ///
  /// `more` contains the other options that are needed to repeat a single cell, with their values; a flag has no value.
  func set(_ configuration: inout RunConfiguration, more: [(name: String, value: String)]) {
    configuration.rerunProgram = Self.quoted(CommandLine.arguments.first ?? "ipc-interop")
    configuration.jobs = jobs
    configuration.timeoutMultiplier = timeoutMultiplier
    var given = more
    if timeoutMultiplier != 1 { given.append(("--timeout-multiplier", "\(timeoutMultiplier)")) }
    if let root = suite.root { given.append(("--root", root)) }
    configuration.rerunOptions = given.flatMap { $0.value.isEmpty ? [$0.name] : [$0.name, Self.quoted($0.value)] }
  }

  /// Returns the text, quoted if necessary, as one word in a shell command.
  static func quoted(_ text: String) -> String {
    text.wholeMatch(of: /[\w.\/:,+-]+/) != nil ? text : text.quotedForShell
  }
}

/// The option of the commands that run scenarios for peers.
struct ScenarioOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Run the scenarios in this file instead of the suite's. May be given more than once.", valueName: "file"),
    completion: .file(extensions: ["yaml", "yml"]))
  var scenarios: [String] = []

  /// Returns the options that are needed to repeat a cell of these files.
  static func rerun(_ files: [String]) -> [(name: String, value: String)] { files.map { ("--scenarios", $0) } }
}

/// The options for a document's format and output file.
struct OutputOptions<Document: FormattedDocument>: ParsableArguments {
  @Option(
    name: .customLong("format"),
    help: "The format of the output. Colors require a terminal and an empty or unset NO_COLOR.")
  private var choice = FormatChoice<Document>(format: .console)

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Write the output to this file; a console report then goes to standard error.", valueName: "file"),
    completion: .file())
  var output: String?

  var format: ReportFormat { choice.format }

  /// Checks that an option such as `--list` supports the selected format.
  func check(_ option: String, _ formats: [ReportFormat]) throws(ValidationError) {
    guard !formats.contains(format) else { return }
    let known = formats.map(\.rawValue).joined(separator: ", ")
    throw ValidationError("\(option) has no format \(format.rawValue); it is one of \(known)")
  }

  func write(_ list: String) throws(RunError) { try OutputFile.write(list, to: output) }
}

/// The value of `--format`: one of the formats that a document has.
struct FormatChoice<Document: FormattedDocument>: ExpressibleByArgument {
  let format: ReportFormat

  init(format: ReportFormat) { self.format = format }

  init?(argument: String) {
    guard let format = Document.formats.first(where: { $0.rawValue == argument }) else { return nil }
    self.format = format
  }

  var defaultValueDescription: String { format.rawValue }
  static var allValueStrings: [String] { Document.formats.map(\.rawValue) }
  static var defaultCompletionKind: CompletionKind { .list(allValueStrings) }
}
