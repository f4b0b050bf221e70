public import ArgumentParser
public import Harness
import SystemPackage

/// The option of all commands that read the files of the suite.
struct LocationOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A checkout, or a prefix of 'make install', to use instead of the one of this program.", valueName: "directory"))
  var root: String?

  /// Loads the fixtures, and additional languages from the files `peers`.
  func fixtures(peers: [String] = []) throws -> Fixtures {
    let installation = try installation()
    do throws(FixtureErrors) { return try Fixtures(installation, peers: peers) } catch {
      throw RunError("\(error)", status: .usage)
    }
  }

  /// Finds the files of the suite.
  func installation() throws(RunError) -> Installation {
    guard let found = Installation.find(given: root) else {
      let place = root ?? "any directory above this program or the working directory"
      throw RunError("there is no fixtures/scenarios in \(place); pass its directory with --root", status: .usage)
    }
    return found
  }
}

/// The options of all commands that run cells.
struct RunningOptions: ParsableArguments {
  @Option(name: .shortAndLong, help: ArgumentHelp("How many cells run at a time.", valueName: "n"))
  var jobs = RunConfiguration.defaultJobs

  @Option(help: ArgumentHelp("Multiply every time limit.", valueName: "factor"))
  var timeoutMultiplier = 1.0

  @OptionGroup var location: LocationOptions

  func validate() throws {
    if jobs < 1 || jobs > 256 { throw ValidationError("--jobs must be from 1 to 256") }
    if !(timeoutMultiplier > 0 && timeoutMultiplier < 1e6) {
      throw ValidationError("--timeout-multiplier must be above 0 and below 1000000")
    }
  }

  /// Loads the fixtures, and additional languages from the files `peers`.
  func fixtures(peers: [String] = []) throws -> Fixtures { try location.fixtures(peers: peers) }

  /// Finds the files of the suite.
  func installation() throws(RunError) -> Installation { try location.installation() }

  /// Applies these options to a configuration.
  ///
  /// `more` has the other options, with their values, that are needed to repeat a single cell; a flag has no value.
  func set(_ configuration: inout RunConfiguration, more: [(name: String, value: String)]) {
    configuration.rerunProgram = Self.quoted(CommandLine.arguments.first ?? "ipc-interop")
    configuration.jobs = jobs
    configuration.timeoutMultiplier = timeoutMultiplier
    var given = more
    if timeoutMultiplier != 1 { given.append(("--timeout-multiplier", "\(timeoutMultiplier)")) }
    if let root = location.root { given.append(("--root", root)) }
    configuration.rerunOptions = given.flatMap { $0.value.isEmpty ? [$0.name] : [$0.name, Self.quoted($0.value)] }
  }

  /// Returns the text as one word of a shell command.
  static func quoted(_ text: String) -> String {
    text.wholeMatch(of: /[\w.\/:,+-]+/) != nil ? text : "'\(text.replacing("'", with: "'\\''"))'"
  }
}

/// The options for the format and the file of a report or list.
struct OutputOptions: ParsableArguments {
  @Option(help: "The format of the report or list. Only a terminal gets colours, unless NO_COLOR is set.")
  var format = ReportFormat.console

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Write the report or list to this file; the console report then goes to standard error.", valueName: "file"))
  var output: String?

  /// Checks that the output of an option such as `--list` has the selected format.
  func check(_ option: String, _ formats: [ReportFormat]) throws(ValidationError) {
    guard !formats.contains(format) else { return }
    let known = formats.map(\.rawValue).joined(separator: ", ")
    throw ValidationError("\(option) has no format \(format.rawValue); it is one of \(known)")
  }

  func write(_ list: String) throws(RunError) { try OutputFile.write(list, to: output) }
}

extension ReportFormat: ExpressibleByArgument {}
