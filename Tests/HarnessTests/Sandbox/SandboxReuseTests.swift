import Foundation
import SystemPackage
import Testing

@testable import Harness

/// Tests for a sandbox that serves several cells in succession.
@Suite("A used sandbox")
struct SandboxReuseTests {
  private let settings = Sandbox.Settings(
    program: Checkout.sandboxInit, capabilities: SandboxCapabilities(isolation: .private),
    kept: [Checkout.root.string])

  /// Returns what a script prints in the next sandbox, and lets another cell use the sandbox.
  private func output(of script: String, _ settings: Sandbox.Settings? = nil) throws -> [String] {
    let sandbox = try Sandbox(settings ?? self.settings, names: CellNames(), roles: 1)
    let pid = try sandbox.spawn(role: 0, command: ["/bin/sh", "-c", script])
    sandbox.streams[0].input.close()
    let lines = try sandbox.lines(of: pid)
    sandbox.allowReuse()
    return lines
  }

  /// A Python expression for the cookie of the network namespace, which distinguishes sandboxes: the kernel uses a
  /// namespace's number again, but not its cookie (SO_NETNS_COOKIE).
  private let cookie = "int.from_bytes(socket.socket().getsockopt(socket.SOL_SOCKET, 71, 8), sys.byteorder)"
  /// Prints that cookie.
  private var network: String { "python3 -S -c 'import socket, sys; print(\(cookie))'" }

  @Test("serves the next cell, and only the next one") func reused() async throws {
    try await onThread {
      let first = try output(of: network)
      #expect(try output(of: network) == first)
      let held = try Sandbox(settings, names: CellNames(), roles: 0)
      #expect(try output(of: network) != first)
      withExtendedLifetime(held) {}
    }
  }

  @Test("is terminated if no other cell may use it") func discarded() async throws {
    try await onThread {
      let (first, pid) = try {
        let sandbox = try Sandbox(settings, names: CellNames(), roles: 1)
        let pid = try sandbox.spawn(role: 0, command: ["/bin/sh", "-c", network])
        return (try sandbox.lines(of: pid), pid)
      }()
      #expect(pid > 0)
      #expect(try output(of: network) != first)
    }
  }

  @Test("has an empty IPC namespace whose first identifiers do not fit into 16 bits") func identifiers() async throws {
    try await onThread {
      let create =
        "for kind in Q 'M 1' 'S 1'; do ipcmk -$kind | grep -o '[0-9]*$'; done; ipcs | grep -c ^0x; \(network)"
      let first = try output(of: create)
      // A kernel without this file chooses the identifiers itself.
      let areChosen = FileManager.default.fileExists(atPath: "/proc/sys/kernel/msg_next_id")
      for identifier in first.prefix(3) {
        let isLarge = try #require(Int(identifier)) > 0xFFFF
        #expect(isLarge == areChosen)
      }
      #expect(first[3] == "3")
      #expect(try output(of: create) == first)
    }
  }

  @Test("starts processes with the same IDs and descriptors") func processes() async throws {
    try await onThread {
      let list = "echo $$; ls /proc/self/fd; \(network)"
      let first = try output(of: list)
      #expect(try output(of: list) == first)
    }
  }

  @Test("lists the queues of its new IPC namespace, as often as it is used") func queues() async throws {
    try await onThread {
      for _ in 0..<5 {
        _ = try output(of: network)
        let sandbox = try Sandbox(settings, names: CellNames(), roles: 1)
        let peer = try sandbox.spawn(role: 0, command: [Checkout.root.appending("build/bin/c-peer").string])
        _ = sandbox.streams[0].input.write(Array("mq_open name=/queue oflag=O_CREAT|O_RDWR mode=600\n".utf8)[...])
        let lines = try sandbox.lines(of: peer, most: 2)
        #expect(lines.last?.hasPrefix("ok") == true, "\(lines)")
        #expect(try sandbox.snapshot().objects.contains { $0.kind == .messageQueue })
        sandbox.streams[0].input.close()
        _ = try sandbox.lines(of: peer)
        sandbox.allowReuse()
      }
    }
  }

