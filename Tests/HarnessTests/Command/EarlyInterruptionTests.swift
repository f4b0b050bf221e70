import Foundation
import SystemPackage
import Testing

@testable import Harness

/// Tests for Ctrl-C before the first cell.
///
/// The peer reports its start through a FIFO, and then does not respond.
@Suite("An interruption before the first cell", .serialized)
struct EarlyInterruptionTests {
  /// Interrupts `command` after its peer has started, lets the peer continue, and returns whether another peer was
  /// started.
  private func interrupt(_ command: [String], peer: String) async throws -> (status: Int32, hasContinued: Bool) {
    try await onThread {
      let root = try CommandRun.checkout(cells: 1)
      defer { try? FileManager.default.removeItem(atPath: root.string) }
      let (begun, go) = try (Self.makeFIFO(root.appending("begun")), Self.makeFIFO(root.appending("go")))
      let said = LineSource(OwnedDescriptor(begun))
      defer { try? go.close() }
      let scripts = ["one", "two", "three"].map {
        "- {id: fifo/\($0), title: T., spec: s, level: must, roles: [a], steps: [{a: 'unlink path={fifo} -> error ENOENT'}]}"
      }
      try CommandRun.addInjectionScript(to: root, scripts.joined(separator: "\n"))
      for (file, text) in Self.mutantFixtures {
        try Data(text.utf8).write(to: URL(fileURLWithPath: root.appending("fixtures/\(file)").string))
      }
      let begin = "begin() { echo begun >\(root)/begun; read -r line <\(root)/go; }"
      try CommandRun.writeProgram("#!/bin/sh\n\(begin)\n\(peer)\n", to: root.appending("build/bin/c-peer").string)
      let run = try CommandRun(root: root, shell: #"exec env --default-signal=INT "$@""#, command: command)
      let deadline = ContinuousClock.now + .seconds(60)
      while !said.hasLine, ContinuousClock.now < deadline { waitForInput([said], timeout: deadline - .now) }
      try #require(said.nextLine() == "begun", "no peer started within a minute")
      kill(run.process.processIdentifier, SIGINT)
      try go.writeAll("1\n2\n3\n".utf8)
      let status = try run.end()
      waitForInput([said], timeout: .zero)
      return (status, said.hasLine)
    }
  }

  /// The files that the self-test requires, with `f` as the only mutant.
  private static let mutantFixtures = [
    ("mutants.yaml", "- {mutant: f, peer: c, wrong: w, reason: some, caught-by: {fifo/wait: reader}}"),
    ("mutant-peers.yaml", "c: {peer: build/bin/c-peer}"),
    ("generated-mutant-peers.yaml", "c: {peer: build/bin/c-peer}"),
    ("generated-mutants.yaml", "{floors: {c: 0, swift: 0}, equivalent: []}"),
    ("generated-sample.txt", "# Generated mutants\n"),
    (
      "runner-mutants.yaml",
      """
      checks: [{check: one, run: run, exit: 0}, {check: two, run: run, exit: 0}]
      mutants: [{mutant: r, wrong: w, file: f, replace: t, with: '{mutant}', killed-by: [check one, check two]}]
      """
    ),
  ]

  /// Creates a FIFO that all users can open.
  ///
  /// Opens it for reading and writing, so that no other open(2) of it blocks.
  private static func makeFIFO(_ path: FilePath) throws -> FileDescriptor {
    try #require(unsafe mkfifo(path.string, 0o600) == 0 && chmod(path.string, 0o666) == 0)
    return try FileDescriptor.open(path, .readWrite, options: [.nonBlocking, .closeOnExec])
  }

  @Test("ends a run before a peer sends its greeting") func greeting() async throws {
    let command = ["run", "--pairs", "c:c", "--timeout-multiplier", "0.05"]
    let run = try await interrupt(command, peer: "begin; exec sleep 3600")
    #expect(run == (ExitStatus.interrupted.rawValue, false))
  }

  @Test("ends a run while a mutant build lists its mutants") func mutantBuild() async throws {
    let run = try await interrupt(["self-test", "f"], peer: "begin; exec sleep 3600")
    #expect(run == (ExitStatus.interrupted.rawValue, false))
  }

  @Test(
    "ends a run between two recordings",
    .enabled(if: (try? InjectionTracer(shortener: "")) != nil, "requires strace"))
  func recording() async throws {
    let peer = """
      echo hello contract=1 language=c implementation=sh operations=unlink
      while read -r line; do
        case $line in unlink*) begin; echo error errno=ENOENT call=unlink ;; *) echo unsupported ;; esac
      done
      """
    let run = try await interrupt(["fault-injection", "--language", "c"], peer: peer)
    #expect(run == (ExitStatus.interrupted.rawValue, false))
  }
}
