import ArgumentParser
import Foundation
import Harness

/// Prints the manual page, for `make install`.
struct Manual: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prints the manual page in the mdoc language.", shouldDisplay: false)

  func run() throws {
    let tool = try JSONDecoder().decode(ToolDescription.self, from: Data(IPCInterop._dumpHelp().utf8))
    try OutputFile.write(ManualPage(tool.command, version: IPCInterop.version).text, to: nil)
  }
}

/// The parts of the argument parser's command description that the manual page needs.
struct ToolDescription: Decodable {
  let command: Command

  struct Command: Decodable {
    let commandName: String
    let abstract: String?
    let discussion: String?
    let arguments: [Argument]?
    let subcommands: [Command]?
    let shouldDisplay: Bool
  }

  struct Argument: Decodable {
    enum Kind: String, Decodable { case positional, option, flag }
    struct Name: Decodable {
      let kind: String
      let name: String
    }
    let kind: Kind
    let names: [Name]?
    let valueName: String?
    let abstract: String?
    let defaultValue: String?
    let allValues: [String]?
    let isOptional: Bool
    let isRepeating: Bool
    let shouldDisplay: Bool
  }
}

/// The manual page for a command and its subcommands.
private struct ManualPage {
  private let command: ToolDescription.Command
  private let version: String

  init(_ command: ToolDescription.Command, version: String) {
    self.command = command
    self.version = version
  }

  private var subcommands: [ToolDescription.Command] {
    (command.subcommands ?? []).filter { $0.shouldDisplay && $0.commandName != "help" }
  }

  var text: String {
    let name = command.commandName
    var lines = [
      ".Dd \(Self.date)", ".Dt \(name.uppercased()) 1", ".Os \(Self.escaped("\(name) \(version)"))", ".Sh NAME",
      ".Nm \(name)",
      ".Nd \(Self.escaped(Self.phrase(command.abstract)))", ".Sh SYNOPSIS",
    ]
    for subcommand in subcommands { lines += [".Nm", ".Cm \(subcommand.commandName)"] + Self.synopsis(subcommand) }
    lines.append(".Sh DESCRIPTION")
    lines += Self.discussion(command.discussion)
    lines.append(".Sh COMMANDS")
    for subcommand in subcommands {
      lines += [".Ss \(name) \(subcommand.commandName)"] + Self.paragraph(subcommand.abstract)
      lines += Self.discussion(subcommand.discussion)
      lines += [".Pp", "Arguments and options:", ".Bl -tag -width Ds"]
      lines += (subcommand.arguments ?? []).filter(\.shouldDisplay).flatMap(Self.item)
      lines.append(".El")
    }
    lines += Self.environment
    return lines.map { $0 + "\n" }.joined()
  }

  /// The variables that change the output.
  ///
  /// The page describes the variables of CI services where it describes their use.
  private static let environment = [
    ".Sh ENVIRONMENT", ".Bl -tag -width Ds",
    ".It Ev NO_COLOR", "If not empty, the output has no colors.",
    ".It Ev COLUMNS", "The width of help texts.",
    ".It Ev GITHUB_STEP_SUMMARY", "A file to append a run's Markdown report to.",
    ".It Ev XML_OUTPUT_FILE", "A file to write a run's JUnit report to.",
    ".El", ".Sh FILES", ".Bl -tag -width Ds", ".It Pa share/doc/ipc\\-interop",
    "Below the installation prefix: the documents that this page names as docs/...", ".El", ".Sh SEE ALSO",
    ".Xr ipcs 1 ,", ".Xr strace 1 ,", ".Xr mq_overview 7 ,", ".Xr namespaces 7 ,",
    ".Xr pipe 7 ,",
    ".Xr sysvipc 7 ,", ".Xr unix 7",
  ]

  /// The date of the page, such as `March 1, 2027`: from `SOURCE_DATE_EPOCH`, for reproducible builds, or today.
  private static var date: String {
    let seconds = ProcessInfo.processInfo.environment["SOURCE_DATE_EPOCH"].flatMap(Double.init)
    let day = seconds.map(Date.init(timeIntervalSince1970:)) ?? .now
    return day.formatted(
      .verbatim(
        "\(month: .wide) \(day: .defaultDigits), \(year: .defaultDigits)", locale: Locale(identifier: "en_US"),
        timeZone: .gmt, calendar: Calendar(identifier: .gregorian)))
  }

  private static func synopsis(_ command: ToolDescription.Command) -> [String] {
    [".Op Ar options"]
      + (command.arguments ?? []).filter { $0.kind == .positional && $0.shouldDisplay }.map { argument in
        let name = "Ar \(escaped(argument.valueName ?? "argument"))" + (argument.isRepeating ? " ..." : "")
        return argument.isOptional ? ".Op \(name)" : ".\(name)"
      }
  }

  private static func item(_ argument: ToolDescription.Argument) -> [String] {
    let value = escaped(argument.valueName ?? "value")
    let heading: String
    switch argument.kind {
    case .positional: heading = "Ar \(value)"
    case .option, .flag:
      let names = (argument.names ?? []).sorted { $0.kind == "short" && $1.kind != "short" }
        .map { "Fl \($0.kind == "short" ? "" : "-")\($0.name)" }
      heading = names.joined(separator: " , ") + (argument.kind == .option ? " Ar \(value)" : "")
    }
    var text = argument.abstract ?? ""
    if let values = argument.allValues, !values.isEmpty { text += " Values: \(values.joined(separator: ", "))." }
    if let value = argument.defaultValue { text += " Default: \(value)." }
    return [".It \(heading)"] + (text.isEmpty ? [] : [escaped(text)])
  }

  /// Returns the lines of a discussion, in which headings are in capitals, and indented lines are literal text.
  private static func discussion(_ text: String?) -> [String] {
    var lines: [String] = []
    var isLiteral = false
    for line in (text ?? "").split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
      let isIndented = line.hasPrefix("  ")
      if isIndented != isLiteral {
        lines.append(isIndented ? ".Bd -literal -compact" : ".Ed")
        isLiteral = isIndented
      }
      if line.isEmpty {
        lines.append(".Pp")
      } else if line.allSatisfy({ $0.isUppercase || $0 == " " }) {
        lines.append(".Sy \(escaped(line))")
      } else {
        lines.append(escaped(isIndented ? String(line.dropFirst(2)) : line))
      }
    }
    if isLiteral { lines.append(".Ed") }
    return lines.isEmpty ? [] : [".Pp"] + lines
  }

  private static func paragraph(_ text: String?) -> [String] { text.map { [escaped($0)] } ?? [] }

  /// Returns a summary as a phrase to follow a name.
  private static func phrase(_ text: String?) -> String {
    let text = text.map { $0.hasSuffix(".") ? String($0.dropLast()) : $0 } ?? ""
    return text.prefix(1).lowercased() + text.dropFirst()
  }

  /// Returns the text with characters escaped that mdoc interprets.
  private static func escaped(_ text: String) -> String {
    let text = text.replacing("\\", with: "\\e").replacing("-", with: "\\-").replacing("'", with: "\\(aq")
    return text.hasPrefix(".") ? "\\&" + text : text
  }
}
