import Foundation
import SystemPackage
import Testing

@testable import Harness

/// Tests of the boundaries of a sandbox that docs/security.md describes.
@Suite("A process in a sandbox", .serialized)
struct SandboxBoundaryTests {
  /// Returns the output of `script` in a private sandbox.
  private func output(of script: String, as user: Role.User? = nil) async throws -> [String] {
    try await output(of: ["/bin/sh", "-c", script], as: user)
  }

  private func output(
    of command: [String], asking: String = "", as user: Role.User? = nil
  ) async throws -> [String] {
    try await onThread {
      let sandbox = try Sandbox(
        Sandbox.Settings(
          program: Checkout.sandboxInit, capabilities: SandboxCapabilities(isolation: .private),
          kept: Checkout.root.string),
        names: CellNames(), roles: 1)
      let pid = try sandbox.spawn(
        role: 0, command: command, as: user)
      _ = sandbox.streams[0].input.write(Array(asking.utf8)[...])
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

  @Test("gets every descriptor, or is rejected") func descriptors() async throws {
    try await onThread {
      let sandbox = try Sandbox(
        Sandbox.Settings(
          program: Checkout.sandboxInit, capabilities: SandboxCapabilities(isolation: .private),
          kept: Checkout.root.string),
        names: CellNames(), roles: 1)
      #expect {
        _ = try sandbox.spawn(
          role: 0, command: ["/bin/true"], inheriting: Array(repeating: 0, count: 33))
      } throws: {
        "\($0)".contains("Argument list too long")
      }
    }
  }

  @Test("ignores no signal, even if the runner does") func signals() async throws {
    // SIGSTKFLT is a signal that the kernel never sends.
    let before = signal(SIGSTKFLT, SIG_IGN)
    defer { _ = signal(SIGSTKFLT, before) }
    let status = try await output(of: "grep -E 'SigIgn|SigBlk' /proc/self/status")
    // The C library reserves the signals 32 and 33, and its posix_spawn(3) ignores them.
    let masks = status.compactMap { UInt64($0.drop { $0 != "\t" }.dropFirst(), radix: 16) }.map { $0 & ~0x1_8000_0000 }
    #expect(masks == [0, 0], "\(status)")
  }

  /// Runs an unprivileged sandbox init inside a sandbox with private message queues, where `/dev/mqueue` may belong to
  /// another namespace.
  @Test(
    "does not list message queues without privilege, and reports that", .enabled(if: geteuid() == 0, "requires root"))
  func queuesOfOthers() async throws {
    let answers = try await output(
      of: [Checkout.sandboxInit, "--token", "ipc-interop-x", "--first-key", "123456789"], asking: "snapshot\n",
      as: .anotherUser)
    #expect(answers.count >= 2 && answers.last?.hasSuffix(" unobservable=mq") == true, "\(answers)")
  }

  @Test("sees only itself and the sandbox init") func processes() async throws {
    #expect(try await output(of: "cd /proc; echo [0-9]*") == ["1 2"])
  }

  @Test("gets a hint if its program is in the /tmp that it does not see") func hiddenProgram() async throws {
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
    "can read every file of the user: it is not a security boundary",
    .enabled(
      if: FileManager.default.isWritableFile(atPath: Checkout.root.appending("build").string),
      "the checkout belongs to another user"))
  func files() async throws {
    let file = Checkout.root.appending("build/tmp/boundary-\(UUID())").string
    defer { try? FileManager.default.removeItem(atPath: file) }
    _ = try await output(of: "echo reached >\(file)")
    #expect(try String(contentsOfFile: file, encoding: .utf8) == "reached\n")
  }

  @Test("as another user has no privilege, and cannot get any", .enabled(if: geteuid() == 0, "requires root"))
  func anotherUser() async throws {
    let facts = try await output(of: "cat /proc/self/status", as: .anotherUser)
    for fact in [
      "Uid:\t65534\t65534\t65534\t65534", "Gid:\t65534\t65534\t65534\t65534", "Groups:\t ", "CapPrm:\t0000000000000000",
      "CapEff:\t0000000000000000", "NoNewPrivs:\t1",
    ] {
      #expect(facts.contains(fact))
    }
  }
}
