import Foundation
import SystemPackage
import Testing

@testable import Harness

/// The worked example of docs/your-programs.md, and the mistakes that the page shows.
@Suite("The job server and its client", .serialized)
struct JobServerTests {
  /// Builds the C programs, and a second build with a mistake as the other language.
  private func project(mistake: String? = nil) throws -> TestProject {
    let project = try TestProject("jobs")
    let sources = Checkout.root.appending("Tests/Jobs").string
    let built = try project.shell(
      """
      cp '\(sources)/interop.yaml' . && mkdir -p build .build/release &&
      for name in job_server job_client; do
        cc -D_GNU_SOURCE -Wall -Wextra -Werror -o build/$name '\(sources)'/c/$name.c -lrt || exit
        \(mistake.map { "cc -D_GNU_SOURCE -D\($0) -o .build/release/$name '\(sources)'/c/$name.c -lrt || exit" } ?? ":")
      done
      """)
    try #require(built.status == 0, "\(built.text)")
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

  @Test(
    "fail for the reason that the page shows",
    arguments: [
      ("FORGETS_NUL", "jobs/message", ["msg=hello, expected msg=hello%00"]),
      ("FORGETS_NUL", "jobs/three", ["job_server: job 1 is not terminated by a NUL"]),
      ("LEAKS", "jobs/three", ["left behind: mq", "(server)"]),
      ("OTHER_ARROW", "jobs/three", ["byte 6 is '=', expected '-'", "|hello => HELLO.t|"]),
      ("BUFFERED", "jobs/three", ["it printed the line when SIGTERM ended it, so its output was buffered"]),
    ])
  func mistakes(mistake: String, filter: String, shows: [String]) async throws {
    try await onThread {
      let project = try project(mistake: mistake)
      let run = try project.run(["check", filter], ["--timeout-multiplier", "0.1"])
      #expect(run.text.contains("passed") && run.status != 0, "\(run.text)")
      // The console breaks long lines.
      let text = run.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      for words in shows { #expect(text.contains(words), "\(run.text)") }
    }
  }
}
