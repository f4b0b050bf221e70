import Foundation
import SystemPackage
import Testing

@testable import Harness

/// How the command behaves when it is killed or interrupted, or when a resource is missing.
///
/// `make soak` tests more of these cases.
@Suite("The command", .serialized)
struct CommandTests {
  private func withCheckout<Result: Sendable>(
    cells: Int = 250, _ body: @escaping @Sendable (FilePath) throws -> Result
  ) async throws -> Result {
    try await onThread {
      let root = try CommandRun.checkout(cells: cells)
      defer { try? FileManager.default.removeItem(atPath: root.string) }
      return try body(root)
    }
  }

  @Test("leaves no process or file behind when killed", arguments: [IsolationRule.auto, .none], [0, 6, 7, 12, 20])
  func killed(isolation: IsolationRule, lines: Int) async throws {
    try await withCheckout { root in
      let run = try CommandRun(root: root, ["--verbose", "--jobs", "4", "--isolation", isolation.rawValue])
      try run.read(lines)
      // Stop the command, so that it does not start more processes while its children are listed.
      let pid = run.process.processIdentifier
      kill(pid, SIGSTOP)
      var information = unsafe siginfo_t()
      let result = unsafe waitid(P_PID, id_t(pid), &information, WSTOPPED | WNOWAIT)
      #expect(result == 0)
      let children = sandboxInits(of: pid)
      kill(pid, SIGKILL)
      #expect(try run.end() == -SIGKILL)
      for folder in children where folder.hasPrefix("/tmp/ipc-interop.") {
        #expect(!FileManager.default.fileExists(atPath: folder))
      }
    }
  }

  /// Returns the working directories of a process's children.
  ///
  /// Those of the sandbox inits are scratch directories.
  private func sandboxInits(of pid: pid_t) -> [String] {
    let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
    let children = threads.flatMap { thread in
      let list = try? String(contentsOfFile: "/proc/\(pid)/task/\(thread)/children", encoding: .utf8)
      return list?.split(separator: " ") ?? []
    }
    return children.compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\($0)/cwd") }
  }

  @Test("runs in an installed suite, which has no other peers and no mutants") func installed() async throws {
    try await withCheckout(cells: 1) { root in
      let all = try CommandRun(root: root, command: ["run", "--peers", "all", "--pairs", "c:c", "fifo/wait"])
      #expect(try all.end() == Harness.ExitStatus.asExpected.rawValue, "\(all.lines)")
      let test = try CommandRun(root: root, command: ["self-test"])
      #expect(try test.end() == Harness.ExitStatus.usage.rawValue, "\(test.lines)")
      #expect(test.lines.count == 1 && test.lines[0].contains("self-test requires a checkout"), "\(test.lines)")
    }
  }

  @Test("exits with a reason if its console report is closed by the reader, and completes its other report")
  func closedOutput() async throws {
    try await withCheckout { root in
      let report = root.appending("report.json")
      let run = try CommandRun(
        root: root, shell: #"exec 3>&1; { "$@" 2>&1 3>&- || echo "status $?" >&3; } | head -n 1"#,
        ["--verbose", "--format", "json", "--output", report.string])
      #expect(try run.end() == 0)
      #expect(run.lines.last == "status 3", "\(run.lines)")
      let saved = try SavedRun(contentsOf: report.string)
      #expect(saved.summary.interrupted && saved.summary.counts[.passed, default: 0] < 250)
    }
  }

