import Foundation
import SystemPackage
import Testing

@testable import Harness

/// Tests for `check-peer` with a Python peer that supports about twenty operations.
@Suite("check-peer", .enabled(if: FileManager.default.fileExists(atPath: "/usr/bin/python3")))
struct PartialPeerTests {
  private static let peer = Checkout.root.appending("Tests/HarnessTests/Peers/partial-peer.py").string
  /// An interpreter that loads only the standard library, which takes half the time to start.
  private static let python = ["/usr/bin/python3", "-S"]
  private static let skeleton = Checkout.root.appending("docs/skeleton-peer.py").string

  private func check(
    _ options: [String], _ command: [String] = python + [peer], shell: String = #"exec "$@""#
  ) async throws -> (status: Int32, lines: [String]) {
    try await onThread {
      let root = try Self.checkout()
      defer { try? FileManager.default.removeItem(atPath: root.string) }
      let run = try CommandRun(
        root: root, shell: shell, command: ["check-peer"], ["--jobs", "2"] + options + command)
      return (try run.end(), run.lines)
    }
  }

  /// A script whose second request may write less than requested.
  private static let part = """
    - id: part/writes
      title: A peer continues after a short write.
      spec: write(2)
      level: must
      roles: [a]
      steps:
        - a: pipe2 reader=r writer=w
        - a: write_all handle=w buf=hello      -> return=5
        - a: read handle=r count=5             -> return=5 buf=hello
        - a: close handle=r
        - a: close handle=w
    - id: part/rows
      title: A peer continues after a short write of each length.
      spec: write(2)
      level: must
      roles: [a]
      with: {count: [4, 5]}
      steps:
        - a: pipe2 reader=r writer=w
        - a: write_all handle=w pattern=1 count={count} -> return={count}

    """

  /// A scenario with a long timeout, because on a busy machine the response to a shorter one may be late even if the
  /// timeout was early.
  private static let examples = """
    - id: examples/deadline
      title: A read from an empty pipe times out after its timeout.
      spec: poll(2)
      level: must
      roles: [a]
      steps:
        - a: pipe2 reader=r writer=w
        - a: read handle=r count=1 timeout=3   -> error ETIMEDOUT

    """

  /// Creates a checkout with the scenarios of only two mechanisms, because a debug build takes long to load all
  /// scenarios.
  private static func checkout() throws -> FilePath {
    let files = FileManager.default
    let root = FilePath(files.temporaryDirectory.appending(path: "checkout-\(UUID().uuidString)").path)
    for folder in ["scenarios", "fault-injection"] {
      try files.createDirectory(
        atPath: root.appending("fixtures/\(folder)").string, withIntermediateDirectories: true)
    }
    for name in [
      "build", "fixtures/operations.yaml", "fixtures/peers.yaml", "fixtures/system-calls.yaml", "fixtures/vectors",
      "fixtures/scenarios/pipe.yaml", "fixtures/scenarios/fifo.yaml", "fixtures/fault-injection/pipe.yaml",
    ] {
      try files.createSymbolicLink(
        atPath: root.appending(name).string, withDestinationPath: Checkout.root.appending(name).string)
    }
    try Data(examples.utf8).write(to: URL(fileURLWithPath: root.appending("fixtures/examples.yaml").string))
    try Data(part.utf8).write(to: URL(fileURLWithPath: root.appending("fixtures/fault-injection/part.yaml").string))
    try Data("- group: g\n  pitfalls: [{requirement: r, scenarios: [pipe/broken]}]\n".utf8)
      .write(to: URL(fileURLWithPath: root.appending("fixtures/pitfalls.yaml").string))
    return root
  }

  /// Options that select cells with operations that the peer supports, and cells with operations that it lacks.
  private static let some =
    ["--quick"]
    + ["contract/*[partial", "pipe/short-", "pipe/read-interrupted", "fifo/permissions"].flatMap { ["--filter", $0] }

  /// A cell with a fault of the script ``part``.
  private static let short = "part/writes[partial,a:2:write_all,write.1,short]"

  @Test("is green for a correct partial peer, and shows its supported and missing operations")
  func partial() async throws {
    let run = try await check(Self.some)
    #expect(run.status == 0, "\(run.lines.joined(separator: "\n"))")
    #expect(run.lines.contains { $0.hasPrefix("fifo") && $0.contains("4/4") })
    #expect(run.lines.contains { $0.contains("not run: partial does not have what they need") })
    #expect(run.lines.contains { $0.contains("partial does not have sigaction") })
    #expect(run.lines.last?.contains(" 0 failed") == true)
  }

