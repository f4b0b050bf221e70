import Foundation

/// Splits the commands in a file into words, and makes their paths absolute.
struct CommandResolver {
  /// The path of the file that contains the commands.
  let file: String
  /// The directories to which the paths in a peer list are relative.
  ///
  /// It is nil for a file in a user's project, where paths are relative to that file.
  var installation: Installation?

  /// Returns the words of a command; nil, after logging the reason, if a quote is unterminated or the program does not
  /// exist.
  func command(_ text: SourceText, _ log: DiagnosticLog) -> [String]? {
    guard let words = ShellWords.split(text, log), let first = words.first else { return nil }
    guard let program = program(first, log) else { return nil }
    return [program] + words.dropFirst().map { isRelativeToFile($0.text) ? beside($0.text) : $0.text }
  }

  /// Resolves a path relative to this file's directory.
  func beside(_ path: String) -> String {
    if path.hasPrefix("/") { return path }
    return URL(fileURLWithPath: file).deletingLastPathComponent().appending(path: path).standardizedFileURL.path
  }

  /// Returns a peer's working directory: the directory of the peer list, if an argument names a file in that directory.
  ///
  /// Returns nil for all other peers, which run in the sandbox's directory, where leftover files are detected.
  func directory(of command: [String]?) -> String? {
    guard installation != nil, let arguments = command?.dropFirst() else { return nil }
    let isNeeded = arguments.contains { word in
      !word.hasPrefix("/") && !word.hasPrefix("-") && FileManager.default.fileExists(atPath: beside(word))
    }
    return isNeeded ? URL(fileURLWithPath: file).deletingLastPathComponent().standardizedFileURL.path : nil
  }

  private func isRelativeToFile(_ word: String) -> Bool { word.hasPrefix("./") || word.hasPrefix("../") }

  private func program(_ word: SourceText, _ log: DiagnosticLog) -> String? {
    let program = word.text
    if program.hasPrefix("/") { return program }
    if isRelativeToFile(program) { return beside(program) }
    if let installation, program.contains("/") { return installation.path(of: program) }
    // If the interpreter is not installed, it is reported as a missing file of the peer.
    if installation != nil { return Self.search(program) ?? "/usr/bin/\(program)" }
    if program.contains("/") || program.contains("{") { return beside(program) }
    if let place = Self.search(program) { return place }
    log.add(
      word.location,
      "no directory of PATH has the program '\(program)'; write ./\(program) for a file beside this one")
    return nil
  }

  /// Returns the path of a program, found by searching `PATH`.
  static func search(_ program: String) -> String? {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    let places = path.split(separator: ":").filter { $0.hasPrefix("/") }.map { "\($0)/\(program)" }
    return places.first(where: FileManager.default.isExecutableFile(atPath:))
  }
}

/// The locations of the suite's files, in a checkout or an installation prefix.
public struct Installation: Sendable {
  /// The path of the directory that contains `fixtures`.
  public let root: String
  /// The path of the directory that contains the sandbox init, the peers and the tracers.
  public let programs: String

  /// Describes a checkout or, if `programs` is not nil, an installed suite.
  public init(root: String, programs: String? = nil) {
    self.root = root
    self.programs = programs ?? "\(root)/\(Self.built)"
  }

  /// The directory that contains the programs in a checkout.
  private static let built = "build/bin"

  /// Returns the path of a program, given its path relative to the root of a checkout.
  func path(of program: String) -> String {
    program.hasPrefix("\(Self.built)/") ? programs + program.dropFirst(Self.built.count) : "\(root)/\(program)"
  }
}
