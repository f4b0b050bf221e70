import Foundation

/// The text of a new `interop.yaml`.
public struct ProjectTemplate: Sendable {
  /// The text of the file.
  public let text: String

  /// An introduction to recordings, for the user of a new file.
  public static let recordingAdvice =
    "'ipc-interop record' records the bytes on the wire of the first language, and check compares the others with them"

  /// Creates an example with comments for a user to adapt.
  public init() {
    text = """
      # The programs of this project, which `ipc-interop check` runs in every mixture of languages. All paths are relative
      # to this file. The first language is the reference: the others must behave like it.
      # \(Self.recordingAdvice).
      languages:
        c: ./build/{program}
        # swift: .build/release/{program}

      scenarios:
        - id: hello/exchange
          title: The client gets an answer, and nothing is left behind.
          # A role and its command. {fifo}, {mq}, {shm}, {path}, {key} and {abstract} are names that no other cell has.
          programs:
            server: server {path}
            client: client {path} hello
          steps:
            - start: server
            - ready: server socket {path}     # or: fifo {fifo}, mq {mq}, shm {key}, tcp 5000; without words: it sleeps
            - start: client
            - wait: client -> exit 0
            - prints: {client: "hello"}       # a line that contains this text
            - wait: server -> exit 0          # or, for a server that runs until a signal:
            # - signal: server SIGTERM
            # - wait: server -> killed SIGTERM

          # More keys of a scenario:
          # environment: {server: {LANG: C}}  # variables of a role
          # directory: {server: ./data}       # the directory in which it starts
          # stdin: {client: "a line\\n"}       # its input; {client: {file: ./input.txt}} for a file
          # files: {"{path}.conf": "a = 1\\n"} # files that exist before the first step
          # pin: {server: c}                  # this role is always played by c
      """ + "\n"
  }

  /// Creates a scenario that starts the second program when the first sleeps or has printed a line.
  ///
  /// Both programs must exit with status 0.
  ///
  /// Paths in the commands are relative to `here`; paths in the file are relative to its directory.
  public init(commands: [[String]], here: String, directory: String) throws(RunError) {
    guard commands.count == 2, commands.allSatisfy({ !$0.isEmpty }) else {
      throw RunError("two commands are needed, with ---- between them", status: .usage)
    }
    let names = Self.roleNames(commands.map { $0[0] })
    let places = try commands.map { command throws(RunError) in try Self.place(command[0], here) }
    let folders = Set(places.map { URL(fileURLWithPath: $0).deletingLastPathComponent().path })
    let files = places.map { URL(fileURLWithPath: $0).lastPathComponent }
    let isPattern = folders.count == 1 && files[0] != files[1]
    let programs = isPattern ? files : names
    let language =
      isPattern
      ? "  c: \(Self.quoted(Self.shellWord((folders.first ?? "").placed(in: directory)) + "/{program}"))"
      : "  c:\n    programs:\n"
        + zip(names, places).map { "      \($0): \(Self.quoted(Self.shellWord($1.placed(in: directory))))" }.joined(
          separator: "\n")
    let roles = zip(zip(names, programs), commands).map { role, command in
      let words = [role.1] + command.dropFirst().map(Self.argument)
      let key = command.dropFirst().first { $0.wholeMatch(of: /0x[0-9A-Fa-f]+/) != nil }
      let comment = key.map { "  # instead of \($0), {key}: a key that no other run uses" } ?? ""
      return "      \(role.0): \(Self.quoted(words.joined(separator: " ")))\(comment)"
    }
    // A program with a relative path as an argument must start in the directory where that path is valid.
    let paths = zip(names, commands).map { name, command in
      (
        role: name,
        words: command.dropFirst().filter { argument in
          !argument.hasPrefix("/") && !argument.isEmpty
            && FileManager.default.fileExists(atPath: URL(fileURLWithPath: here).appending(path: argument).path)
        }
      )
    }.filter { !$0.words.isEmpty }
    let directories = paths.map { "\($0.role): \(Self.quoted(here.placed(in: directory)))" }.joined(separator: ", ")
    let words = paths.flatMap(\.words).map { "'\($0)'" }.joined(separator: ", ").escapedForDisplay
    let start =
      paths.isEmpty
      ? ""
      : "\n    # There is a file \(words) here. If the argument is only a text, remove this line: programs start in /tmp."
        + "\n    directory: {\(directories)}"
    text =
      """
      # Run this file with: ipc-interop check
      # The first language is the reference. Add the port as another language, for example:
      #   swift: .build/release/{program}
      # \(Self.recordingAdvice).
      languages:
      \(language)

      scenarios:
        - id: \(names[0])/\(names[1])
          title: Both programs exit with 0, and nothing is left behind.
          programs:
      \(roles.joined(separator: "\n"))\(start)
          steps:
            - start: \(names[0])
            - ready: \(names[0])  # it sleeps in a system call, or has printed a line
            - start: \(names[1])
            - wait: \(names[1]) -> exit 0
            - wait: \(names[0]) -> exit 0
      """ + "\n"
  }

  /// Returns a role name for each program: its file name, with only the characters that a role name may contain.
  private static func roleNames(_ programs: [String]) -> [String] {
    let names = programs.map { program -> String in
      let file = URL(fileURLWithPath: program).deletingPathExtension().lastPathComponent.lowercased()
      let name = String(file.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" })
      let isUsable = Identifier.isDashed(name, startingWithLetter: true) && !StepParser.words.contains(name)
      return isUsable ? name : "program"
    }
    return names[0] == names[1] ? ["\(names[0])-1", "\(names[1])-2"] : names
  }

  private static func place(_ program: String, _ here: String) throws(RunError) -> String {
    let place =
      program.contains("/")
      ? URL(fileURLWithPath: program.hasPrefix("/") ? program : "\(here)/\(program)").standardizedFileURL.path
      : CommandResolver.search(program)
    guard let place, FileManager.default.isExecutableFile(atPath: place) else {
      throw RunError("there is no program '\(program)' that can be executed", status: .usage)
    }
    return place
  }

  /// Returns an argument in the format of a role's command, in which `%` and braces have a special meaning.
  private static func argument(_ text: String) -> String {
    let encoded = text.flatMap {
      "%{}".contains($0) ? Array("%\(String($0.asciiValue ?? 0, radix: 16).uppercased())") : [$0]
    }
    return shellWord(String(encoded))
  }

  private static func shellWord(_ text: String) -> String {
    if !text.isEmpty, !text.contains(where: { " '\"\\\n".contains($0) }) { return text }
    let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    return "\"\(escaped)\""
  }

  /// Returns the text as a single-quoted scalar.
  private static func quoted(_ text: String) -> String { "'\(text.replacing("'", with: "''"))'" }
}

extension String {
  /// Returns the path in the form in which a file in `directory` refers to it: relative if the path is `directory` or
  /// is inside it, otherwise unchanged.
  fileprivate func placed(in directory: String) -> String { self == directory ? "." : relative(to: directory) }
}
