import Foundation
import Testing

@testable import Harness

/// A project scenario, and the result that it must have.
struct ProgramCase: Sendable, CustomTestStringConvertible {
  let testDescription: String
  /// The script that is the program `a`.
  let script: String
  /// The command for the role `a`, without the program name.
  let arguments: String
  /// The other keys of the scenario.
  let keys: String
  let steps: [String]
  let status: Harness.ExitStatus
  let shows: String

  init(
    _ description: String, _ script: String, _ arguments: String = "", keys: String = "", steps: [String],
    _ status: Harness.ExitStatus = .asExpected, _ shows: String = "1 passed, 0 failed"
  ) {
    testDescription = description
    (self.script, self.arguments, self.keys) = (script, arguments, keys)
    (self.steps, self.status, self.shows) = (["start: a"] + steps, status, shows)
  }
}

@Suite("A step or key for programs:", .serialized)
struct ProgramStepTests {
  @Test("passes, and fails for the right reason", arguments: inputs + outputs + files + states)
  func runs(_ test: ProgramCase) async throws {
    try await onThread {
      let project = try TestProject()
      try project.addScript("program", test.script)
      try project.write("from a file\n", to: "data/in.txt")
      try project.write(String(repeating: "x", count: 200_000), to: "large.txt")
      try project.write(
        """
        languages:
          sh: ./{program}
        scenarios:
          - id: test/test
            title: A title.
            programs:
              a: program \(test.arguments)
        \(test.keys.isEmpty ? "" : "    \(test.keys)\n")    steps:
        \(test.steps.map { "      - \($0)" }.joined(separator: "\n"))

        """, to: "interop.yaml")
      let run = try project.run(["check"])
      #expect(run.status == test.status.rawValue, "\(run.text)")
      // The console breaks long lines.
      let text = run.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      #expect(text.contains(test.shows), "\(run.text)")
    }
  }

