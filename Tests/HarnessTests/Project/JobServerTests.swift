import Foundation
import SystemPackage
import Testing

@testable import Harness

/// The worked example in docs/your-programs.md, and the mistakes that this page shows.
@Suite("The job server and its client")
struct JobServerTests {
  private static let sources = Checkout.root.appending("Tests/Jobs").string

  /// The project with the C programs, from which the tests copy.
  private static let original = Result {
    let project = try TestProject("jobs")
    try build(project, in: "build", "-Wall -Wextra -Werror")
    return project
  }

  private static func build(_ project: TestProject, in directory: String, _ options: String) throws {
    let built = try project.shell(
      """
      mkdir -p \(directory) && for name in job_server job_client; do
        cc -D_GNU_SOURCE \(options) -o \(directory)/$name '\(sources)'/c/$name.c -lrt || exit
      done
      """)
    try #require(built.status == 0, "\(built.text)")
  }

  /// Creates a project with the C programs and, as the programs in the other language, the same with a mistake.
  private func project(mistake: String? = nil) throws -> TestProject {
    let project = try TestProject("jobs")
    let copied = try project.shell(
      "cp '\(Self.sources)/interop.yaml' . && cp -r '\(Self.original.get().path)/build' . && mkdir -p .build/release")
    try #require(copied.status == 0, "\(copied.text)")
    if let mistake { try Self.build(project, in: ".build/release", "-D\(mistake)") }
    return project
  }

  @Test("pass in C, and with the Swift client") func port() async throws {
    try await onThread {
      let project = try project()
      let client = try CommandRun.program("job_client")
      _ = try project.shell("cp '\(client)' .build/release/")
      let run = try project.run(["check"], ["--verbose", "--repeat", "2"])
      #expect(run.status == ExitStatus.asExpected.rawValue, "\(run.text)")
      #expect(
        run.text.contains("swift: no .build/release/job_server: 3 cells left out")
          || run.text.contains("swift: no ./.build/release/job_server: 3 cells left out"), "\(run.text)")
      #expect(run.text.contains("jobs/message[swift]"))
      #expect(run.text.hasSuffix("5 passed, 0 failed"))
    }
  }

  /// The reports on the page, each of which follows a comment with the mistake and the command.
  private static let examples = Result {
    let page = try String(contentsOfFile: Checkout.root.appending("docs/your-programs.md").string, encoding: .utf8)
    return page.matches(of: /<!-- (\w+): (.*) -->\n```\n((?:.*\n)*?)```\n/).map { Example($0.1, $0.2, $0.3) }
  }

  /// A report that the page shows.
  struct Example: Sendable, CustomTestStringConvertible {
    let mistake: String
    let command: [String]
    /// All lines in the report, of which the page shows only some.
    let report: [String]
    var testDescription: String { "\(mistake): \(command.joined(separator: " "))" }

    init(_ mistake: Substring, _ command: Substring, _ report: Substring) {
      self.mistake = String(mistake)
      self.command = command.split(separator: " ").map(String.init)
      self.report = Self.lines(String(report))
    }

    /// Returns the lines, joined with their continuations, and without the parts that differ between runs.
    static func lines(_ text: String) -> [String] {
      var lines: [String] = []
      for line in text.split(separator: "\n") {
        if line.hasPrefix(String(repeating: " ", count: 14)), !lines.isEmpty {
          lines[lines.count - 1] += " \(line.drop { $0 == " " })"
        } else {
          lines.append(String(line))
        }
      }
      return lines.map { line in
        // On a busy machine, a reason also states how long the program waited for a processor.
        line.replacing(/, not counting .* waited for a processor/, with: "")
          .replacing(/ipc-interop-[0-9a-z]{7}/, with: "TOKEN").replacing(/[0-9.]+ (s|ms|seconds)\b/, with: "TIME")
          .replacing(/[0-9]+ jobs/, with: "JOBS").replacing(/(kernel|C peer) +[^ ]+/, with: "MACHINE")
          .replacing(/\ ?-+$/, with: "")
      }
    }
  }

  @Test("are reported as shown on the page", arguments: try examples.get()) func page(example: Example) async throws {
    try await onThread {
      let isPort = example.mistake == "port"
      let project = try project(mistake: isPort ? nil : example.mistake)
      if isPort { _ = try project.shell("cp '\(try CommandRun.program("job_client"))' .build/release/") }
      let run = try project.run(example.command, isPort ? [] : ["--timeout-multiplier", "0.1"])
      var rest = Example.lines(run.text)[...]
      for line in example.report {
        let index = rest.firstIndex(of: line)
        #expect(index != nil, "the report lacks '\(line)':\n\(run.text)")
        rest = rest[(index.map { $0 + 1 } ?? rest.startIndex)...]
      }
    }
  }

  @Test("are recorded as commands, whose arguments may look like paths") func commands() async throws {
    try await onThread {
      let project = try project()
      let run = try project.shell(
        #""$1" record -- build/job_server /jobs /results ---- build/job_client /jobs /results hello"#)
      #expect(run.status == 0, "\(run.text)")
      #expect(run.text.contains("posix-mq: '/jobs'") && run.text.contains(#"- text: 'HELLO\0'"#), "\(run.text)")
      let script = try project.shell(
        #"echo 'echo "$1 $(cat file)" >/tmp/x; rm /tmp/x' >script.sh && echo one >file && "$1" record -- sh script.sh two"#
      )
      #expect(script.status == 0 && script.text.contains(#"text: 'two one\n'"#), "\(script.text)")
    }
  }

  @Test("pass with injected failures") func failures() async throws {
    try await onThread {
      let run = try project().run(["check", "--fault-injection", "jobs/three"])
      #expect(run.status == ExitStatus.asExpected.rawValue, "\(run.text)")
      #expect(run.text.hasSuffix(" passed, 0 failed"))
    }
  }

  @Test("are shown on the page with all mistakes") func mistakes() throws {
    let sources = try ["server", "client"].map {
      try String(contentsOfFile: "\(Self.sources)/c/job_\($0).c", encoding: .utf8)
    }
    let mistakes = Set(sources.flatMap { $0.matches(of: /#ifn?def ([A-Z_]+)/).map { String($0.1) } })
    #expect(mistakes.union(["port"]) == Set(try Self.examples.get().map(\.mistake)))
  }
}