  @Test("is green for the skeleton in the documentation, even with fault injection") func skeleton() async throws {
    let filters = ["contract/pipes", "pipe/bytes-unchanged", "pipe/waiting"].flatMap { ["--filter", $0] }
    let run = try await check(filters, Self.python + [Self.skeleton])
    #expect(run.status == 0, "\(run.lines.joined(separator: "\n"))")
  }

  /// Defects of the peer.
  ///
  /// Each entry has the name, text that the report must contain, options that select cells that detect the defect, and
  /// the expected exit status.
  private static let defects: [(String, String, [String], Int32)] = [
    ("close-forgotten", "holds descriptors beyond its handles", ["--filter", "contract/handles"], 5),
    ("byte-lost", "return=", ["--filter", "pipe/bytes-unchanged"], 1),
    ("early-timeout", "timed out after", ["--filter", "examples/deadline"], 1),
    ("errno-mixed-up", "failed with EBADF instead of EPIPE", ["--filter", "pipe/broken"], 1),
    ("lists-too-much", "response to 'limits' differs", ["--filter", "contract/process"], 1),
    ("mode-in-decimal", "mode=", ["--filter", "fifo/permissions"], 1),
    ("omissions-not-listed", "invalid", ["--filter", "pipe/packet"], 1),
  ]

  @Test("is red for a peer with a defect, for the right reason", arguments: defects)
  func defect(name: String, reason: String, options: [String], status: Int32) async throws {
    let run = try await check(["--quick"] + options, Self.python + [Self.peer, name])
    #expect(run.status == status, "\(run.lines.joined(separator: "\n"))")
    #expect(run.lines.contains { $0.contains(reason) }, "\(run.lines.joined(separator: "\n"))")
  }

  @Test("is green for the correct peer in the cells that reveal defects") func defectless() async throws {
    let run = try await check(["--quick"] + Self.defects.flatMap(\.2))
    #expect(run.status == 0, "\(run.lines.joined(separator: "\n"))")
  }

  /// Injects a fault of the script ``part`` into a peer that a shell script starts.
  private func injectBehindWrapper(_ script: String, _ defect: String...) async throws -> (Int32, [String]) {
    let wrapper = FileManager.default.temporaryDirectory.appending(path: "wrapper-\(UUID().uuidString)").path
    try CommandRun.writeProgram("#!/bin/sh\necho starting >/dev/null\necho starting >&2\n\(script)\n", to: wrapper)
    defer { try? FileManager.default.removeItem(atPath: wrapper) }
    let run = try await check(
      ["--verbose", "--filter", Self.short], [wrapper] + Self.python + [Self.peer] + defect)
    return (run.status, run.lines)
  }