  static let inputs: [ProgramCase] = [
    ProgramCase(
      "a variable with a space", #"echo "$GREETING $HOME_OF""#,
      keys: #"environment: {a: {GREETING: two words, HOME_OF: "{project}"}}"#,
      steps: [#"output: {a: "two words {project}\n"}"#, "wait: a -> exit 0"]),
    ProgramCase(
      "another value of a variable", #"echo "$GREETING""#, keys: "environment: {a: {GREETING: two wurds}}",
      steps: [#"output: {a: "two words\n"}"#], .failures, "byte 5 is 'u', expected 'o'; 10 bytes each"),
    ProgramCase(
      "a directory", "pwd; cat in.txt", keys: "directory: {a: ./data}",
      steps: [#"prints: {a: [{line: "{project}/data"}, from a file]}"#]),
    ProgramCase(
      "a directory that does not exist", "pwd", keys: "directory: {a: ./daat}", steps: [], .usage,
      "interop.yaml:8:20: the directory './daat' does not exist"),
    ProgramCase(
      "text on standard input", "cat", keys: #"stdin: {a: "one\ntwo\n"}"#, steps: [#"output: {a: "one\ntwo\n"}"#]),
    ProgramCase(
      "no standard input", "cat; echo end", steps: [#"output: {a: "end\n"}"#]),
    ProgramCase(
      "other text on standard input", "cat", keys: #"stdin: {a: "one\ntwo"}"#, steps: [#"output: {a: "one\ntwo\n"}"#],
      .failures, "byte 7 is the end, expected 0a; 7 bytes instead of 8"),
    ProgramCase(
      "a file as standard input", "cat", keys: "stdin: {a: {file: ./data/in.txt}}",
      steps: ["output: {a: {file: ./data/in.txt}}"]),
    ProgramCase(
      "more input than a pipe holds", "wc -c", keys: "stdin: {a: {file: ./large.txt}}",
      steps: [#"output: {a: "200000\n"}"#]),
    ProgramCase(
      "a file that does not exist as standard input", "cat", keys: "stdin: {a: {file: ./nowhere}}", steps: [], .usage,
      "interop.yaml:8:23: ./nowhere: the file cannot be read: No such file or directory"),
    ProgramCase(
      "lines that are fed one by one", #"while read -r line; do echo "got $line"; done; echo end"#,
      steps: [
        "feed: {a: one}", "prints: {a: got one}", "feed: {a: two}", "prints: {a: got two}", "end: a",
        "prints: {a: end}",
        "wait: a -> exit 0",
      ]),
    ProgramCase(
      "a line that is fed after the end", "cat", steps: ["end: a", "feed: {a: late}"], .usage,
      "the input of 'a' has already ended"),
    ProgramCase(
      "words in quotes", #"printf '<%s>' "$@""#, #"one "two words" 'three' fo\ ur '' %7Bfive%7D"#,
      steps: ["output: {a: <one><two words><three><fo ur><><%7Bfive%7D>}"], .failures,
      "byte 33 is '{', expected '%'"),
    ProgramCase(
      "a quote without an end", "true", "one 'two", steps: [], .usage, "this quote has no end in the command"),
  ]

  static let outputs: [ProgramCase] = [
    ProgramCase("a whole line", "echo hello world", steps: [#"prints: {a: {line: hello world}}"#]),
    ProgramCase(
      "a part of a line instead of a whole line", "echo hello world", steps: ["prints: {a: {line: hello}}"], .failures,
      "never printed the line 'hello'"),
    ProgramCase("a regular expression", "echo job 123", steps: [#"prints: {a: {matches: "^job [0-9]{3}$"}}"#]),
    ProgramCase(
      "another regular expression", "echo job 123", steps: [#"prints: {a: {matches: "^job [0-9]{4}$"}}"#], .failures,
      "never printed a line that matches '^job [0-9]{4}$'"),
    ProgramCase(
      "an invalid regular expression", "true", steps: [#"prints: {a: {matches: "("}}"#], .usage,
      "this is not a regular expression"),
    ProgramCase(
      "the order of lines", "echo b; echo a; echo b", steps: ["prints: {a: [a, {line: b}]}"]),
    ProgramCase(
      "another order of lines", "echo b; echo a", steps: ["prints: {a: [a, b]}"], .failures,
      "printed 'b' in line 1, and not after line 2"),
    ProgramCase("standard error", "echo oops >&2", steps: ["prints-error: {a: {line: oops}}"]),
    ProgramCase(
      "an unknown kind of line", "true", steps: ["prints: {a: {lien: oops}}"], .usage, "did you mean 'line'?"),
  ]

  static let files: [ProgramCase] = [
    ProgramCase(
      "a file before the first step", #"cat "$1"; ls "$(dirname "$1")""#, "{path}/conf/a",
      keys: #"files: {"{path}/conf/a": "x = 1\n"}"#, steps: [#"output: {a: "x = 1\na\n"}"#]),
    ProgramCase(
      "a file outside the scratch directory", "true", keys: #"files: {"/etc/a": ""}"#, steps: ["wait: a -> exit 0"],
      .failures, "files are created below /tmp"),
    ProgramCase(
      "a path that leaves the scratch directory", "true", keys: #"files: {"/tmp/../etc/a": ""}"#,
      steps: ["wait: a -> exit 0"], .failures, "files are created below /tmp"),
    ProgramCase(
      "a file that is written", #"printf abc >"$1""#, "{path}", steps: ["wait: a -> exit 0", #"file: {"{path}": abc}"#]),
    ProgramCase(
      "a file with other bytes", #"printf abc >"$1""#, "{path}",
      steps: ["wait: a -> exit 0", #"file: {"{path}": abd}"#], .failures, "byte 2 is 'c', expected 'd'; 3 bytes each"),
    ProgramCase(
      "a file that is not written", "true", "{path}", steps: ["wait: a -> exit 0", #"file: {"{path}": abc}"#],
      .failures, "the file cannot be read: open"),
    ProgramCase(
      "a link to a file", #"echo abc >"$1.x"; ln -s "$1.x" "$1""#, "{path}",
      steps: ["wait: a -> exit 0", #"file: {"{path}": "abc\n"}"#], .failures, "Too many levels of symbolic links"),
    ProgramCase(
      "a file that is left behind", #"printf abc >"$1""#, "{path}", steps: ["wait: a -> exit 0"], .onlyLeaks, "(a)"),
  ]

  static let states: [ProgramCase] = [
    ProgramCase(
      "a signal", "echo ready; exec sleep 100",
      steps: ["prints: {a: ready}", "signal: a SIGTERM", "wait: a -> killed SIGTERM"]),
    ProgramCase(
      "another signal", "echo ready; exec sleep 100",
      steps: ["prints: {a: ready}", "signal: a SIGHUP", "wait: a -> killed SIGTERM"], .failures,
      "ended with killed SIGHUP instead of killed SIGTERM"),
    ProgramCase(
      "an unknown signal", "true", steps: ["signal: a SIGTREM"], .usage, "did you mean 'SIGTERM'?"),
    ProgramCase(
      "a sleep as readiness", "exec sleep 100", steps: ["ready: a", "kill: a"]),
    ProgramCase(
      "a FIFO as readiness", #"mkfifo "$1"; exec sleep 100"#, "{fifo}",
      steps: ["ready: a fifo {fifo}", "objects: fifo=1", "kill: a"], .onlyLeaks, "(a)"),
    ProgramCase(
      "a FIFO that is not created", "true", "{fifo}", steps: ["ready: a fifo {fifo}"], .failures,
      "ended (exit 0) before it could create fifo"),
    ProgramCase(
      "an object that appears in the failing step", #"read x; mkfifo "$1"; exit 3"#, "{fifo}",
      steps: ["feed: {a: go}", "wait: a -> exit 0"], .failures, "mode=644 (a)"),
    ProgramCase(
      "an object that appears after the last step", #"read x; mkfifo "$1""#, "{fifo}",
      steps: ["feed: {a: go}", "end: a"], .onlyLeaks, "mode=644 (a)"),
    ProgramCase(
      "an unknown kind of readiness", "true", steps: ["ready: a fifos {fifo}"], .usage, "did you mean 'fifo'?"),
  ]
}
