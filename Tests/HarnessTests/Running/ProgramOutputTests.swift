import Foundation
import PeerProtocol
import Testing

@testable import Harness

/// Tests for checks of output in scenarios.
///
/// The programs are short shell scripts.
@Suite("A program that", .serialized)
struct ProgramOutputTests {
  @Test("traps is described by the trap message, not by the end of the backtrace")
  func explanation() {
    #expect(RoleProcess.explanation(in: []) == nil)
    #expect(RoleProcess.explanation(in: ["one", "two"]) == "two")
    #expect(
      RoleProcess.explanation(in: [
        "starting", "client/main.swift:3: Fatal error: Error raised at top level: EMFILE", "Thread 0 crashed:",
        "9 client 0x000055d0 <unavailable> + 8289",
      ]) == "client/main.swift:3: Fatal error: Error raised at top level: EMFILE")
  }

  @Test("prints text in another Unicode form, or invalid UTF-8, prints other bytes") func bytes() {
    func matches(_ kind: LinePattern.Kind, _ text: String, _ bytes: [UInt8]) -> Bool {
      FilledPattern(kind: kind, text: text).matches(OutputLine(bytes))
    }
    let (composed, decomposed) = ("caf\u{e9}", "cafe\u{301}")
    for kind in [LinePattern.Kind.line, .contains, .matches] {
      #expect(matches(kind, composed, Array(composed.utf8)))
      #expect(!matches(kind, composed, Array(decomposed.utf8)))
    }
    for kind in [LinePattern.Kind.line, .contains] {
      #expect(!matches(kind, "caf\u{fffd}", Array("caf".utf8) + [0xE9]))
      #expect(matches(kind, "caf\u{fffd}", Array("caf\u{fffd}".utf8)))
    }
    #expect(matches(.contains, "caf", Array("caf".utf8) + [0xE9]))
    #expect(
      FilledPattern(kind: .line, text: composed) != FilledPattern(kind: .line, text: decomposed))
    // The replacement character in a reason shows where the invalid bytes are.
    #expect(OutputLine([0x61, 0xFF]).text == "a\u{fffd}")
  }

  private func outcome(_ program: String) async throws -> CellOutcome {
    try await onThread {
      let folder = FileManager.default.temporaryDirectory.appending(path: "programs-\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(at: folder) }
      let file = folder.appending(path: "greet")
      try CommandRun.writeProgram("#!/bin/sh\n\(program)\n", to: file.path)
      let (scenarios, registry) = try Checkout.scenarios(
        """
        - id: test/test
          title: A title.
          spec: echo(1)
          level: must
          programs: {a: greet}
          steps:
            - start: a
            - prints: {a: hello}
            - wait: a -> exit 0
        """)
      var configuration = RunConfiguration(
        root: folder.path, sandboxInit: Checkout.sandboxInit, peers: PeerList([]), registry: registry)
      // How long it takes to read a flood of output depends on the machine.
      configuration.timeoutMultiplier = 60
      let shell = PeerDescription(language: "sh", peer: nil, programs: ["\(folder.path)/{program}"])
      return CellRun.run(
        scenarios[0], languages: ["a": shell], names: CellNames(),
        context: configuration.context(SandboxCapabilities(isolation: .private)))
    }
  }

  @Test("prints the expected text passes, with or without a final newline", arguments: ["echo hello", "printf hello"])
  func prints(program: String) async throws {
    let outcome = try await outcome(program)
    #expect(outcome.verdict == .passed)
  }

  @Test("prints the expected text twice fails") func repeats() async throws {
    let outcome = try await outcome("echo hello; echo hello")
    #expect(outcome.verdict == .failed)
    #expect(outcome.reason?.contains("2 times instead of 1") == true)
  }

  @Test(
    "prints without end is cut off, with its first output", .timeLimit(.minutes(5)),
    arguments: ["echo hello; exec yes $(printf %0200d 0)", "echo hello; exec tr '\\0' x </dev/zero"])
  func floods(program: String) async throws {
    let outcome = try await outcome(program)
    #expect(outcome.verdict == .crashed)
    #expect(outcome.reason?.contains("floods its output") == true)
    #expect(outcome.evidence?.transcripts.first?.messages.first?.message == .line("hello"))
  }

  @Test("prints nothing fails") func isSilent() async throws {
    #expect(try await outcome("true").verdict == .failed)
  }
}
