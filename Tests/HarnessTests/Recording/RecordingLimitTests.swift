import Testing

@testable import Harness

/// Tests for programs that transfer more or fewer bytes than the recorder keeps.
@Suite("A recording of many bytes")
struct RecordingLimitTests {
  /// Returns a project whose programs write so many mebibytes to a pipe, from which they also read them.
  private func project(reference: Int, port: Int) throws -> TestProject {
    let project = try TestProject()
    for (name, count) in [("reference", reference), ("port", port)] {
      try project.addScript(name, "dd if=/dev/zero bs=1M count=\(count) status=none | cat >/dev/null")
    }
    try project.write(
      """
      languages: {c: ./reference, port: ./port}
      scenarios:
        - id: bytes
          title: A program writes to a pipe.
          programs: {program: program}
          steps: [start: program, wait: program -> exit 0]

      """, to: "interop.yaml")
    return project
  }

  @Test("counts each byte once") func fits() async throws {
    try await onThread {
      let run = try project(reference: 3, port: 3).run(["record"])
      #expect(run.status == ExitStatus.asExpected.rawValue && run.text.contains("1 recorded"), "\(run.text)")
    }
  }

  @Test("is not compared with a program that exceeds the limit") func cut() async throws {
    try await onThread {
      let project = try project(reference: 1, port: 9)
      _ = try project.run(["record"])
      let run = try project.run(["check"])
      #expect(run.text.contains("program transfers more than 8 MiB; use a smaller scenario"), "\(run.text)")
      #expect(run.text.contains("1  broken") && !run.text.contains("the recording has"), "\(run.text)")
    }
  }
}
