import Foundation
import SystemPackage
import Testing

@testable import Harness

/// Tests for the sandbox boundaries that docs/security.md describes.
@Suite("A process in a sandbox", .serialized)
struct SandboxBoundaryTests {
  /// Returns the output of `script` in a private sandbox.
  private func output(of script: String, as user: Role.User? = nil) async throws -> [String] {
    try await output(of: ["/bin/sh", "-c", script], as: user)
  }

  private func output(
    of command: [String], as user: Role.User? = nil
  ) async throws -> [String] {
    try await onThread {
      let sandbox = try Sandbox(
        Sandbox.Settings(
          program: Checkout.sandboxInit, capabilities: SandboxCapabilities(isolation: .private),
          kept: [Checkout.root.string]),
        names: CellNames(), roles: 1)
      let pid = try sandbox.spawn(
        role: 0, command: command, as: user)
      sandbox.streams[0].input.close()
      return try sandbox.lines(of: pid)
    }
  }

  @Test("gets exactly four environment variables") func environment() async throws {
    let names = try await output(of: "tr '\\0' '\\n' </proc/$$/environ").map { $0.prefix { $0 != "=" } }
    #expect(Set(names).isSubset(of: ["PATH", "HOME", "LC_ALL", "SWIFT_BACKTRACE"]))
  }

  @Test("gets every argument, however many") func arguments() async throws {
    let command = ["/bin/sh", "-c", "echo $#", "sh"] + (1...1000).map { "\($0)" } + ["", ""]
    #expect(try await output(of: command) == ["1002"])
  }

  /// The encoded command is longer than the buffer of a socket.
  @Test("gets a file of 256 KiB") func largeFile() async throws {
    try await onThread {
      let sandbox = try Sandbox(
        Sandbox.Settings(
          program: Checkout.sandboxInit, capabilities: SandboxCapabilities(isolation: .private),
          kept: [Checkout.root.string]),
        names: CellNames(), roles: 0)
      let bytes = [UInt8](repeating: 0xFF, count: 1 << 18)
      try sandbox.createFile(at: "/tmp/large", bytes)
      #expect(try sandbox.file(at: "/tmp/large") == bytes)
    }
  }

  @Test(
    "has its own permissions when the runner reads a file", .enabled(if: geteuid() == 0, "requires root"),
    arguments: [(0o640, false), (0o644, true)])
  func fileOfGroup(mode: Int, isReadable: Bool) async throws {
    let folder = Checkout.root.appending("build/tmp/boundary-\(UUID())").string
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let file = "\(folder)/file"
    // The file belongs to the runner's group.
    try Data("text".utf8).write(to: URL(fileURLWithPath: file))
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
    try await onThread {
      let sandbox = try Sandbox(
        Sandbox.Settings(
          program: Checkout.sandboxInit, capabilities: SandboxCapabilities(isolation: .private),
          kept: [Checkout.root.string]),
        names: CellNames(), roles: 0)
      #expect((try? sandbox.file(at: file)) == (isReadable ? Array("text".utf8) : nil))
    }
  }