  /// Snapshots do not list the directories that lead to a path that stays visible.
  @Test("is not used again if a path below /tmp stays visible") func keptPath() async throws {
    try await onThread {
      let kept = "/tmp/kept-\(UUID())"
      try FileManager.default.createDirectory(atPath: kept, withIntermediateDirectories: false)
      defer { try? FileManager.default.removeItem(atPath: kept) }
      let settings = Sandbox.Settings(
        program: Checkout.sandboxInit, capabilities: SandboxCapabilities(isolation: .private),
        kept: [Checkout.root.string, kept])
      let first = try output(of: network, settings)
      #expect(try output(of: network, settings) != first)
    }
  }

  @Test("is not used again while a process runs in it") func runningProcess() async throws {
    try await onThread {
      let first = try output(of: "sleep 100 >/dev/null 2>&1 & \(network)")
      #expect(try output(of: network) != first)
    }
  }

  /// The side that closes a TCP connection first keeps the port for a minute.
  @Test("is not used again while a closed connection reserves a port") func closedConnection() async throws {
    let connect = """
      import socket, sys
      listener = socket.create_server(('127.0.0.1', 0))
      client = socket.create_connection(listener.getsockname())
      server, _ = listener.accept()
      client.close(); server.recv(1); server.close()
      print(\(cookie))
      """
    try await onThread {
      let first = try output(of: "exec python3 -c \"\(connect)\"")
      #expect(first.count == 1)
      #expect(try output(of: network) != first)
    }
  }

  /// Returns settings with which peers have the user ID of the sandbox init, as without privileges: only root can read
  /// the script in `folder`.
  private func settings(closing folder: String) throws -> Sandbox.Settings {
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    let script = "\(folder)/script"
    try Data().write(to: URL(fileURLWithPath: script))
    var settings = Sandbox.Settings(
      program: Checkout.sandboxInit, capabilities: SandboxCapabilities(isolation: .private),
      kept: [Checkout.root.string])
    settings.programs = [script]
    return settings
  }

  @Test("is not used again if a process changed the limits that the next processes would inherit")
  func changedLimits() async throws {
    try await onThread {
      let folder = FileManager.default.temporaryDirectory.appending(path: "closed-\(UUID())").path
      defer { try? FileManager.default.removeItem(atPath: folder) }
      let settings = try settings(closing: folder)
      let change = "import resource; resource.prlimit(1, resource.RLIMIT_NOFILE, (64, 64))"
      let first = try output(of: "\(network); python3 -S -c '\(change)'", settings)
      let next = try output(of: "ulimit -n; \(network)", settings)
      #expect(next.first != "64" && next.last != first.first, "\(first) \(next)")
    }
  }

  @Test("has no access control lists or other attributes of the previous cell") func attributes() async throws {
    try await onThread {
      let folder = FileManager.default.temporaryDirectory.appending(path: "closed-\(UUID())").path
      defer { try? FileManager.default.removeItem(atPath: folder) }
      let settings = try settings(closing: folder)
      // The list u::rwx,g::rwx,o::rwx, as the kernel stores it.
      let list = "02000000" + "01000700ffffffff" + "04000700ffffffff" + "20000700ffffffff"
      let attributes = "print([os.listxattr(path) for path in (\"/tmp\", \"/dev/shm\")])"
      let change = """
        import os
        for path in ("/tmp", "/dev/shm"):
            os.setxattr(path, "system.posix_acl_default", bytes.fromhex("\(list)"))
        """
      let first = try output(of: "python3 -S -c '\(change)' 2>&1; \(network)", settings)
      #expect(first.count == 1, "\(first)")
      #expect(try output(of: "python3 -S -c 'import os; \(attributes)'; \(network)", settings) == ["[[], []]"] + first)
    }
  }
}
