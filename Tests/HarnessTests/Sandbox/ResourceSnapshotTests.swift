import Foundation
import Glibc
import SystemPackage
import Testing

@testable import Harness

/// Compares the System V objects in a snapshot with the output of ipcs(1).
@Suite("A resource snapshot", .serialized)
struct ResourceSnapshotTests {
  /// Returns `kind key id` for every object in an `ipcs -a` listing.
  private func objects(in listing: [String]) -> Set<String> {
    var kind = ""
    var objects: Set<String> = []
    for line in listing {
      let columns = line.split(separator: " ")
      if line.contains("Message Queues") { kind = "msg" }
      if line.contains("Shared Memory") { kind = "shm" }
      if line.contains("Semaphore") { kind = "sem" }
      guard let first = columns.first, first.hasPrefix("0x"), let key = UInt32(first.dropFirst(2), radix: 16) else {
        continue
      }
      objects.insert("\(kind) key=0x\(String(key, radix: 16)) id=\(columns[1])")
    }
    return objects
  }

  @Test("agrees with ipcs -a on segments, semaphore sets and message queues")
  func agreesWithIpcs() async throws {
    try await onThread {
      // The namespaces are private, so other tests can neither create nor remove objects in them.
      let sandbox = try Sandbox(
        Sandbox.Settings(
          program: Checkout.sandboxInit, capabilities: SandboxCapabilities(isolation: .private),
          kept: [Checkout.root.string]),
        names: CellNames(), roles: 1)
      let script = "ipcmk -M 4096 >&2; ipcmk -S 3 -p 640 >&2; ipcmk -Q >&2; ipcmk -Q >&2; exec ipcs -a"
      let pid = try sandbox.spawn(role: 0, command: ["/bin/sh", "-c", script])
      let listing = try sandbox.lines(of: pid)
      let objects = try sandbox.snapshot().objects
      let counted = Set(objects.map { $0.description.split(separator: " ").prefix(3).joined(separator: " ") })
      #expect(counted.count == 4)
      #expect(counted == self.objects(in: listing))
      #expect(objects.contains { $0.kind == .semaphores && $0.attributes == "mode=640 nsems=3" })
      #expect(objects.contains { $0.kind == .sharedMemory && $0.attributes?.hasSuffix(" size=4096") == true })
    }
  }

  @Test("of a new private sandbox is empty, whatever objects the machine has")
  func privateIsEmpty() async throws {
    try await onThread {
      let segment = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0o600)
      defer { shmctl(segment, IPC_RMID, nil) }
      let sandbox = try Sandbox(
        Sandbox.Settings(
          program: Checkout.sandboxInit, capabilities: SandboxCapabilities(isolation: .private),
          kept: [Checkout.root.string]),
        names: CellNames(), roles: 0)
      #expect(try sandbox.snapshot().objects.isEmpty)
    }
  }

  /// The name of such a queue begins like the path of a directory that leads to the checkout.
  @Test("lists a queue with the name of a directory that stays visible")
  func queueLikeDirectory() async throws {
    try await onThread {
      let sandbox = try Sandbox(
        Sandbox.Settings(
          program: Checkout.sandboxInit, capabilities: SandboxCapabilities(isolation: .private),
          kept: [Checkout.root.string]),
        names: CellNames(), roles: 1)
      let name = "/\(try #require(Checkout.root.components.first))"
      let pid = try sandbox.spawn(role: 0, command: [Checkout.root.appending("build/bin/c-peer").string])
      let request = "mq_open handle=q name=\(name) oflag=O_CREAT|O_RDWR mode=600\n"
      _ = sandbox.streams[0].input.write(Array(request.utf8)[...])
      let lines = try sandbox.lines(of: pid, most: 2)
      let queues = try sandbox.snapshot().objects.filter { $0.kind == .messageQueue }
      #expect(queues.map(\.name) == [name], "\(lines)")
    }
  }

  @Test("can be repeated, however many objects exist")
  func often() async throws {
    try await onThread {
      let sandbox = try Sandbox(
        Sandbox.Settings(
          program: Checkout.sandboxInit, capabilities: SandboxCapabilities(isolation: .private),
          kept: [Checkout.root.string]),
        names: CellNames(), roles: 1)
      let script = "i=0; while [ $((i += 1)) -le 1000 ]; do mkfifo $(printf %0100d $i); done"
      let pid = try sandbox.spawn(role: 0, command: ["/bin/sh", "-c", script])
      _ = try sandbox.lines(of: pid)
      // The snapshots have 5 MB in total, which exceeds the limit for a peer's output (4 MB).
      for _ in 0..<50 { #expect(try sandbox.snapshot().objects.count == 1000) }
    }
  }

  @Test("of a shared sandbox that has ended is empty, including message queues")
  func queuesAreSwept() async throws {
    try await onThread {
      let settings = Sandbox.Settings(
        program: Checkout.sandboxInit, capabilities: SandboxCapabilities(isolation: .shared),
        kept: [Checkout.root.string]
      )
      let names = CellNames()
      func queues(_ sandbox: Sandbox) throws -> [KernelObject] {
        try sandbox.snapshot().objects.filter { $0.kind == .messageQueue && $0.name?.contains(names.token) == true }
      }
      do {
        let sandbox = try Sandbox(settings, names: names, roles: 1)
        let peer = Checkout.root.appending("build/bin/c-peer").string
        let pid = try sandbox.spawn(role: 0, command: [peer])
        let request = "mq_open handle=q name=/\(names.token)-mq oflag=O_CREAT|O_RDWR mode=600\n"
        _ = sandbox.streams[0].input.write(Array(request.utf8)[...])
        let lines = try sandbox.lines(of: pid, most: 2)
        #expect(try queues(sandbox).count == 1, "\(lines)")
      }
      #expect(try queues(Sandbox(settings, names: CellNames(), roles: 0)).isEmpty)
    }
  }
}