  @Test("injects faults into the peer and not into a program that executes it") func wrapper() async throws {
    let (status, lines) = try await injectBehindWrapper(#"exec "$@""#)
    #expect(status == 0, "\(lines.joined(separator: "\n"))")
    #expect(lines.contains { $0.hasPrefix("passed ") && $0.contains(Self.short) })
    let (red, report) = try await injectBehindWrapper(#"exec "$@""#, "short-write-as-whole")
    #expect(red == 1, "\(report.joined(separator: "\n"))")
    #expect(report.contains { $0.contains("-- failed: \(Self.short)") })
    #expect(report.contains { $0.contains("return=1, expected return=5") })
    #expect(report.contains("  injected    write.1 in a's write_all: transferred 1 byte"))
  }

  @Test("is red for a peer whose calls the tracer does not see") func forkingWrapper() async throws {
    let (status, lines) = try await injectBehindWrapper(#""$@""#)
    #expect(status == 1, "\(lines.joined(separator: "\n"))")
    let text = lines.map { $0.trimmingCharacters(in: .whitespaces) }.joined(separator: " ")
    #expect(text.contains("partial made no IPC call in 1 script, such as part/writes, which got no fault"), "\(text)")
  }

  @Test("lists the fault-injection cells, and only those that the filter selects") func list() async throws {
    func cells(_ options: String...) async throws -> [String] {
      let run = try await check(["--list", "--verbose"] + options)
      #expect(run.status == 0, "\(run.lines.joined(separator: "\n"))")
      return run.lines.filter { $0.hasPrefix("    ") && $0.hasSuffix("]") }.map { String($0.dropFirst(4)) }
    }
    #expect(try await cells("--filter", Self.short) == [Self.short])
    #expect(try await cells("--filter", "part/w*,write.1,short]") == [Self.short])
    #expect(try await cells("--filter", "part/writes", "--pairs", "*:partial").contains(Self.short))
    #expect(try await cells("--filter", "contract/pipes") == ["contract/pipes[partial]"])
    let all = try await cells("--filter", "part/writes", "--filter", "contract/pipes", "--skip", "EINTR")
    #expect(all.contains("contract/pipes[partial]") && all.contains(Self.short))
    #expect(!all.contains { $0.contains("EINTR") || $0.contains("recording") })
    let quick = try await check(["--list", "--quick", "--filter", "part/writes"])
    #expect(quick.status == Harness.ExitStatus.nothingSelected.rawValue)
  }

  @Test(
    "rejects a language that does not exist, and a filter that matches nothing",
    arguments: [
      (["--pairs", "c:parital"], "there is no language 'parital'; did you mean 'partial'?"),
      (["--quick", "--pairs", "c:parital"], "there is no language 'parital'; did you mean 'partial'?"),
      (["--filter", "nosuch"], "no cell matches 'nosuch'; 'ipc-interop check-peer --list"),
      (["--filter", "nosuch", "--filter", "part/writes"], "no cell matches 'nosuch'; 'ipc-interop check-peer --list"),
    ])
  func misspelled(options: [String], message: String) async throws {
    let run = try await check(options)
    #expect(run.status == Harness.ExitStatus.nothingSelected.rawValue)
    #expect(run.lines.last?.contains(message) == true, "\(run.lines)")
  }

  @Test("reports scripts that the peer cannot run, and options that select nothing or belong to the peer")
  func remarks() async throws {
    let run = try await check(
      ["--filter", "part/", "--skip", "nosuch"], Self.python + [Self.skeleton, "--quick", "--mechanism=pipe"])
    let text = run.lines.map { $0.trimmingCharacters(in: .whitespaces) }.joined(separator: " ")
    #expect(text.contains("note: --quick follows the command, so the peer gets it; options of check-peer precede"))
    #expect(text.contains("note: --mechanism follows the command"))
    #expect(
      text.contains("fault injection: 0 of 3 scripts; part/writes needs write_all, part/rows needs write_all note"),
      "\(text)")
    #expect(text.contains("--skip 'nosuch' leaves out no cell"), "\(text)")
    #expect(text.contains("Exit status 4: nothing that the peers support was selected."), "\(text)")
  }

  @Test("does not report scripts that the filter does not select as not run") func unrelatedScripts() async throws {
    let run = try await check(["--filter", "contract/pipes"])
    #expect(run.lines.last == "1 passed, 0 failed", "\(run.lines.joined(separator: "\n"))")
  }

  @Test("finds a peer by a relative path, by PATH, in /tmp, and with its own files") func places() async throws {
    let folder = "/tmp/peer-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try CommandRun.writeProgram("ANSWER = 1\n", to: "\(folder)/helper.py")
    let text = try String(contentsOfFile: Self.skeleton, encoding: .utf8)
    try CommandRun.writeProgram(
      text.replacing("handles = {}", with: "import helper; open('settings').close(); handles = {}"),
      to: "\(folder)/peer.py")
    try CommandRun.writeProgram("", to: "\(folder)/settings")
    for command in [["python3", "peer.py"], ["./peer.py"]] {
      let run = try await check(
        ["--quick", "--filter", "contract/pipes"], command, shell: #"cd "\#(folder)" && exec "$@""#)
      #expect(run.status == 0, "\(run.lines.joined(separator: "\n"))")
    }
    let missing = try await check(["--quick"], ["peer.py"], shell: #"cd "\#(folder)" && exec "$@""#)
    #expect(missing.status == 2)
    #expect(missing.lines.contains { $0.contains("write ./peer.py") })
  }

  @Test(
    "asks whether a command that does not greet is a peer",
    arguments: [
      ("cat", "it is in state S, in read; it waits for standard input; is its command a peer?"),
      ("true", "ended (exit 0) before it could greet; is its command a peer? A peer first prints 'hello contract=1"),
    ])
  func noPeer(command: String, reason: String) async throws {
    let run = try await check(["--quick", "--timeout-multiplier", "0.1"], [command])
    #expect(run.status == 1)
    let text = run.lines.joined(separator: " ").replacing(/\s+/, with: " ")
    #expect(text.contains(reason), "\(text)")
    // The multiplier also applies to the first start, whose usual limit is 20 s.
    if let limit = text.firstMatch(of: /did not greet within ([0-9.]+) seconds/) {
      #expect(Double(limit.1).map { $0 < 20 } == true, "\(text)")
    }
  }

  @Test("extends time limits for a slow peer, and only for it") func slow() async throws {
    // The limit is 2 s. The peer takes 1 s until it sends its greeting, and 2.5 s for its first operation.
    let options = ["--quick", "--filter", "contract/process", "--timeout-multiplier", "0.1"]
    let run = try await check(options, Self.python + [Self.peer, "slow"])
    #expect(run.status == 0, "\(run.lines.joined(separator: "\n"))")
  }
}
