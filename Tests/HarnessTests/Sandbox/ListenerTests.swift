import SystemPackage
import Testing

@testable import Harness

/// Tests for the sockets that `ready:` waits for.
@Suite("The list of ready sockets")
struct ListenerTests {
  private func sandbox(_ isolation: Isolation) throws -> Sandbox {
    try Sandbox(
      Sandbox.Settings(
        program: Checkout.sandboxInit, capabilities: SandboxCapabilities(isolation: isolation),
        kept: [Checkout.root.string]),
      names: CellNames(), roles: 1)
  }

  /// Starts a process that listens on a TCP port until the sandbox ends, and returns the port.
  private func listen(in sandbox: Sandbox) throws -> String {
    let script = """
      import socket
      listener = socket.create_server(("127.0.0.1", 0))
      print(listener.getsockname()[1], flush=True)
      input()
      """
    let pid = try sandbox.spawn(role: 0, command: ["/bin/sh", "-c", "python3 -S -c '\(script)'; exit"])
    return try #require(try sandbox.lines(of: pid, most: 1).first)
  }

  @Test("contains the sockets of the cell's processes, and no others", arguments: [Isolation.shared, .private])
  func ownSockets(isolation: Isolation) async throws {
    try await onThread {
      let (own, other) = (try sandbox(isolation), try sandbox(isolation))
      let (ownPort, otherPort) = (try listen(in: own), try listen(in: other))
      let listeners = try own.listeners().filter { $0.kind == "tcp" }.map(\.name)
      #expect(listeners.contains(ownPort))
      // In private sandboxes, both processes can have the same port.
      #expect(!listeners.contains(otherPort) || (isolation == .private && ownPort == otherPort))
      withExtendedLifetime(other) {}
    }
  }
}