  @Test("gets every descriptor, or is rejected") func descriptors() async throws {
    try await onThread {
      let sandbox = try Sandbox(
        Sandbox.Settings(
          program: Checkout.sandboxInit, capabilities: SandboxCapabilities(isolation: .private),
          kept: [Checkout.root.string]),
        names: CellNames(), roles: 1)
      #expect {
        _ = try sandbox.spawn(
          role: 0, command: ["/bin/true"], inheriting: Array(repeating: 0, count: 33))
      } throws: {
        "\($0)".contains("Argument list too long")
      }
    }
  }

  @Test("does not ignore signals, even if the runner does") func signals() async throws {
    // SIGSTKFLT is a signal that the kernel never sends.
    let before = signal(SIGSTKFLT, SIG_IGN)
    defer { _ = signal(SIGSTKFLT, before) }
    let status = try await output(of: "grep -E 'SigIgn|SigBlk' /proc/self/status")
    // The C library reserves signals 32 and 33, and ignores them in posix_spawn(3).
    let masks = status.compactMap { UInt64($0.drop { $0 != "\t" }.dropFirst(), radix: 16) }.map { $0 & ~0x1_8000_0000 }
    #expect(masks == [0, 0], "\(status)")
  }

  /// Runs an unprivileged sandbox init in a sandbox that has private message queues.
  ///
  /// There, `/dev/mqueue` may belong to another namespace.
  @Test(
    "does not list message queues without privileges, and reports that", .enabled(if: geteuid() == 0, "requires root"))
  func queuesOfOthers() async throws {
    let script = """
      import socket, subprocess, sys
      ours, theirs = socket.socketpair()
      ours.sendall(b'snapshot\\n')
      ours.shutdown(socket.SHUT_WR)
      subprocess.run([sys.argv[1], '--token', 'ipc-interop-x', '--first-key', '123456789'], stdin=theirs)
      """
    let answers = try await output(of: ["/usr/bin/python3", "-c", script, Checkout.sandboxInit], as: .anotherUser)
    #expect(answers.count >= 2 && answers.last?.hasSuffix(" unobservable=mq") == true, "\(answers)")
  }

  /// The kernel lets an unprivileged process set the nice value of an autogroup only every 100 ms.
  @Test(
    "has the runner's nice value, also in the autogroup of its own session",
    .enabled(
      if: geteuid() == 0 && (try? String(contentsOfFile: "/proc/self/autogroup", encoding: .utf8))?.isEmpty == false,
      "requires root and autogroups"))
  func niceValue() async throws {
    try await onThread {
      let project = try TestProject()
      try project.addScript("program", #"[ "$(nice)" -gt 0 ] && grep -q " nice $(nice)$" /proc/self/autogroup"#)
      try project.write(
        """
        languages: {shell: ./program}
        scenarios:
          - id: nice
            title: The nice values.
            programs: {a: program}
            steps: [start: a, wait: a -> exit 0]

        """, to: "interop.yaml")
      let usual = try String(contentsOfFile: "/proc/self/autogroup", encoding: .utf8)
      let run = try project.shell(#"nice -n 7 "$1" check"#)
      #expect(run.status == ExitStatus.asExpected.rawValue, "\(run.text)")
      #expect(try String(contentsOfFile: "/proc/self/autogroup", encoding: .utf8) == usual)
    }
  }

  /// The sandbox init creates the directories that lead to the project in the sandbox's own `/tmp`.
  @Test(
    "can enter the project's directory, whatever the runner's umask", .enabled(if: geteuid() == 0, "requires root"))
  func umask() async throws {
    try await onThread {
      let project = try TestProject()
      try project.addScript("program", "exit 0")
      try project.write(
        """
        languages: {shell: ./program}
        scenarios:
          - id: start
            title: A program starts.
            programs: {a: program}
            steps: [start: a, wait: a -> exit 0]

        """, to: "interop.yaml")
      let run = try project.shell(
        #"""
        folder=$(mktemp -d /tmp/umask-XXXXXX) && mkdir $folder/project && cp program interop.yaml $folder/project &&
        chmod -R 755 $folder && (umask 077 && cd $folder/project && "$1" check)
        status=$?; rm -r "$folder"; exit $status
        """#)
      #expect(run.status == ExitStatus.asExpected.rawValue, "\(run.text)")
    }
  }

  @Test("sees only itself and the sandbox init") func processes() async throws {
    let lines = try await output(of: "cd /proc; echo [0-9]*; echo $$")
    #expect(lines.count == 2 && lines.first == "1 \(lines.last ?? "")")
  }

  @Test("has process and user IDs above 65,535, unless the kernel has none") func largeNumbers() async throws {
    let facts = try await output(of: "echo $$; id -u; cat /proc/sys/kernel/pid_max")
    let numbers = facts.compactMap { Int($0) }
    try #require(numbers.count == 3)
    #expect(numbers[0] > 65535 || numbers[2] < 70000)
    #expect(numbers[1] > 65535)
  }

  @Test(
    "has two users that no other sandbox has at the same time, because limits apply to all objects of a user",
    .enabled(if: geteuid() == 0, "requires root"))
  func users() async throws {
    try await onThread {
      let sandboxes = try (0..<4).map { _ in
        try Sandbox(
          Sandbox.Settings(
            program: Checkout.sandboxInit, capabilities: SandboxCapabilities(isolation: .private),
            kept: [Checkout.root.string]),
          names: CellNames(), roles: 1)
      }
      let users = try zip(sandboxes, [nil, nil, .anotherUser, .anotherUser]).map { sandbox, user in
        try sandbox.lines(of: sandbox.spawn(role: 0, command: ["/usr/bin/id", "-u"], as: user))
      }
      #expect(Set(users).count == 4)
    }
  }

  @Test("gets a hint if its program is in the host's /tmp, which it does not see") func hiddenProgram() async throws {
    let program = "/tmp/program-\(UUID())"
    defer { try? FileManager.default.removeItem(atPath: program) }
    try FileManager.default.copyItem(atPath: "/bin/true", toPath: program)
    await #expect { try await output(of: [program]) } throws: {
      "\($0)".contains("No such file or directory; a sandbox has its own /tmp")
    }
  }

  @Test("has no network except its own loopback interface") func network() async throws {
    #expect(try await output(of: "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '") == ["lo"])
  }

  @Test(
    "can change every file of the host that its user can: it is not a security boundary",
    .enabled(
      if: FileManager.default.isWritableFile(atPath: Checkout.root.appending("build").string),
      "the checkout belongs to another user"))
  func files() async throws {
    let folder = Checkout.root.appending("build/tmp/boundary-\(UUID())").string
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder)
    _ = try await output(of: "echo reached >\(folder)/file")
    #expect(try String(contentsOfFile: "\(folder)/file", encoding: .utf8) == "reached\n")
  }

  @Test("cannot change the checkout if root runs the suite", .enabled(if: geteuid() == 0, "requires root"))
  func checkout() async throws {
    let file = Checkout.root.appending("build/boundary-\(UUID())").string
    _ = try await output(of: "echo reached >\(file)")
    #expect(!FileManager.default.fileExists(atPath: file))
  }

  @Test("has no privileges, and cannot gain any", arguments: [nil, Role.User.anotherUser])
  func privilege(user: Role.User?) async throws {
    if user != nil, geteuid() != 0 { return }
    let facts = try await output(of: "cat /proc/self/status", as: user)
    let number = try #require(facts.first { $0.hasPrefix("Uid:\t") }?.split(separator: "\t").last.flatMap { Int($0) })
    #expect(number > 65535)
    for fact in [
      "Uid:\t\(number)\t\(number)\t\(number)\t\(number)", "Gid:\t\(number)\t\(number)\t\(number)\t\(number)",
      "NoNewPrivs:\t1",
    ] {
      #expect(facts.contains(fact))
    }
    #expect(facts.filter { $0.hasPrefix("Cap") }.allSatisfy { $0.hasSuffix("\t0000000000000000") })
    if geteuid() == 0 { #expect(facts.contains("Groups:\t ")) }
  }

  @Test("as root cannot mount, trace or load a module", .enabled(if: geteuid() == 0, "requires root"))
  func root() async throws {
    let facts = try await output(of: "cat /proc/self/status", as: .root)
    #expect(facts.contains("Uid:\t0\t0\t0\t0") && facts.contains("NoNewPrivs:\t1"))
    let capabilities = facts.first { $0.hasPrefix("CapEff:") }.flatMap { UInt64($0.dropFirst(8), radix: 16) }
    // Root has only one of CAP_SYS_MODULE, CAP_SYS_PTRACE, CAP_SYS_ADMIN and CAP_CHOWN: the last.
    #expect(capabilities.map { $0 & (1 << 16 | 1 << 19 | 1 << 21 | 1) } == 1)
    #expect(facts.contains("CapBnd:\t0000000000000000"))
  }

  /// For example, the checkout is in root's home directory.
  @Test(
    "runs as the runner's user if its own user could not read the programs",
    .enabled(if: geteuid() == 0, "requires root"))
  func unreadableCheckout() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "closed-\(UUID())")
    try FileManager.default.createDirectory(
      at: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    defer { try? FileManager.default.removeItem(at: folder) }
    let script = folder.appending(path: "script").path
    try Data("id -u; grep CapEff /proc/self/status".utf8).write(to: URL(fileURLWithPath: script))
    let many = Array(repeating: "/bin/true", count: 100)
    for (kept, programs) in [
      (folder.path, []), (Checkout.root.string, [script]), (Checkout.root.string, many + [script]),
    ] {
      let lines = try await onThread {
        var settings = Sandbox.Settings(
          program: Checkout.sandboxInit, capabilities: SandboxCapabilities(isolation: .shared), kept: [kept])
        settings.programs = programs
        let sandbox = try Sandbox(settings, names: CellNames(), roles: 1)
        return try sandbox.lines(of: try sandbox.spawn(role: 0, command: ["/bin/sh", script]))
      }
      #expect(lines == ["0", "CapEff:\t0000000000000000"])
    }
  }
}