  @Test("writes its report to an existing special file without replacing it") func keepsSpecialFiles()
    async throws
  {
    try await withCheckout(cells: 2) { root in
      let fifo = root.appending("report").string
      let made = unsafe mkfifo(fifo, 0o600)
      #expect(made == 0)
      let run = try CommandRun(
        root: root, shell: #"cat <"\#(fifo)" & exec "$@" --output "\#(fifo)""#, ["--format", "tap", "--fail-fast"])
      #expect(try run.end() == ExitStatus.asExpected.rawValue)
      #expect(run.lines.contains("TAP version 14"))
      let kind = try FileManager.default.attributesOfItem(atPath: fifo)[.type] as? FileAttributeType
      #expect(kind == .typeUnknown, "the FIFO was replaced")
    }
  }

  /// The command must unblock the signals, because it inherits blocked signals from the thread that starts it.
  @Test(
    "reports the cells so far when it is interrupted, even if the signals were blocked when it started",
    arguments: [SIGINT, SIGQUIT, SIGTERM],
    ["--default-signal=INT,QUIT,TERM", "--default-signal=INT,QUIT,TERM --block-signal=INT,QUIT,TERM"])
  func interrupted(number: Int32, signals: String) async throws {
    try await withCheckout { root in
      let report = root.appending("report").string
      let run = try CommandRun(
        root: root, shell: #"exec env \#(signals) "$@""#, ["--verbose", "--format", "tap", "--output", report])
      try run.read(12)
      kill(run.process.processIdentifier, number)
      #expect(try run.end() == ExitStatus.interrupted.rawValue)
      let lines = try String(contentsOfFile: report, encoding: .utf8).split(separator: "\n")
      let passed = lines.count { $0.hasPrefix("ok ") }
      #expect(passed > 0 && passed < 250)
      #expect(run.lines.last == "\(passed) passed, 0 failed, \(250 - passed) skipped")
      #expect(lines.last?.hasPrefix("Bail out! the run was interrupted") == true)
    }
  }

  @Test("continues if it was started with the signals ignored", arguments: [SIGINT, SIGQUIT, SIGTERM])
  func ignoring(number: Int32) async throws {
    try await withCheckout(cells: 20) { root in
      let run = try CommandRun(root: root, shell: #"trap '' INT QUIT TERM; exec "$@""#, ["--verbose"])
      try run.read(8)
      kill(run.process.processIdentifier, number)
      #expect(try run.end() == ExitStatus.asExpected.rawValue)
      #expect(run.lines.last == "20 passed, 0 failed")
    }
  }

  @Test(
    "reports a missing resource, with exit status 3",
    arguments: [
      (#"exec "$@" >/dev/full"#, "No space left"), (#"exec "$@" >&-"#, "Bad file descriptor"),
      (#"exec "$@" <&- >&-"#, "Bad file descriptor"), (#"ulimit -n 20; exec "$@""#, "Too many open files"),
      (#"exec "$@" --output /proc/report"#, "cannot be written"),
    ], [IsolationRule.auto, .none])
  func lacks(shell: (String, words: String), isolation: IsolationRule) async throws {
    try await withCheckout(cells: 2) { root in
      let run = try CommandRun(root: root, shell: shell.0, ["--isolation", isolation.rawValue])
      #expect(try run.end() == ExitStatus.brokenEnvironment.rawValue)
      #expect(run.lines.contains { $0.contains(shell.words) }, "\(run.lines)")
    }
  }

  /// Without namespaces, each cell starts a sandbox init.
  @Test("exits with one message if its sandbox init disappears during the run") func lostProgram() async throws {
    try await withCheckout { root in
      let run = try CommandRun(root: root, ["--verbose", "--jobs", "2", "--isolation", "none"])
      try run.read(12)
      try FileManager.default.removeItem(atPath: root.appending("build/bin/sandbox-init").string)
      #expect(try run.end() == ExitStatus.brokenEnvironment.rawValue)
      let message = run.lines.last ?? ""
      #expect(message.contains(" of 250 cells: the sandbox init cannot be started any more: \(root)"), "\(run.lines)")
      #expect(!run.lines.contains { $0.contains("broken") })
    }
  }

  @Test("exits with status 0 if the reader of a list closes it") func closedList() async throws {
    try await onThread {
      let run = try CommandRun(
        root: Checkout.root, shell: #"exec 3>&1; { "$@"; echo "status $?" >&3; } | head -n 1"#,
        command: ["run", "--list", "--verbose"])
      #expect(try run.end() == 0)
      #expect(run.lines.contains("status 0"), "\(run.lines)")
    }
  }

  @Test(
    "suggests the right word or form, with exit status 2",
    arguments: [
      (["help", "explian"], "there is no command 'explian'; did you mean 'explain'?"),
      (
        ["run", "--filter", "pipe/eof"],
        "a filter of 'run' is an argument, not an option: ipc-interop run pipe/eof"
      ),
      (["check", "--filter=a b"], "a filter of 'check' is an argument, not an option: ipc-interop check 'a b'"),
    ])
  func suggestions(command: [String], message: String) async throws {
    try await onThread {
      let run = try CommandRun(root: Checkout.root, command: command)
      #expect(try run.end() == ExitStatus.usage.rawValue)
      #expect(run.lines == ["ipc-interop: \(message)"])
    }
  }

  @Test(
    "has examples, exit statuses and usage of at most 80 columns in its help",
    arguments: [
      "run", "check", "init", "record", "check-peer", "self-test", "fault-injection", "report", "doctor", "explain",
      "peers", "abi", "bench", "choose", "mechanisms", "coverage",
    ])
  func help(command: String) async throws {
    try await onThread {
      let run = try CommandRun(
        root: Checkout.root, shell: #"export COLUMNS=500; "$1" help "$2""#, command: [command])
      #expect(try run.end() == 0)
      let part = run.lines.drop { $0 != "EXAMPLES" }.prefix { !["ARGUMENTS:", "OPTIONS:"].contains($0) }
      #expect(part.contains { $0.hasPrefix("USAGE: ipc-interop \(command)") }, "\(run.lines)")
      #expect(part.filter { $0.count > 80 } == [])
    }
  }

  @Test("prints the complete command that reruns a cell") func again() async throws {
    try await withCheckout(cells: 1) { root in
      let (peers, script) = (root.appending("two words.yaml").string, root.appending("peer").string)
      // The peer lists an operation that it does not support.
      let text = ShellPeers.script("mine").replacing("=pid,limits", with: "=pid,limits,open,write")
      try Data(text.utf8).write(to: URL(fileURLWithPath: script))
      try Data("mine: {peer: /bin/sh \(script)}\n".utf8).write(to: URL(fileURLWithPath: peers))
      let run = try CommandRun(
        root: root, command: ["run", "--pairs", "c:mine"],
        ["--peers", peers, "--timeout-multiplier", "2", "--isolation", "none", "--format", "tap"])
      #expect(try run.end() == ExitStatus.failures.rawValue)
      let options = "--peers '\(peers)' --isolation none --timeout-multiplier 2.0 --root \(root)"
      #expect(
        run.lines.contains { line in
          line.contains("rerun: \"") && line.hasSuffix("ipc-interop run 'fifo/wait[c>mine,count=1]' \(options)\"")
        },
        "\(run.lines)")
    }
  }

  @Test(
    "reports that a list cannot be written, with exit status 3",
    arguments: [["mechanisms"], ["run", "--list"], ["self-test", "--list"]])
  func listsLack(command: [String]) async throws {
    try await onThread {
      let run = try CommandRun(root: Checkout.root, shell: #"exec "$@" >/dev/full"#, command: command)
      #expect(try run.end() == ExitStatus.brokenEnvironment.rawValue)
      #expect(run.lines == ["ipc-interop: the list could not be written: No space left on device"])
    }
  }

  @Test(
    "rejects an empty filter, which would select everything, with exit status 2",
    arguments: [["run", ""], ["run", "--skip", ""], ["run", "--mechanism", ""], ["fault-injection", ""]])
  func emptyFilter(command: [String]) async throws {
    try await onThread {
      let run = try CommandRun(root: Checkout.root, command: command)
      #expect(try run.end() == ExitStatus.usage.rawValue)
      #expect(run.lines.contains { $0.contains("must not be empty") })
    }
  }

  @Test(
    "rejects a file of peers that replaces a language without 'replaces: true', with exit status 2",
    arguments: ["c", "swift"])
  func redefinedPeer(language: String) async throws {
    try await onThread {
      let file = FileManager.default.temporaryDirectory.appending(path: "peers-\(UUID().uuidString).yaml")
      defer { try? FileManager.default.removeItem(at: file) }
      try Data("\(language): {peer: /bin/true}\n".utf8).write(to: file)
      let run = try CommandRun(root: Checkout.root, command: ["run", "pipe/short-read"], ["--peers", file.path])
      #expect(try run.end() == ExitStatus.usage.rawValue)
      #expect(run.lines.first?.contains("the language '\(language)' is already defined") == true)
    }
  }

  @Test(
    "rejects a format that a list does not have, with exit status 2",
    arguments: [
      ["run", "--format", "tap"], ["self-test", "--format", "json"], ["fault-injection", "--format", "markdown"],
    ])
  func listsOfNoForm(command: [String]) async throws {
    try await onThread {
      let run = try CommandRun(root: Checkout.root, command: command + ["--list"])
      #expect(try run.end() == ExitStatus.usage.rawValue)
      #expect(run.lines.first?.contains("--list has no format \(command[2])") == true)
    }
  }

  @Test(
    "lists the mutants that were named, and reports names that do not exist",
    arguments: ["pipe-inherited", "pipe-inherit"])
  func listsMutants(name: String) async throws {
    try await onThread {
      let run = try CommandRun(root: Checkout.root, command: ["self-test", "--list", name])
      let isKnown = name == "pipe-inherited"
      #expect(try run.end() == (isKnown ? ExitStatus.asExpected : .nothingSelected).rawValue)
      #expect(
        run.lines
          == [isKnown ? name : "ipc-interop: there is no mutant 'pipe-inherit'; did you mean 'pipe-inherited'?"])
    }
  }
}
